"""Whether a model can be asked now."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from citeward.endpoint import Endpoint, Json
from citeward.errors import CitewardError, DeadlineExceeded, ModelUnavailable, NotFound

TIMEOUT = 2.0
"""Seconds that an endpoint has to say which models it serves."""


class HealthState(StrEnum):
    """How a model stands."""

    READY = "ready"
    """It can be asked."""
    UNREACHABLE = "unreachable"
    """Its server does not answer."""
    NOT_LOADED = "not_loaded"
    """It will be loaded by its first call."""
    FAILED = "failed"
    """It could not be loaded, or its server refuses us or does not serve it."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """What was found when a model was looked at."""

    state: HealthState
    detail: str = ""
    """In plain words; no key is ever part of it."""
    latency_ms: float | None = None
    """Milliseconds that its server took to answer; None where no server was asked."""


Probe: TypeAlias = Callable[[float], Awaitable[Health]]
"""Looks at a model within so many seconds; raises nothing."""


def endpoint_probe(
    url: str,
    model: str,
    *,
    api_key: str | None = None,
    headers: Mapping[str, str] | None = None,
    lists_all: bool = True,
) -> Probe:
    """Asks an OpenAI-compatible server's `/models` whether it serves the model.

    Args:
        url: Up to and with the version.
        model: The model's name on the server.
        api_key: Sent as a bearer token.
        headers: Sent with the request.
        lists_all: Whether a model that is not listed is not served. Some servers know more names than they list.

    Raises:
        SettingsError: The url, the key or a header cannot be used.
    """

    def server(within: float) -> Endpoint:
        return Endpoint(
            url, api_key=api_key, timeout=within, retries=0, headers=headers, name=f"the server of model {model!r}"
        )

    async def probe(within: float) -> Health:
        endpoint, began = server(within), time.perf_counter()
        try:
            answer = await endpoint.get("/models")
        except NotFound:
            return Health(
                state=HealthState.READY, detail="answers, but lists no models", latency_ms=_milliseconds(began)
            )
        except (ModelUnavailable, DeadlineExceeded) as error:
            return Health(state=HealthState.UNREACHABLE, detail=error.message)
        except CitewardError as error:
            return Health(state=HealthState.FAILED, detail=error.message, latency_ms=_milliseconds(began))
        finally:
            await endpoint.aclose()
        return _judged(_names(answer), model, lists_all=lists_all, latency_ms=_milliseconds(began))

    server(TIMEOUT)  # what cannot be sent is refused here, not when health is asked for
    return probe


def _judged(names: list[str], model: str, *, lists_all: bool, latency_ms: float) -> Health:
    if model in names or not names:
        return Health(state=HealthState.READY, latency_ms=latency_ms)
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    state = HealthState.FAILED if lists_all else HealthState.READY
    return Health(state=state, detail=f"{model!r} is not among what it lists: {shown}", latency_ms=latency_ms)


def _names(answer: Json) -> list[str]:
    """The ids of a list of models; of anything else none."""
    listed: Any = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(listed, list):
        return []
    return [str(one["id"]) for one in listed if isinstance(one, dict) and one.get("id")]


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
