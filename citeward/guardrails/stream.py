"""Release: the way of a model's text from the model to the sink.

Raw model text exists only in here. It goes through the policy's stream guards in the table's order, then, where a vault
is given, the values behind placeholders come back: after the guards, because they are the thread's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citeward.contracts.guardrail import Action, Finding, Origin, StreamGuard, Verdict
from citeward.guardrails.table import STRICTNESS, Thresholds


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One guard of a stream, and what its findings mean."""

    name: str
    guard: StreamGuard
    thresholds: Thresholds | None = None
    """None where the stage finds nothing and only rewrites."""


class Release:
    """Stream guards one after the other, as one StreamGuard.

    Joined, what `feed` and `close` return is the same however the text was split. Once a guard stops the stream,
    `stopped` is true and nothing more is returned: the model's call can be cancelled.
    """

    def __init__(self, stages: Sequence[Stage], *, origin: Origin = Origin.MODEL) -> None:
        self._stages = tuple(stages)
        self._origin = origin
        self._closed = False
        self.stopped = False

    @property
    def holdback(self) -> int:
        """The most characters held back by all stages together."""
        return sum(stage.guard.holdback for stage in self._stages)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far; each stage's by offsets into the text that this stage was given."""
        return tuple(finding for stage in self._stages for finding in stage.guard.findings)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each stage decided so far, without text: the sink has had it."""
        return tuple(verdict for stage in self._stages if (verdict := self._verdict(stage)) is not None)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        return "" if self.stopped or self._closed else self._pass(text, closing=False)

    def close(self) -> str:
        """The stream has ended; return what was still held back. A second call returns nothing."""
        if self._closed or self.stopped:
            return ""
        self._closed = True
        return self._pass("", closing=True)

    def _pass(self, text: str, *, closing: bool) -> str:
        for stage in self._stages:
            text = stage.guard.feed(text) if text else ""
            if closing:
                text += stage.guard.close()
            if getattr(stage.guard, "stopped", False):
                # What passed before the stop still leaves, and nothing after it will come: the rest may close.
                self.stopped = closing = True
        return text

    def _verdict(self, stage: Stage) -> Verdict | None:
        findings = stage.guard.findings
        if not findings or stage.thresholds is None:
            return None
        action = max((stage.thresholds.action(f.score) for f in findings), key=STRICTNESS.__getitem__)
        if action is Action.ALLOW:
            return None
        kinds = ", ".join(sorted({finding.kind.replace("_", " ").lower() for finding in findings}))
        return Verdict(
            guard=stage.name,
            origin=self._origin,
            action=action,
            text="",
            findings=findings,
            reason=f"The answer held {kinds}.",
            score=max(finding.score for finding in findings),
        )
