import time

from citeward.contracts.metering import ModelCall, Spend
from citeward.contracts.model import TokenUsage
from citeward.nodes.usage import usage


def test_a_run_is_the_sum_of_its_calls() -> None:
    now = time.time()
    calls = (
        ModelCall(model="a", end="failed", error="overloaded"),
        ModelCall(
            model="b",
            tokens=TokenUsage(input_tokens=10, output_tokens=21, cached_tokens=4, reasoning_tokens=2),
            cost=0.5,
            first_token_ms=100.0,
            total_ms=600.0,
        ),
        ModelCall(
            model="b",
            tokens=TokenUsage(input_tokens=10, output_tokens=11),
            cost=0.25,
            estimated=True,
            first_token_ms=100.0,
            total_ms=600.0,
        ),
    )
    used = usage(calls, started_at=now - 2, first_token_at=now - 1.5)
    assert (used.input_tokens, used.output_tokens, used.cached_tokens, used.reasoning_tokens) == (20, 32, 4, 2)
    assert (used.cost, used.calls, used.fallbacks, used.estimated) == (0.75, 3, 1, True)
    assert used.calls_by_model == {
        "a": Spend(calls=1),
        "b": Spend(calls=2, input_tokens=20, output_tokens=32, cost=0.75),
    }
    assert used.tokens_per_second == 30.0
    assert used.first_token_ms == 500.0


def test_without_a_call_nothing_was_used() -> None:
    used = usage((), started_at=time.time(), first_token_at=None)
    assert (used.cost, used.calls, used.tokens_per_second, used.first_token_ms) == (0.0, 0, None, None)
