"""What a comparison gives: a row for each model, failed ones too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from citeward.evals.compare.call import Call
from citeward.evals.statistics import Interval, mean, quantile


@dataclass(frozen=True, kw_only=True)
class Failed:
    """One kind of failure of one model."""

    code: str
    message: str
    """Of the first of them."""
    calls: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model's figures; None where no call tells. See the package for what each means."""

    name: str
    provider: str
    served: str
    calls: int
    """Measured calls, failed ones too; the first use counts only where the model was not asked again."""
    failed: tuple[Failed, ...] = ()
    first_use_ms: float | None = None
    memory: int | None = None
    """Bytes; None for models that run elsewhere, and where the system does not tell."""
    ttft_p50_ms: Interval | None = None
    ttft_p99_ms: Interval | None = None
    tokens_per_second: Interval | None = None
    throughput: float | None = None
    output_tokens: float | None = None
    """Of a call, on average."""
    cost: Interval | None = None
    """US dollars a call, on average."""
    estimated: bool = False
    """Whether tokens of any call were estimated."""

    @property
    def errors(self) -> int:
        """Calls that failed."""
        return sum(one.calls for one in self.failed)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several models over the same prompts."""

    rows: tuple[Row, ...]
    """In the order in which they were measured."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the figures depend on. JSON-able."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data: `settings`, and `rows` with intervals as value, low and high."""
        return {"settings": dict(self.settings), "rows": [asdict(row) | {"errors": row.errors} for row in self.rows]}


def row(
    calls: Sequence[Call],
    *,
    name: str,
    provider: str,
    served: str,
    first_use: float | None,
    memory: int | None,
    seconds: float,
) -> Row:
    """The figures of one model.

    Args:
        calls: Its measured calls, at least one.
        name: As it is configured.
        provider: Whose it is.
        served: Its name there.
        first_use: Seconds to the first token of the first use; None where none came.
        memory: Bytes by which the process grew.
        seconds: That all calls took together.
    """
    good = [call for call in calls if call.error is None]
    first = [call.first * 1000 for call in good if call.first is not None]
    rates = [call.tokens.output_tokens / call.seconds for call in good if call.tokens.output_tokens and call.seconds]
    tokens = sum(call.tokens.output_tokens for call in good)
    return Row(
        name=name,
        provider=provider,
        served=served,
        calls=len(calls),
        failed=_failed(calls),
        first_use_ms=None if first_use is None else first_use * 1000,
        memory=memory,
        ttft_p50_ms=quantile(first, 0.5) if first else None,
        ttft_p99_ms=quantile(first, 0.99) if first else None,
        tokens_per_second=quantile(rates, 0.5) if rates else None,
        throughput=tokens / seconds if good and seconds else None,
        output_tokens=tokens / len(good) if good else None,
        cost=_cost([call.cost for call in good]) if good else None,
        estimated=any(call.estimated for call in good),
    )


def _cost(dollars: Sequence[float]) -> Interval:
    """The mean. What costs nothing costs nothing for sure; the interval of a mean would take zeros for misses."""
    return mean(dollars) if any(dollars) else Interval(value=0.0, low=0.0, high=0.0)


def _failed(calls: Sequence[Call]) -> tuple[Failed, ...]:
    """Failures by their kind, the most frequent first."""
    errors = [call.error for call in calls if call.error is not None]
    counted = Counter(error.code for error in errors)
    messages = {error.code: error.message for error in reversed(errors)}
    return tuple(Failed(code=code, message=messages[code], calls=number) for code, number in counted.most_common())
