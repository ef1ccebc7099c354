"""What a run used, from the books of its model calls."""

from __future__ import annotations

import time
from collections.abc import Sequence

from citeward.contracts.answer import Usage
from citeward.contracts.metering import ModelCall, Spend
from citeward.contracts.model import TokenUsage


def usage(calls: Sequence[ModelCall], *, started_at: float, first_token_at: float | None) -> Usage:
    """The run's totals as of now.

    Args:
        calls: Every model call of the run.
        started_at: Unix time in seconds.
        first_token_at: Unix time of the first released text; None where there was none.
    """
    tokens = sum((call.tokens for call in calls), TokenUsage())
    by_model: dict[str, Spend] = {}
    for call in calls:
        by_model[call.model] = by_model.get(call.model, Spend()) + Spend.of(call)
    return Usage(
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cached_tokens=tokens.cached_tokens,
        reasoning_tokens=tokens.reasoning_tokens,
        cost=sum(call.cost for call in calls),
        estimated=any(call.estimated for call in calls),
        calls=len(calls),
        calls_by_model=by_model,
        fallbacks=sum(call.end == "failed" for call in calls),
        tokens_per_second=_speed(calls),
        first_token_ms=None if first_token_at is None else round(1e3 * (first_token_at - started_at), 3),
        total_ms=round(1e3 * (time.time() - started_at), 3),
    )


def _speed(calls: Sequence[ModelCall]) -> float | None:
    """Tokens a second while they came; the first of each call is what the time begins with, so it is not counted."""
    spoken = [call for call in calls if call.first_token_ms is not None and call.tokens.output_tokens > 1]
    seconds = sum(call.total_ms - (call.first_token_ms or 0.0) for call in spoken) / 1e3
    tokens = sum(call.tokens.output_tokens - 1 for call in spoken)
    return round(tokens / seconds, 1) if seconds > 0 else None
