"""How much text is taken."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from citeward.contracts.guardrail import Action, Finding, Origin, Verdict
from citeward.guardrails.table import Thresholds


class LengthOptions(BaseModel):
    """The `options` of the `length` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_chars: int | None = Field(default=None, gt=0)
    """The most characters; None takes the policy's `max_input_chars`."""


class LengthGuard:
    """Refuses a text that is longer than the policy takes; its score is 1 then, and 0 otherwise.

    Args:
        thresholds: By origin, what is done about it.
        limit: The most characters.
        name: The guard's name in the policy table.
    """

    def __init__(self, thresholds: Mapping[Origin, Thresholds], *, limit: int, name: str = "length") -> None:
        self.name = name
        self._thresholds = thresholds
        self._limit = limit

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Compare the length with the limit. MODIFY cuts the text at it."""
        limits = self._thresholds.get(origin)
        if limits is None or len(text) <= self._limit:
            return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text, score=0.0)
        action = limits.action(1.0)
        carried = {Action.BLOCK: "", Action.MODIFY: text[: self._limit]}.get(action, text)
        return Verdict(
            guard=self.name,
            origin=origin,
            action=action,
            text=carried,
            findings=(Finding(kind="TOO_LONG", start=self._limit, end=len(text)),),
            reason=f"The text has {len(text):,} characters; at most {self._limit:,} are taken.",
            score=1.0,
        )
