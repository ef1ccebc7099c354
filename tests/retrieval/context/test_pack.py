from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Passage
from citeward.retrieval.context import pack
from citeward.text.tokens import estimate_tokens


def whole(text: str, *, name: str = "p", score: float = 0.5) -> Passage:
    return Passage(id=name, document_id=name, text=text, start=0, end=len(text), source=f"{name}.md", score=score)


def part(text: str, start: int, end: int, *, document: str = "d", rank: int = 0) -> Passage:
    name = f"{rank}:{document}#{start}-{end}"
    return Passage(id=name, document_id=document, text=text[start:end], start=start, end=end, source=document)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found: documents, and passages cut from them."""

    texts: dict[str, str]
    passages: list[Passage]


@st.composite
def found(draw: st.DrawFn) -> Found:
    word = st.sampled_from(["alpha", "beta", "1984", "not", "the", "漢字", "x" * 30, ".", "né"])
    space = st.sampled_from([" ", "\n\n", "\t", " " * 20])
    texts = {
        name: "".join(draw(st.lists(st.one_of(word, space), max_size=40)))
        for name in draw(st.sampled_from(["d", "de"]))
    }
    passages = []
    for rank in range(draw(st.integers(0, 12))):
        name = draw(st.sampled_from(sorted(texts)))
        start = draw(st.integers(0, len(texts[name])))
        end = draw(st.integers(start, len(texts[name])))
        passages.append(part(texts[name], start, end, document=name, rank=rank))
    return Found(texts=texts, passages=passages)


@given(found=found(), limit=st.integers(1, 6), max_tokens=st.integers(0, 60), known=st.booleans())
def test_what_is_packed_is_exact_fits_and_repeats_nothing(
    found: Found, limit: int, max_tokens: int, known: bool
) -> None:
    texts = found.texts if known else {}
    packed = pack(found.passages, limit=limit, max_tokens=max_tokens, texts=texts)
    for passage in packed:
        assert passage.text == found.texts[passage.document_id][passage.start : passage.end]
        assert passage.text.strip()
    assert sum(estimate_tokens(passage.text) for passage in packed) <= max_tokens
    assert len(packed) <= limit
    spans = sorted((passage.document_id, passage.start, passage.end) for passage in packed)
    for (one, _, end), (other, start, _) in pairwise(spans):
        assert one != other or end < start, "neighbours are one passage"
    _each_stands_at_its_best_part(packed, found.passages)
    _nothing_but_space_was_added(packed, found)


def _each_stands_at_its_best_part(packed: Sequence[Passage], given: Sequence[Passage]) -> None:
    ranks = {passage.id: rank for rank, passage in enumerate(given)}
    order = [ranks[passage.id] for passage in packed]
    assert order == sorted(order)


def _nothing_but_space_was_added(packed: Sequence[Passage], found: Found) -> None:
    given = {(p.document_id, at) for p in found.passages for at in range(p.start, p.end)}
    for passage in packed:
        for at in range(passage.start, passage.end):
            text = found.texts[passage.document_id]
            assert (passage.document_id, at) in given or text[at].isspace()


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    passages = [whole(f"Fact number {n} of them", name=f"p{n}") for n in range(5)]
    assert pack(passages, limit=3, max_tokens=1000) == passages[:3]


def test_neighbours_become_one_at_the_place_of_the_better_and_make_room_for_more() -> None:
    text = "One is first.\n\nTwo is next.\n\nThree ends it."
    one, two, three = part(text, 0, 13), part(text, 15, 27), part(text, 29, 43)
    other = whole("Bread is baked at four.")
    packed = pack([three, other, one, two], limit=4, max_tokens=100, texts={"d": text})
    assert [(p.id, p.text) for p in packed] == [(three.id, text), (other.id, other.text)]
    assert pack([three, one, two], limit=3, max_tokens=100) == [three, one, two], "what stands between is not known"


def test_a_passage_that_says_the_same_is_left_out_and_one_with_another_number_or_not_is_kept() -> None:
    text = "The port of the server is set in the file citeward toml and may be changed while it runs by hand "
    first = whole(f"{text} 8080", name="a")
    packed = pack(
        [
            first,
            whole(f"{text.upper()} 8080", name="b"),
            whole(f"{text} 9090", name="c"),
            whole(f"{text} 8080 not", name="d"),
        ],
        limit=9,
        max_tokens=1000,
    )
    assert [p.id for p in packed] == ["a", "c", "d"]


def test_one_that_does_not_fit_makes_room_for_a_smaller_one() -> None:
    small, large, last = (
        whole("A few words.", name="a"),
        whole("many words " * 50, name="b"),
        whole("Also few.", name="c"),
    )
    assert pack([small, large, last], limit=5, max_tokens=20) == [small, last]


def test_a_neighbour_that_does_not_fit_is_left_out() -> None:
    text = "One is first. " + "Two is long " * 30
    one, two = part(text, 0, 14), part(text, 14, len(text))
    assert pack([one, two], limit=5, max_tokens=20) == [one]


def test_of_a_first_passage_over_the_budget_the_beginning_is_kept() -> None:
    long = whole("Some words that go on and on. " * 40)
    (kept,) = pack([long], limit=5, max_tokens=20)
    assert long.text.startswith(kept.text)
    assert kept.end == len(kept.text)
    assert long.text[kept.end] in " ."
    assert 15 <= estimate_tokens(kept.text) <= 20
    (wide,) = pack([whole("漢字" * 100)], limit=5, max_tokens=20)
    assert estimate_tokens(wide.text) == 20


def test_nothing_gives_nothing() -> None:
    assert pack([], limit=5, max_tokens=100) == []
    assert pack([whole(" \n ")], limit=5, max_tokens=100) == []
