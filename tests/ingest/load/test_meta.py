from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from citeward.ingest.load.meta import LONGEST_VALUE, MOST_KEYS, plain_meta
from citeward.retrieval.filters import check_meta

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def test_plain_values_are_kept_as_what_they_are() -> None:
    values = {"n": 3, "x": 0.5, "on": True, "word": "Wort", "day": date(2026, 1, 2), "at": datetime(2026, 1, 2, 3, 4)}
    assert plain_meta(values) == {**values, "day": "2026-01-02", "at": "2026-01-02T03:04:00"}


def test_a_list_becomes_texts() -> None:
    assert plain_meta({"tags": ["a", 2, True, date(2026, 1, 2)]}) == {"tags": ("a", "2", "true", "2026-01-02")}


def test_what_no_filter_could_compare_is_left_out_whole() -> None:
    values = {"deep": {"a": 1}, "lists": [["a"]], "none": None, "nan": float("nan"), "long": "x" * (LONGEST_VALUE + 1)}
    assert plain_meta({**values, "empty": "", "huge": 2**60, 7: "number", "many": ["x"] * 1000}) == {}


def test_what_a_passage_has_already_is_left_out() -> None:
    assert plain_meta({"title": "a", "groups": "b", "Source": "c", "document_id": "d", "page": 1}) == {}


def test_there_is_an_end_to_keys() -> None:
    assert len(plain_meta({str(n): n for n in range(1000)})) == MOST_KEYS


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), VALUES))
def test_whatever_is_kept_can_be_stored(values: dict[str, object]) -> None:
    check_meta(plain_meta(values), "a")
