"""What a vLLM server tells of itself, in the text format of Prometheus."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citeward.endpoint.address import address
from citeward.errors import AuthenticationFailed, BadResponse, ModelTimeout, ModelUnavailable

if TYPE_CHECKING:
    import httpx

_SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)\s*(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)(?:\s+-?\d+)?\s*')
_LABEL = re.compile(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One line of figures."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """A server's figures at one moment; counts are since its start, over all of its engines."""

    running: int = 0
    """Requests that are computed."""
    waiting: int = 0
    """Requests in the queue."""
    kv_cache_usage: float = 0.0
    """Share of the KV cache in use, 0..1; the mean of the engines."""
    prefix_queries: int = 0
    """Tokens of prompts that were looked for in the prefix cache."""
    prefix_hits: int = 0
    """Of these: found."""
    prompt_tokens: int = 0
    generated_tokens: int = 0
    preemptions: int = 0
    """Requests put back because the KV cache was full; many of them: lower `max_num_seqs`."""
    finished: Mapping[str, int] = field(default_factory=dict)
    """Requests by how they ended: `stop`, `length`, `abort` and others."""
    first_token_seconds: float = 0.0
    """Sum of the times to the first token."""
    first_tokens: int = 0
    """How many times that sum has."""
    between_tokens_seconds: float = 0.0
    """Sum of the times between two tokens of an answer."""
    between_tokens: int = 0
    """How many times that sum has."""

    @property
    def prefix_hit_rate(self) -> float | None:
        """Share of the prompts' tokens that were not computed again, 0..1; None before the first prompt."""
        return self.prefix_hits / self.prefix_queries if self.prefix_queries else None

    @property
    def mean_first_token(self) -> float | None:
        """Seconds to the first token; None before the first."""
        return self.first_token_seconds / self.first_tokens if self.first_tokens else None

    @property
    def mean_between_tokens(self) -> float | None:
        """Seconds from one token to the next; None before the second."""
        return self.between_tokens_seconds / self.between_tokens if self.between_tokens else None


def samples(text: str) -> Iterator[Sample]:
    """Every line that is a figure; others are passed over, and so are NaN and infinities."""
    for line in text.splitlines():
        found = None if line.startswith("#") else _SAMPLE.fullmatch(line)
        if found is None:
            continue
        try:
            value = float(found[3])
        except ValueError:
            continue
        if math.isfinite(value):
            labels = {name: _ESCAPE.sub(_unescaped, told) for name, told in _LABEL.findall(found[2] or "")}
            yield Sample(name=found[1], value=value, labels=labels)


def parse_metrics(text: str, *, model: str | None = None) -> Metrics:
    """The figures in a text.

    Args:
        text: In Prometheus' text format.
        model: Only the figures of this model, where a server tells of several.

    Raises:
        BadResponse: Nothing in it is vLLM's.
    """
    totals: dict[str, list[float]] = {}
    finished: dict[str, float] = {}
    for sample in samples(text):
        family, _, name = sample.name.partition(":")
        if family != "vllm" or (model is not None and sample.labels.get("model_name", model) != model):
            continue
        totals.setdefault(name, []).append(sample.value)
        if name == "request_success_total":
            reason = sample.labels.get("finished_reason", "")
            finished[reason] = finished.get(reason, 0.0) + sample.value
    if "num_requests_running" not in totals:
        of = "" if model is None else f" of {model!r}"
        raise BadResponse(
            f"there are no figures of vLLM{of} in what was answered ({len(text)} characters)",
            hint="Is this the /metrics of a vLLM server that was not started with --disable-log-stats?",
        )

    def total(*names: str) -> float:
        return next((sum(totals[name]) for name in names if name in totals), 0.0)

    # Older versions have the other names.
    usage = totals.get("kv_cache_usage_perc") or totals.get("gpu_cache_usage_perc") or [0.0]
    return Metrics(
        running=int(total("num_requests_running")),
        waiting=int(total("num_requests_waiting")),
        kv_cache_usage=min(1.0, max(0.0, sum(usage) / len(usage))),
        prefix_queries=int(total("prefix_cache_queries_total", "gpu_prefix_cache_queries_total")),
        prefix_hits=int(total("prefix_cache_hits_total", "gpu_prefix_cache_hits_total")),
        prompt_tokens=int(total("prompt_tokens_total")),
        generated_tokens=int(total("generation_tokens_total")),
        preemptions=int(total("num_preemptions_total")),
        finished={reason: int(count) for reason, count in finished.items()},
        first_token_seconds=total("time_to_first_token_seconds_sum"),
        first_tokens=int(total("time_to_first_token_seconds_count")),
        between_tokens_seconds=total("inter_token_latency_seconds_sum", "time_per_output_token_seconds_sum"),
        between_tokens=int(total("inter_token_latency_seconds_count", "time_per_output_token_seconds_count")),
    )


def metrics_url(url: str) -> str:
    """Where a server tells its figures: beside its API, not under it.

    >>> metrics_url("http://127.0.0.1:8001/v1")
    'http://127.0.0.1:8001/metrics'
    """
    return f"{address(url).base.removesuffix('/v1')}/metrics"


async def read_metrics(client: httpx.AsyncClient, url: str, *, model: str | None = None) -> Metrics:
    """A server's figures now.

    Args:
        client: Asks; its timeout is the limit.
        url: Of the server, up to and with the version.
        model: As `parse_metrics` has it.

    Raises:
        ModelUnavailable: The server cannot be reached, or is not well.
        ModelTimeout: It did not answer in time.
        AuthenticationFailed: What stands before it asks for a key.
        BadResponse: It tells no figures of vLLM.
    """
    import httpx

    where = metrics_url(url)
    try:
        answer = await client.get(where)
    except httpx.TimeoutException as error:
        raise ModelTimeout(f"{where} did not answer in time", hint="Is the machine overloaded?") from error
    except httpx.TransportError as error:
        raise ModelUnavailable(
            f"{where} cannot be reached: {error or type(error).__name__}", hint="Is the server running?"
        ) from error
    if answer.status_code in (401, 403):
        raise AuthenticationFailed(f"{where} answered {answer.status_code}", hint="Give the client its key.")
    if answer.status_code >= 500:
        raise ModelUnavailable(f"{where} answered {answer.status_code}", hint="See the server's own log.")
    if answer.status_code != httpx.codes.OK:
        raise BadResponse(f"{where} answered {answer.status_code}", hint="Is this the address of a vLLM server?")
    return parse_metrics(answer.text, model=model)


def _unescaped(found: re.Match[str]) -> str:
    return {"n": "\n"}.get(found[1], found[1])
