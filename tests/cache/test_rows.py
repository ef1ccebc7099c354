import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citeward.cache.rows import Rows

STEPS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 7), st.booleans()), max_size=80)


@given(STEPS)
def test_the_nearest_are_those_of_a_search_through_all(steps: list[tuple[int, int, bool]]) -> None:
    rows: Rows[int] = Rows()
    kept: dict[int, np.ndarray] = {}
    for key, direction, drops in steps:
        if drops:
            rows.drop(key)
            kept.pop(key, None)
        else:
            angle = direction / 8 * np.pi
            vector = np.array([np.cos(angle), np.sin(angle)], np.float32)
            rows.add(key, vector)
            kept[key] = vector
    asked = np.array([1, 0], np.float32)
    found = rows.nearest(asked, threshold=0.1, limit=99)
    assert {key: round(score, 5) for key, score in found} == {
        key: round(float(vector @ asked), 5) for key, vector in kept.items() if vector @ asked >= 0.1
    }
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert len(rows) == len(kept)


def test_a_vector_of_another_length_finds_nothing() -> None:
    rows: Rows[str] = Rows()
    rows.add("a", np.array([1, 0], np.float32))
    assert rows.nearest(np.array([1, 0, 0], np.float32), threshold=0, limit=1) == []


def test_the_oldest_are_those_that_were_added_first() -> None:
    rows: Rows[str] = Rows()
    for key in "abc":
        rows.add(key, np.array([1, 0], np.float32))
    rows.drop("a")
    assert (rows.oldest(1), rows.oldest(0), rows.oldest(-3), rows.oldest(9)) == (["b"], [], [], ["b", "c"])
