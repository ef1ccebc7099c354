from hypothesis import given
from hypothesis import strategies as st

from citeward.models.local.stops import Stops

SMALL = st.text("abc", max_size=30)
MARKS = st.lists(st.text("abc", min_size=1, max_size=4), max_size=3)


@given(pieces=st.lists(SMALL, max_size=8), marks=MARKS)
def test_a_text_ends_before_the_first_whole_stop_however_it_is_cut(pieces: list[str], marks: list[str]) -> None:
    text = "".join(pieces)
    found = min(((text.find(mark) + len(mark), text.find(mark)) for mark in marks if mark in text), default=None)
    stops, out = Stops(marks), ""
    for piece in pieces:
        out += stops.feed(piece)
    assert out + stops.close() == (text if found is None else text[: found[1]])
    assert stops.hit == (found is not None)


@given(pieces=st.lists(SMALL, max_size=8), marks=MARKS)
def test_no_more_is_held_back_than_may_be_a_stop(pieces: list[str], marks: list[str]) -> None:
    stops, fed, out = Stops(marks), "", ""
    for piece in pieces:
        fed += piece
        out += stops.feed(piece)
        if not stops.hit:
            assert len(fed) - len(out) < max((len(mark) for mark in marks), default=1)


def test_nothing_comes_after_a_stop() -> None:
    stops = Stops(["END"])
    assert [stops.feed("one EN"), stops.feed("D two"), stops.feed("three"), stops.close()] == ["one ", "", "", ""]
