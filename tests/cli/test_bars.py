import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from citeward.cli.bars import bar, bars


@given(value=st.floats(0, 1e9), most=st.floats(0, 1e9), width=st.integers(1, 80))
def test_no_bar_is_longer_than_the_longest(value: float, most: float, width: int) -> None:
    drawn = bar(value, most, width)
    assert len(drawn) <= width
    assert bool(drawn) == (value > 0)


def test_each_name_has_its_bar_and_its_number() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(bars("ms", {"slow": 40.0, "fast": 10.0, "failed": None}))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines == [["ms"], ["slow", "█" * 36, "40"], ["fast", "█" * 9, "10"], ["failed", "–"]]
