from dataclasses import replace

import pytest

from citeward.contracts.retrieval import Passage, Trust
from citeward.errors import NotFound
from citeward.retrieval.context.neighbours import GAP, merged, texts_between

TEXT = "One is first. Two is next.\n\nThree ends it. " + " " * GAP + "Four is far."


def cut(start: int, end: int, *, name: str = "", document: str = "d", **changes: object) -> Passage:
    passage = Passage(
        id=name or f"{document}@{start}",
        document_id=document,
        text=TEXT[start:end],
        start=start,
        end=end,
        source="d.md",
        title="D",
        score=1 - start / 100,
    )
    return replace(passage, **changes)  # type: ignore[arg-type]


ONE, TWO, THREE, FOUR = cut(0, 13), cut(14, 26), cut(28, 42), cut(TEXT.index("Four"), len(TEXT))


def test_passages_that_touch_or_overlap_become_one_without_the_stored_text() -> None:
    for left, right in ((cut(0, 5), cut(5, 13)), (cut(0, 9), cut(5, 13)), (cut(0, 13), cut(5, 9)), (ONE, ONE)):
        for best, other in ((left, right), (right, left)):
            whole = merged(best, other, None)
            assert whole is not None
            assert (whole.start, whole.end, whole.text) == (0, 13, TEXT[0:13])
            assert (whole.id, whole.score) == (best.id, best.score)


def test_white_space_between_is_taken_from_the_stored_text_and_only_from_there() -> None:
    whole = merged(THREE, TWO, TEXT)
    assert whole is not None
    assert whole.text == "Two is next.\n\nThree ends it."
    assert merged(THREE, TWO, None) is None


def test_passages_with_words_or_much_space_between_or_of_two_documents_stay_apart() -> None:
    assert merged(ONE, THREE, TEXT) is None
    assert merged(THREE, FOUR, TEXT) is None
    assert merged(cut(0, 5), cut(5, 13, document="e"), TEXT) is None


def test_passages_of_two_versions_of_a_document_stay_apart() -> None:
    assert merged(cut(0, 9), cut(5, 13, text="other it"), None) is None
    assert merged(TWO, replace(THREE, text="Three ended it"), TEXT) is None
    assert merged(TWO, THREE, "x" * len(TEXT)) is None
    assert merged(TWO, THREE, "short") is None


def test_meta_is_what_holds_for_the_whole() -> None:
    left = cut(0, 13, meta={"headings": "A > B > C", "page": 3, "lang": "en", "table": "| x |", "n": 1})
    right = cut(13, 26, meta={"headings": "A > B > D", "page": 4, "lang": "en", "n": 2, "only": True})
    whole = merged(right, left, None)
    assert whole is not None
    assert whole.meta == {"headings": "A > B", "page": 3, "table": "| x |", "lang": "en"}
    apart = merged(replace(left, meta={"headings": "A"}), replace(right, meta={"headings": "B"}), None)
    assert apart is not None
    assert apart.meta == {}


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [("trusted", "trusted", "trusted"), ("trusted", "untrusted", "untrusted"), ("untrusted", "trusted", "untrusted")],
)
def test_the_whole_is_trusted_where_both_are(one: str, other: str, whole: str) -> None:
    found = merged(cut(0, 5, trust=Trust(one)), cut(5, 13, trust=Trust(other)), None)
    assert found is not None
    assert found.trust is Trust(whole)


async def test_only_documents_with_a_small_gap_between_passages_are_fetched_and_each_once() -> None:
    asked: list[str] = []

    async def stored(document_id: str) -> str:
        asked.append(document_id)
        if document_id == "gone":
            raise NotFound("no document 'gone'", hint="Index it.")
        return TEXT

    near = [cut(28, 42, document=name) for name in ("d", "gone")] + [cut(14, 26, document=n) for n in ("d", "gone")]
    touching = [cut(0, 5, document="t"), cut(5, 13, document="t")]
    far = [cut(28, 42, document="f"), cut(FOUR.start, FOUR.end, document="f"), cut(0, 5, document="alone")]
    assert await texts_between([*near, *touching, *far], stored) == {"d": TEXT}
    assert sorted(asked) == ["d", "gone"]
