from hypothesis import given
from hypothesis import strategies as st

from citeward.retrieval.embedding.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    limit=st.integers(1, 5000),
    asked=st.lists(st.tuples(st.integers(1, 400), st.floats(0, 90)), max_size=60),
)
def test_no_minute_sees_more_than_the_limit(limit: int, asked: list[tuple[int, float]]) -> None:
    clock = Clock()
    pace = Pace(limit, clock=clock)
    used = []
    for amount, pause in asked:
        clock.now += pause
        used.append((clock.now + pace.reserve(amount), amount))
    for start, _ in used:
        within = [amount for at, amount in used if start <= at < start + 60 - 1e-6]
        over = max([0, *(amount - pace.burst for amount in within)])
        assert sum(within) <= limit + over


@given(limit=st.integers(1, 5000), count=st.integers(1, 300))
def test_a_long_run_goes_at_about_the_limit(limit: int, count: int) -> None:
    pace = Pace(limit, clock=lambda: 5.0)
    waits = [pace.reserve() for _ in range(count)]
    assert waits == sorted(waits)
    assert waits[-1] <= max(0, count - pace.burst) * 60 / (0.9 * limit) + 1e-6


def test_a_tenth_goes_at_once_and_comes_back() -> None:
    clock = Clock()
    pace = Pace(100, clock=clock)
    assert [pace.reserve() for _ in range(10)] == [0.0] * 10
    assert pace.reserve() > 0
    clock.now += 60
    assert pace.reserve(10) == 0


def test_one_that_is_larger_than_the_limit_still_gets_its_turn() -> None:
    clock = Clock()
    pace = Pace(10, clock=clock)
    assert pace.reserve(50) == 0
    wait = pace.reserve()
    assert wait > 240
    clock.now += wait + 60
    assert pace.reserve() == 0


async def test_taking_waits_for_ones_turn() -> None:
    pace = Pace(60_000)
    for _ in range(3):
        await pace.take(2000)
    assert pace.reserve() > 0
