import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.models.router.surface import NAMES, READ, surface


def _of(question: str) -> dict[str, float]:
    return dict(zip(NAMES, surface(question).tolist(), strict=True))


@given(st.text(max_size=300))
def test_every_text_has_finite_features_and_always_the_same_ones(text: str) -> None:
    found = surface(text)
    assert found.shape == (len(NAMES),)
    assert np.isfinite(found).all()
    assert (found == surface(text)).all()


@pytest.mark.parametrize(
    ("question", "feature", "count"),
    [
        ("Add 1,000 and 2.5 and 3", "numbers", 3),
        ("How many are there?", "reasons", 0),
        ("How does it work, and why?", "reasons", 2),
        ("Is 3 + 4 = 7?", "operators", 2),
        ("well-known state-of-the-art", "operators", 0),
        ("half of 20% of 3/4", "fractions", 2),
        ("half of 20% of 3/4", "percentages", 1),
        ("Does `f` call g()?", "code", 3),
        ("I don't know", "negations", 1),
        ("Who met Ada and Grace?", "names", 2),
    ],
)
def test_what_is_counted(question: str, feature: str, count: int) -> None:
    assert _of(question)[feature] == pytest.approx(np.log1p(count))


def test_a_long_text_is_read_at_its_start_and_known_by_its_length() -> None:
    start = "word " * (READ // 5)
    longer = _of(start * 10)
    assert longer["tokens"] - _of(start)["tokens"] == pytest.approx(np.log(10), abs=0.01)
    assert longer["clauses"] == 0


def test_a_number_of_thousands_of_digits_is_a_number() -> None:
    assert _of("9" * 1000)["largest_number"] == pytest.approx(15)
