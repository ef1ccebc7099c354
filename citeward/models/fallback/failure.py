"""What went wrong with each model, and the one error that tells of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citeward.errors import BudgetSpent, CitewardError, DeadlineExceeded, ModelError, NotFound, Overloaded, RateLimited

PASSED_ON = (ModelError, NotFound)
"""Errors after which another model is asked. NotFound is an endpoint that does not know its model."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One model's failure."""

    model: str
    error: CitewardError

    @property
    def told(self) -> str:
        """In plain words, on one line."""
        return f"{self.model}: {self.error.message.rstrip('.')} ({self.error.code})"


def combined(failures: Sequence[Failure], *, out_of_time: bool = False) -> CitewardError:
    """The error of a chain of which every model failed.

    One failure is told as it is. Of several, the message lists each model with its reason, and the type is the most
    telling one: DeadlineExceeded where the time is over; else the last that another try may change, so that the whole
    is retryable where a part is; else the last. RateLimited and Overloaded ask for the shortest wait that a model
    asked for.

    Args:
        failures: In order, at least one unless the time is over.
        out_of_time: Whether the deadline ended the chain.
    """
    told = "; ".join(failure.told for failure in failures)
    if out_of_time:
        return DeadlineExceeded(
            "no model answered before the run's deadline" + (f" ({told})" if told else ""),
            hint="Ask for less, raise limits.seconds in the agent's file, or name a faster model first.",
        )
    if len(failures) == 1:
        return failures[0].error
    # A model that was left out for its price says less than one that failed.
    asked = [failure.error for failure in failures if not isinstance(failure.error, BudgetSpent)]
    errors = asked or [failure.error for failure in failures]
    error = next((error for error in reversed(errors) if error.retryable), errors[-1])
    message = f"no model answered: {told}"
    if isinstance(error, RateLimited | Overloaded):
        waits = [e.retry_after for e in errors if e.retry_after is not None]
        return type(error)(message, hint=error.hint, retry_after=min(waits, default=None))
    if isinstance(error, BudgetSpent):
        return BudgetSpent(message, hint=error.hint, retry_after=error.retry_after)
    return type(error)(message, hint=error.hint)
