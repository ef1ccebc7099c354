"""A moderation endpoint: `/v1/moderations` as OpenAI has it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field

from citeward.contracts.guardrail import Finding, Origin, Verdict
from citeward.contracts.model import Location
from citeward.endpoint import Json
from citeward.errors import BadResponse
from citeward.guardrails.hosted.options import HostedOptions, endpoint, sendable
from citeward.guardrails.table import Thresholds
from citeward.guardrails.verdicts import judged
from citeward.logs import masked


class ModerationOptions(HostedOptions):
    """The `options` of the `moderation` guard."""

    categories: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Those that count, as the endpoint names them (`hate`, `self-harm/intent`); None takes all."""


class ModerationGuard:
    """Asks a moderation endpoint for the scores of its categories; the highest is the text's.

    An unreachable server and an answer of another shape raise, and the policy's row says what that means. The text
    leaves this machine.

    Args:
        thresholds: By origin, from which score on what is done.
        options: Which endpoint.
        name: The guard's name in the policy table.

    Raises:
        SettingsError: The url is none, or the key's variable is not set.
    """

    def __init__(
        self, thresholds: Mapping[Origin, Thresholds], options: ModerationOptions, *, name: str = "moderation"
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._options = options
        self._endpoint = endpoint(options)
        self.location = Location.of(self._endpoint.url)

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Ask about `text`. A blank one has no score, unasked.

        Raises:
            BadResponse: The answer has no scores.
            ModelError: The server cannot be reached or refuses.
        """
        limits = self._thresholds.get(origin)
        scores: Mapping[str, float] = {}
        if limits is not None and text.strip():
            request = {"input": sendable(text)}
            if self._options.model is not None:
                request["model"] = self._options.model
            scores = self._counted(_scores(await self._endpoint.post("/moderations", request)))
        floor = limits.lowest if limits is not None else 1.0
        return judged(
            self.name,
            text,
            origin=origin,
            limits=limits,
            findings=[
                Finding(kind=kind.replace("/", "_").replace("-", "_"), start=0, end=len(text), score=score)
                for kind, score in sorted(scores.items())
                if score >= floor
            ],
            score=max(scores.values(), default=0.0),
            because="A moderation endpoint objects to the text",
        )

    async def aclose(self) -> None:
        """Give back the connections."""
        await self._endpoint.aclose()

    def _counted(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        wanted = self._options.categories
        if wanted is None:
            return scores
        missing = [name for name in wanted if name not in scores]
        if missing:
            raise BadResponse(
                f"The moderation endpoint has no category {missing[0]!r}.",
                hint="See its documentation for the categories that it has.",
                detail=masked(f"it has {', '.join(sorted(scores))}"),
            )
        return {name: scores[name] for name in wanted}


def _scores(answer: Json) -> Mapping[str, float]:
    try:
        read = answer["results"][0]["category_scores"]  # type: ignore[call-overload]
        scores = {str(name): float(score) for name, score in read.items()}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        scores = {}
    if not scores or not all(math.isfinite(score) and 0 <= score <= 1 for score in scores.values()):
        raise BadResponse(
            "The moderation endpoint's answer has no scores between 0 and 1 in results[0].category_scores.",
            hint="Is the url that of an OpenAI-shaped API, up to and with its version?",
        )
    return scores
