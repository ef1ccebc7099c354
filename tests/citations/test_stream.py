import asyncio
from itertools import pairwise
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from citeward.citations.stream import Citer
from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.citation import Citation, Label
from citeward.contracts.event import Cited, TextDelta
from citeward.contracts.retrieval import Passage
from citeward.errors import NotFound

DOCUMENTS = {
    "ports.md": "# Ports\n\nThe server listens on port 8080. It logs every request.\n\n- Redis is optional\n",
    "sky.md": "Preface.\nThe sky is green here, because the author is colour-blind.\n",
}


def passage(document: str, start: int = 0, text: str | None = None) -> Passage:
    whole = DOCUMENTS[document]
    text = whole[start:] if text is None else text
    return Passage(
        id=f"{document}#{start}", document_id=document, text=text, start=start, end=start + len(text), source=document
    )


PASSAGES = [passage("ports.md"), passage("sky.md", 9)]


async def stored(document_id: str) -> str:
    if document_id not in DOCUMENTS:
        raise NotFound(f"no document {document_id!r}", hint="Index it.")
    return DOCUMENTS[document_id]


async def events(
    text: str,
    cuts: list[int] | None = None,
    mode: Literal["flag", "drop"] = "flag",
    passages: list[Passage] | None = None,
) -> list[TextDelta | Cited]:
    citer = Citer(PASSAGES if passages is None else passages, stored, on_unsupported=mode)
    borders = [0, *sorted({min(cut, len(text)) for cut in cuts or []}), len(text)]
    found = [e for a, b in pairwise(borders) for e in await citer.feed(text[a:b])]
    return found + await citer.close()


def joined(found: list[TextDelta | Cited]) -> str:
    return "".join(event.text for event in found if isinstance(event, TextDelta))


def citations(found: list[TextDelta | Cited]) -> list[Citation]:
    return [event.citation for event in found if isinstance(event, Cited)]


async def test_a_sentence_taken_over_is_cited_with_its_place_in_the_document() -> None:
    text = "The server listens on port 8080. [1] The sky is green here, because the author is colour-blind. [2]"
    one, two = citations(await events(text))
    assert (one.quote, one.line, one.label, one.score) == ("The server listens on port 8080.", 3, Label.SUPPORTED, 1.0)
    assert text[one.start : one.end] == "The server listens on port 8080. [1]"
    assert (two.quote_start, two.line, two.marker, two.source) == (9, 2, 2, "sky.md")


async def test_text_is_released_at_once_where_nothing_is_dropped() -> None:
    citer = Citer(PASSAGES, stored)
    for piece in ("The server", " listens", " [", "1", "]. And"):
        first = (await citer.feed(piece))[0]
        assert first == TextDelta(text=piece)


async def test_a_wrong_number_is_flagged() -> None:
    (citation,) = citations(await events("The server listens on port 9090. [1]"))
    assert citation.label is Label.UNSUPPORTED


async def test_a_passage_that_is_not_what_the_document_says_gives_no_citation() -> None:
    altered = passage("ports.md", 0, "# Ports\n\nThe server listens on port 9090.")
    gone = Passage(id="x", document_id="gone.md", text="It is gone.", start=0, end=11, source="gone.md")
    assert (
        citations(await events("The server listens on port 9090. [1] It is gone. [2]", passages=[altered, gone])) == []
    )


async def test_a_document_is_looked_up_once_for_an_answer() -> None:
    asked: list[str] = []

    async def counting(document_id: str) -> str:
        asked.append(document_id)
        return await stored(document_id)

    citer = Citer(PASSAGES, counting)
    await citer.feed("The server listens on port 8080. [1] It logs every request. [1]")
    await citer.close()
    assert asked == ["ports.md"]


async def test_dropping_leaves_out_what_nothing_supports() -> None:
    text = "Cats rule the moon. [2] The server listens on port 8080. [1] Port 9090 is open. [1]\n\nThat is all."
    found = await events(text, list(range(len(text))), mode="drop")
    assert joined(found) == "The server listens on port 8080. [1]\n\nThat is all."
    (citation,) = citations(found)
    assert joined(found)[citation.start : citation.end] == "The server listens on port 8080. [1]"


async def test_where_all_is_dropped_there_is_not_enough_information() -> None:
    assert joined(await events("Cats rule the moon. [2] Port 9090 is open. [1] ", mode="drop")) == NOT_ENOUGH


async def test_an_answer_without_markers_passes_in_both_modes() -> None:
    assert joined(await events(NOT_ENOUGH)) == joined(await events(NOT_ENOUGH, mode="drop")) == NOT_ENOUGH
    assert await events("") == await events("", mode="drop") == []


_PIECES = st.sampled_from(
    [
        "The server listens on port 8080. [1] ",
        "It logs every request [1]. ",
        "Redis is optional [1]\n",
        "[1]",
        " [2] ",
        "Port 9090 is open. [1] ",
        "The sky is green here [2], says the author [2][1]. ",
        "Well. ",
        "[9] ",
        "```\nx[1]\n```\n",
        "The sky is not green here. [2] ",
        "- an item [1-2]\n",
        "  ",
        "\n\n",
        "[",
        "e.g. so ",
        "`a",
        "``b",
        "` ",
    ]
)
_TEXTS = st.lists(_PIECES, max_size=10).map("".join)
_CUTS = st.lists(st.integers(0, 200), max_size=12)


@given(_TEXTS, _CUTS)
def test_joined_text_is_the_text_that_came_in(text: str, cuts: list[int]) -> None:
    assert joined(asyncio.run(events(text, cuts))) == text


@given(_TEXTS, _CUTS, st.sampled_from(["flag", "drop"]))
def test_every_quote_stands_in_its_document_at_its_offsets(
    text: str, cuts: list[int], mode: Literal["flag", "drop"]
) -> None:
    for citation in citations(asyncio.run(events(text, cuts, mode))):
        stored_text = DOCUMENTS[citation.document_id]
        assert stored_text[citation.quote_start : citation.quote_end] == citation.quote != ""
        assert citation.line == stored_text[: citation.quote_start].count("\n") + 1


@given(_TEXTS, _CUTS, st.sampled_from(["flag", "drop"]))
def test_a_citation_follows_its_sentence_and_points_at_it(
    text: str, cuts: list[int], mode: Literal["flag", "drop"]
) -> None:
    found = asyncio.run(events(text, cuts, mode))
    whole, released = joined(found), 0
    for event in found:
        if isinstance(event, TextDelta):
            released += len(event.text)
        else:
            citation = event.citation
            assert 0 <= citation.start < citation.end <= released
            assert any(mark in whole[citation.start : citation.end] for mark in (f"[{citation.marker}", "[1-2]"))


@given(_TEXTS, _CUTS, st.sampled_from(["flag", "drop"]))
def test_how_the_text_was_cut_changes_nothing(text: str, cuts: list[int], mode: Literal["flag", "drop"]) -> None:
    cut, whole = asyncio.run(events(text, cuts, mode)), asyncio.run(events(text, None, mode))
    assert (joined(cut), citations(cut)) == (joined(whole), citations(whole))


@given(_TEXTS, _CUTS)
def test_a_sentence_that_is_kept_in_drop_mode_has_support(text: str, cuts: list[int]) -> None:
    labels: dict[int, set[Label]] = {}
    for citation in citations(asyncio.run(events(text, cuts, "drop"))):
        labels.setdefault(citation.start, set()).add(citation.label)
    assert all(found != {Label.UNSUPPORTED} for found in labels.values())
