"""Release: the way of a model's text from the model to the sink.

Raw model text exists only in here. It goes through the policy's stream guards in the table's order, then, where a vault
is given, the values behind placeholders come back: after the guards, because they are the thread's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citeward.contracts.guardrail import Finding, Origin, Verdict
from citeward.guardrails.stage import Stage

__all__ = ["Progress", "Release", "Stage"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a stream has come: enough to go on with it in another Release, in another process.

    It holds raw model text, so a graph's state keeps it hidden from tracers, as it keeps a vault's values.
    """

    given: tuple[str, ...] = ()
    """What the guards were given, one text a model call."""
    released: str = ""
    """What has left."""


class Release:
    """Stream guards one after the other, as one StreamGuard.

    Joined, what `feed` and `close` return is the same however the text was split. Once a guard stops the stream,
    `stopped` is true and nothing more is returned: the model's call can be cancelled. A guard that fails does with the
    stream what its row of the policy says; see `Stage`.

    One answer may take several model calls. The guards of the next call are new ones, because by then more may be said
    than before (a tool's result), so they are first given all that the earlier calls have said. What of it has left is
    not returned again. Guards give the same output for the same text however it is split, so what was held back is held
    back again, and a span that begins in one call and ends in the next is found whole.

    Args:
        stages: The guards, in order.
        origin: Where the stream is from.
        earlier: How far the stream had come when the call before ended.
    """

    def __init__(
        self, stages: Sequence[Stage], *, origin: Origin = Origin.MODEL, earlier: Progress | None = None
    ) -> None:
        self._stages = tuple(stages)
        self._origin = origin
        self._closed = False
        self.stopped = False
        self._earlier = earlier or Progress()
        self._given: list[str] = []
        self._released: list[str] = []
        self._due = ""
        """Released by the guards of this call from what the earlier calls said, and not returned yet."""
        self._left = ""
        """What has left already, as far as these guards still hold it back."""
        self._catch_up()

    @property
    def holdback(self) -> int:
        """The most characters held back by all stages together."""
        return sum(stage.holdback for stage in self._stages)

    @property
    def held(self) -> int:
        """How many characters are held back now, as far as the guards tell."""
        return sum(stage.held for stage in self._stages)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far; each stage's by offsets into the text that this stage was given."""
        return tuple(finding for stage in self._stages for finding in stage.findings)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each stage decided so far, without text: the sink has had it."""
        return tuple(verdict for stage in self._stages if (verdict := stage.verdict(self._origin)))

    @property
    def progress(self) -> Progress:
        """How far the stream has come, for the Release of the answer's next model call."""
        given = "".join(self._given)
        return Progress(
            given=(*self._earlier.given, given) if given else self._earlier.given,
            released=self._earlier.released + "".join(self._released),
        )

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        if self.stopped or self._closed:
            return ""
        self._given.append(text)
        return self._returned(self._pass(text, closing=False))

    def close(self) -> str:
        """The stream has ended; return what was still held back. A second call returns nothing."""
        if self._closed:
            return ""
        self._closed = True
        return self._returned("" if self.stopped else self._pass("", closing=True))

    def _catch_up(self) -> None:
        """Give the guards what the earlier calls said."""
        if not self._earlier.given:
            return
        out = ""
        for text in self._earlier.given:
            out += "" if self.stopped else self._pass(text, closing=False)
        left = self._earlier.released
        if out.startswith(left):
            self._due = out[len(left) :]
        elif left.startswith(out):
            self._left = left[len(out) :]
        # Else these guards let something pass that the ones before replaced, and both have come equally far.
        for stage in self._stages:
            stage.forget_findings()

    def _returned(self, out: str) -> str:
        """`out` after what is due, without what has left already."""
        out, self._due = self._due + out, ""
        if self._left:
            same = _shared(out, self._left)
            out = out[same:]
            # Where they differ, what has left is replaced by now, and what replaces it is new.
            self._left = "" if out else self._left[same:]
        if out:
            self._released.append(out)
        return out

    def _pass(self, text: str, *, closing: bool) -> str:
        for stage in self._stages:
            text = stage.feed(text) if text else ""
            if closing:
                text += stage.close()
            if stage.stopped:
                # What passed before the stop still leaves, and nothing after it will come: the rest may close.
                self.stopped = closing = True
        return text


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
