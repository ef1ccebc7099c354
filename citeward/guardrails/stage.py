"""One guard of a stream, watched."""

from __future__ import annotations

import time

from citeward.contracts.guardrail import Action, Finding, Guardrail, Origin, Outgoing, StreamGuard, Streams, Verdict
from citeward.guardrails.failure import OnError, broken_findings, undecided
from citeward.guardrails.table import STRICTNESS, GuardRule, Thresholds

TIMEOUT = 2.0
"""Seconds that one piece may take, where no policy says otherwise."""


class Stage:
    """A guard's place in a release; whatever the guard does, the stage never raises.

    A guard that raises, gives something other than text, gives findings that make no sense (`broken_findings`), or
    takes longer for one piece than `timeout` seconds is asked no more. If its row says `closed`, the stream ends there:
    nothing of what it kept back or had just been given leaves. If it says `open`, the rest of the stream passes
    unguarded, beginning with what the guard had kept back.

    A stream guard computes in the event loop, so nothing can interrupt it: one that takes too long is noticed when it
    returns, the first piece aside, for which it may have to load something. What may wait, or compute for long, belongs
    into a `Guardrail`, which is held to its deadline.

    Args:
        name: The guard's name in the policy table.
        guard: The guard itself, made for this stream.
        thresholds: What its findings mean; None where it finds nothing and only rewrites.
        on_error: What is done where it fails.
        timeout: Seconds for one piece.
    """

    def __init__(
        self,
        *,
        name: str,
        guard: StreamGuard,
        thresholds: Thresholds | None = None,
        on_error: OnError = "closed",
        timeout: float = TIMEOUT,
    ) -> None:
        self._name = name
        self._guard = guard
        self._thresholds = thresholds
        self._on_error = on_error
        self._timeout = timeout
        self._trouble = ""
        self._kept = ""  # of an open guard, what it was given and has not given back, as far as that can be told
        self._rewrites = False
        self._loaded = False
        self._given = 0
        self._findings: tuple[Finding, ...] = ()
        self._forgotten: frozenset[Finding] = frozenset()
        self.stopped = False
        """Whether the stream ends here."""

    @property
    def holdback(self) -> int:
        """The most characters that it holds back; none where it is asked no more."""
        return 0 if self._trouble else self._guard.holdback

    @property
    def held(self) -> int:
        """How many characters it holds back now, as far as that can be told."""
        held = None if self._trouble else getattr(self._guard, "held", None)
        return held if isinstance(held, int) else len(self._kept)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the text that this stage was given."""
        return tuple(finding for finding in self._findings if finding not in self._forgotten)

    def forget_findings(self) -> None:
        """Tell no more of what was found so far: it was told when an earlier model call of the answer ended."""
        self._forgotten = frozenset(self._findings)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        if self.stopped or self._trouble:
            return "" if self.stopped else text
        return self._asked(text)

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        if self.stopped or self._trouble:
            return ""
        return self._asked("", closing=True)

    def verdict(self, origin: Origin) -> Verdict | None:
        """What was decided so far, without text: the sink has had it. None where there is nothing to say."""
        if self._trouble:
            return undecided(self._name, origin, self._on_error, self._trouble)
        findings = self.findings
        if not findings or self._thresholds is None:
            return None
        action = max((self._thresholds.action(f.score) for f in findings), key=STRICTNESS.__getitem__)
        if action is Action.ALLOW:
            return None
        kinds = ", ".join(sorted({finding.kind.replace("_", " ").lower() for finding in findings}))
        return Verdict(
            guard=self._name,
            origin=origin,
            action=action,
            text="",
            findings=findings,
            reason=f"The answer held {kinds}.",
            score=max(finding.score for finding in findings),
        )

    def _asked(self, text: str, *, closing: bool = False) -> str:
        began = time.perf_counter()
        try:
            out: object = self._guard.close() if closing else self._guard.feed(text)
            if not isinstance(out, str):
                return self._failed(f"gave no text but {type(out).__name__}", self._kept + text)
            stopped = bool(getattr(self._guard, "stopped", False))
            # Before anything leaves: a guard whose findings make no sense may not have looked at all.
            self._given += len(text)
            findings = tuple(self._guard.findings)
            # What was looked at stays right, since the text only grows: each finding is looked at once.
            known = findings[: len(self._findings)] == self._findings
            new = findings[len(self._findings) :] if known else findings
            trouble = broken_findings(new, self._given)
            if self._on_error == "open" and (self._kept or out != text):  # where it fails, the rest is let go
                self._note(text, out)
            if trouble:
                return self._failed(trouble, out + self._kept)
            if new or not known:
                self._findings = (*self._findings, *new) if known else findings
        except Exception as error:  # noqa: BLE001  whatever a guard raises, the policy says what it means
            return self._failed(f"failed with {type(error).__name__}", self._kept + text)
        late = time.perf_counter() - began > self._timeout
        loaded, self._loaded = self._loaded, True
        if late and loaded:
            return self._failed(f"took longer than {self._timeout:g} seconds for one piece", out + self._kept)
        self.stopped = stopped
        return out

    def _note(self, text: str, out: str) -> None:
        """Keep track of what the guard keeps: by its own word, else as long as it gives back what it was given."""
        held = getattr(self._guard, "held", None)
        kept = self._kept + text
        if isinstance(held, int):
            self._kept = kept[max(0, len(kept) - held) :]
        elif self._rewrites or not kept.startswith(out):
            self._kept, self._rewrites = "", True
        else:
            self._kept = kept[len(out) :]

    def _failed(self, trouble: str, rest: str) -> str:
        self._trouble, self._kept = trouble, ""
        self.stopped = self._on_error == "closed"
        return "" if self.stopped else rest


def staged(guard: Guardrail, rule: GuardRule, origin: Origin, outgoing: Outgoing) -> Stage | None:
    """The guard's place in a stream of that origin; None where it has none.

    Args:
        guard: The guard.
        rule: Its row of the table.
        origin: Where the stream is from.
        outgoing: What it is made from.
    """
    if origin not in rule.origins or not isinstance(guard, Streams):
        return None
    try:
        made = guard.stream(origin, outgoing)
    except Exception as error:  # noqa: BLE001  whatever a guard raises, the policy says what it means
        made = _Unmade(error)
    if made is None:
        return None
    return Stage(
        name=rule.name, guard=made, thresholds=rule.origins[origin], on_error=rule.on_error, timeout=rule.timeout
    )


class _Unmade:
    """A StreamGuard in the place of one that could not be made; it raises what was raised then."""

    holdback = 0
    findings: tuple[Finding, ...] = ()

    def __init__(self, error: Exception) -> None:
        self._error = error

    def feed(self, _: str, /) -> str:
        """Raise the error."""
        raise self._error

    def close(self) -> str:
        """Raise the error."""
        raise self._error
