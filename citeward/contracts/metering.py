"""What models cost, and what may be spent on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from citeward.contracts.model import TokenUsage


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What may be spent, in US dollars; None sets no limit."""

    run: float | None = None
    """By one run."""
    tenant_per_day: float | None = None
    """By one tenant in a day (UTC)."""
    when_spent: Literal["downgrade", "stop"] = "downgrade"
    """`downgrade` leaves the models that cost nothing; `stop` answers no more and raises BudgetSpent."""


@dataclass(frozen=True, kw_only=True)
class Spender:
    """On whose account a model is called."""

    tenant: str = "default"
    thread_id: str = ""
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """One call of one model, when it is over; a failed or cancelled one too."""

    model: str
    """Its name in the registry."""
    tokens: TokenUsage = field(default_factory=TokenUsage)
    cost: float = 0.0
    """US dollars."""
    estimated: bool = False
    """True where the endpoint told no usage, and the tokens were counted in the text."""
    end: Literal["answered", "failed", "cancelled"] = "answered"
    error: str = ""
    """The error's code, where it failed."""
    first_token_ms: float | None = None
    """From the call to the first thing that the model said or thought; None where nothing came."""
    total_ms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Spend:
    """Totals of some calls."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    """US dollars."""

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
        )

    @classmethod
    def of(cls, call: ModelCall, /) -> Spend:
        """What one call adds."""
        tokens = call.tokens
        return cls(calls=1, input_tokens=tokens.input_tokens, output_tokens=tokens.output_tokens, cost=call.cost)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Money set aside for a call that is not over; get it from `Meter.reserve`, give it to `Meter.settle`."""

    tenant: str
    day: str
    """The day (UTC, as 2026-01-31) on whose account the call goes, even where it ends after midnight."""
    amount: float
    """US dollars."""


class Meter(Protocol):
    """Keeps the books of every model call: by tenant and day, and by thread."""

    @property
    def allowance(self) -> Allowance:
        """What may be spent."""
        ...

    async def left(self, tenant: str, /, *, spent: float = 0.0) -> float | None:
        """US dollars: the least of what is left to the tenant today and to a run that has cost `spent` so far.

        What is set aside counts as spent. None where there is no limit; 0 or less where there is nothing left.
        """
        ...

    async def reserve(self, tenant: str, amount: float, /) -> Hold | None:
        """Set money aside before a call, in one step that no other call comes between.

        None where the tenant has not that much left today; a call that costs nothing is always let through.
        """
        ...

    async def settle(self, hold: Hold, spender: Spender, call: ModelCall, /) -> None:
        """Book what the call came to in the place of what was set aside."""
        ...

    async def spent(self, tenant: str, /, *, thread_id: str | None = None) -> Spend:
        """Totals of the tenant's calls today, or of all calls of one of its threads."""
        ...
