"""What is decided where a guard cannot decide."""

from __future__ import annotations

from typing import Literal

from citeward.contracts.guardrail import Action, Origin, Verdict

OnError = Literal["open", "closed"]
"""When a guard raises, answers nonsense or takes too long: `closed` blocks, `open` lets the text pass with a flag."""


def undecided(guard: str, origin: Origin, on_error: OnError, trouble: str, *, text: str = "") -> Verdict:
    """The verdict in the place of the one that the guard did not give.

    Args:
        guard: Its name.
        origin: Where the text is from.
        on_error: What the policy says.
        trouble: What became of it, as `failed with ValueError`; never its own words, they may repeat the text.
        text: What is carried on with where the text passes.
    """
    closed = on_error == "closed"
    return Verdict(
        guard=guard,
        origin=origin,
        action=Action.BLOCK if closed else Action.FLAG,
        text="" if closed else text,
        reason=f"The guard {guard!r} {trouble}; the policy says to {'block' if closed else 'let pass'} then.",
    )
