import hashlib
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Chunk, Document
from citeward.errors import InvalidInput
from citeward.ingest.blocks import front_matter
from citeward.ingest.chunk import Chunker
from citeward.text.tokens import EstimatedRuler, estimate_tokens

KINDS = ("markdown", "recursive", "sentence")
_LINES = [
    "# A",
    "## B",
    "### C ##",
    "Title\n=====",
    "Two\nlines\n---",
    "",
    "",
    "Some words here. And more of them!",
    "- item",
    "1. one",
    "```",
    "~~~python",
    "    ```sh",
    "x = 1",
    "| a | b |",
    "| --- | :-: |",
    "| 1 | " + "cell " * 60 + "|",
    "wörd " * 30,
    "漢字。" * 40,
    "x" * 300,
    "---",
    "title: T",
    "🙂 smile.",
    "\f",
    "a\fb",
    "\r",
    "tab\tbed\r",
    "\x0b\x85\u2028",
    "half \ud83d here",
    "क्षत्रिय" * 20,
    "e\u0301" * 90,
    "👩\u200d👩\u200d👧" * 40,
    "> quoted. Twice.",
    "snake_case_name" * 9,
]
_texts = st.lists(st.sampled_from(_LINES), max_size=40).map("\n".join) | st.text(max_size=300)
_sizes = st.sampled_from([(20, 5, 0), (60, 20, 10), (40, 40, 20), (220, 40, 0), (1, 1, 0), (3, 2, 1)])


def _document(text: str, source: str = "a.md") -> Document:
    return Document(id="a", text=text, source=source)


def _chunks(text: str, source: str = "a.md", **sizes: object) -> list[Chunk]:
    return Chunker(**sizes)(_document(text, source))


@given(_texts, _sizes, st.sampled_from(KINDS), st.sampled_from(["a.md", "a.txt"]), st.booleans())
def test_offsets_are_exact_sizes_kept_and_nothing_is_lost(text, sizes, kind, source, counted) -> None:
    most, least, overlap = sizes
    count = (lambda words: estimate_tokens(words)) if counted else estimate_tokens
    chunks = _chunks(text, source, kind=kind, max_tokens=most, min_tokens=least, overlap=overlap, count=count)
    assert all(text[c.start : c.end] == c.text == c.text.strip() != "" for c in chunks)
    assert [c.ordinal for c in chunks] == list(range(len(chunks)))
    assert all(a.start < b.start and a.end < b.end for a, b in itertools.pairwise(chunks))
    assert all(estimate_tokens(c.text) <= most or len(c.text) == 1 for c in chunks)
    assert all(
        estimate_tokens(text[b.start : a.end]) <= overlap for a, b in itertools.pairwise(chunks) if b.start < a.end
    )
    covered = {at for c in chunks for at in range(c.start, c.end)}
    head = front_matter(text).end if source == "a.md" else 0
    assert {at for at in range(head, len(text)) if not text[at].isspace()} <= covered
    assert not any(at in covered for at in range(head))


@given(_texts, st.sampled_from([(20, 5), (60, 20), (40, 40), (220, 40)]), st.sampled_from(["recursive", "sentence"]))
def test_no_small_neighbours_are_left_that_fit_together(text: str, sizes: tuple[int, int], kind: str) -> None:
    most, least = sizes
    tokens = EstimatedRuler(text).tokens
    for one, other in itertools.pairwise(_chunks(text, "a.txt", kind=kind, max_tokens=most, min_tokens=least)):
        small = min(tokens(one.start, one.end), tokens(other.start, other.end)) < least
        assert not (small and tokens(one.start, other.end) <= most)


@given(_texts, st.sampled_from(KINDS))
def test_each_chunk_knows_its_page_where_there_are_pages(text: str, kind: str) -> None:
    for chunk in _chunks(text, kind=kind, max_tokens=40, min_tokens=5, overlap=8):
        assert chunk.meta.get("page") == (1 + text.count("\f", 0, chunk.start) if "\f" in text else None)


def test_sections_are_kept_apart_and_know_their_headings() -> None:
    body = "word " * 60
    text = f"# Top\n\n{body}\n\n## First\n\n{body}\n\n## Second\n\n{body}"
    chunks = _chunks(text, max_tokens=100, min_tokens=20)
    assert [c.meta["headings"] for c in chunks] == ["Top", "Top > First", "Top > Second"]
    assert chunks[1].text.startswith("## First")


def test_small_sections_of_one_parent_are_merged() -> None:
    text = "# Top\n\n## A\n\nOne line.\n\n## B\n\nAnother line.\n"
    (chunk,) = _chunks(text, max_tokens=100, min_tokens=20)
    assert (chunk.text, chunk.meta) == (text.strip(), {"headings": "Top"})


def test_a_code_block_that_fits_is_not_cut() -> None:
    code = "```python\n" + "\n\n".join(f"line_{n} = {n}" for n in range(8)) + "\n```"
    text = "# T\n\n" + "Words before it. " * 20 + "\n\n" + code + "\n\n" + "Words after it. " * 20
    assert any(code in c.text for c in _chunks(text, max_tokens=90, min_tokens=5))


def test_code_that_must_be_cut_is_cut_between_its_parts_and_lines() -> None:
    parts = ["def f():\n" + "\n".join(f"    line_{n} = {n}" for n in range(8))] * 4
    chunks = _chunks("```python\n" + "\n\n".join(parts) + "\n```", max_tokens=90, min_tokens=5)
    assert all(c.text.startswith(("```python", "def f()")) for c in chunks)


def test_a_heading_is_not_left_alone_by_what_must_be_cut() -> None:
    for body in (
        "Some words of a sentence. " * 40,
        "```\n" + "x = 1\n" * 90 + "```",
        "| a |\n| --- |\n" + "| words here |\n" * 90,
    ):
        first, *_ = _chunks(f"## Ports\n\n{body}", max_tokens=60, min_tokens=20)
        assert estimate_tokens(first.text) > 40


def test_a_table_that_must_be_cut_is_cut_between_rows_and_says_its_columns() -> None:
    head = "| Port | Use |\n| ---- | --- |\n"
    text = "# Ports\n\nThese:\n\n" + head + "".join(f"| {n} | what the port {n} is for |\n" for n in range(30))
    first, *others = _chunks(text, max_tokens=60, min_tokens=10)
    assert head in first.text and "table" not in first.meta
    assert all(c.text.startswith("| ") and c.text.endswith(" |") for c in others)
    assert {c.meta["table"] for c in others} == {"| Port | Use |"}


def test_what_stands_beside_each_passage_is_short_however_long_it_is_in_the_text() -> None:
    """Otherwise a text of n characters would be stored as n times n of them."""
    title, row = "title " * 10_000, "| " + "cell | " * 10_000
    text = f"# {title}\n\n{'Some words. ' * 2_000}\n\n{row}\n| --- |\n" + "| 1 | 2 |\n" * 1_000
    chunks = _chunks(text)
    assert len(chunks) > 20
    assert max(len(str(value)) for chunk in chunks for value in chunk.meta.values()) <= 1_000


def test_a_table_that_fits_is_not_cut() -> None:
    table = "| a | b |\n|---|---|\n" + "| one | two |\n" * 6
    text = "Words before it. " * 14 + "\n\n" + table + "\n" + "Words after it. " * 14
    assert any(table.strip() in c.text for c in _chunks(text, max_tokens=80, min_tokens=5))


def test_a_page_break_ends_a_piece_that_is_large_enough() -> None:
    page = "Some words that stand on this page. " * 4
    chunks = _chunks(f"{page}\f{page}\f{page}", "a.pdf", max_tokens=100, min_tokens=20)
    assert [c.meta for c in chunks] == [{"page": 1}, {"page": 2}, {"page": 3}]
    (one,) = _chunks("Short.\fShort as well.", "a.pdf")
    assert one.meta == {"page": 1}


def test_a_heading_inside_code_is_no_heading() -> None:
    (chunk,) = _chunks("# Real\n\n```\n# not one\n```\n\nEnd.")
    assert chunk.meta == {"headings": "Real"}


def test_front_matter_is_stored_but_is_no_passage() -> None:
    text = "---\ntitle: T\n---\n# Head\n\nBody."
    for kind in KINDS:
        (chunk,) = _chunks(text, kind=kind)
        assert (chunk.text, chunk.start) == ("# Head\n\nBody.", text.index("# Head"))


def test_what_is_no_markdown_has_no_headings() -> None:
    for kind in KINDS:
        assert [c.meta for c in _chunks("# Not a heading\n\ntext", "a.txt", kind=kind)] == [{}]


def test_pages_and_word_documents_are_markdown_once_they_are_loaded() -> None:
    for source in ("a.html", "a.docx", "https://a.example/page", "https://a.example/a.html?x=1#y"):
        assert [c.meta for c in _chunks("# Head\n\ntext", source)] == [{"headings": "Head"}]
    for source in ("https://a.example/a.pdf", "a.txt", "a.md.txt"):
        assert [c.meta for c in _chunks("# Head\n\ntext", source)] == [{}]


def test_recursive_cuts_between_lines_but_not_within_a_sentence_that_runs_on() -> None:
    wrapped = "A sentence that goes\nover two lines of text. " * 12
    chunks = _chunks(wrapped, "a.txt", kind="recursive", max_tokens=30, min_tokens=5)
    assert all(c.text.startswith("A sentence") and c.text.endswith("text.") for c in chunks)
    log = "\n".join(f"12:00:{n} started the worker number {n}" for n in range(10, 60))
    assert all(re.match("12:00:", c.text) for c in _chunks(log, "a.txt", kind="recursive", max_tokens=60, min_tokens=5))


def test_sentence_keeps_paragraphs_apart_that_are_large_enough() -> None:
    paragraph = "This is one of the sentences here. " * 4
    text = f"{paragraph}\n\n{paragraph}\n\nShort one.\n\n{paragraph}"
    chunks = _chunks(text, "a.txt", kind="sentence", max_tokens=100, min_tokens=20)
    assert [c.text.count("\n\n") for c in chunks] == [0, 1, 0]
    assert all(c.text.endswith(".") for c in chunks)


def test_what_is_left_over_takes_from_the_piece_before() -> None:
    text = " ".join(f"This is the sentence number {n} of them." for n in range(7))
    sizes = [estimate_tokens(c.text) for c in _chunks(text, "a.txt", max_tokens=55, min_tokens=20)]
    assert min(sizes) >= 20


def test_overlap_repeats_whole_sentences_or_else_words() -> None:
    text = " ".join(f"This is sentence number {n} here." for n in range(12))
    chunks = _chunks(text, "a.txt", max_tokens=30, min_tokens=5, overlap=10)
    assert all(b.start < a.end and b.text.startswith("This is") for a, b in itertools.pairwise(chunks))
    words = " ".join(f"word{n}" for n in range(100))
    chunks = _chunks(words, "a.txt", max_tokens=30, min_tokens=5, overlap=10)
    assert all(b.start < a.end and b.text.startswith("word") for a, b in itertools.pairwise(chunks))


def test_no_character_is_parted_from_its_marks() -> None:
    for character in ("e\u0301", "👩\u200d👩\u200d👧", "क्षि"):
        assert all(c.text.startswith(character[0]) for c in _chunks(character * 300, max_tokens=20, min_tokens=5))


def test_another_counter_is_kept_to() -> None:
    chunks = _chunks("a bb ccc dddd " * 20, "a.txt", max_tokens=30, min_tokens=5, count=len)
    assert all(len(c.text) <= 30 for c in chunks) and len(chunks) > 8


def test_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="50 to 20 tokens"):
        Chunker(min_tokens=50, max_tokens=20)
    with pytest.raises(InvalidInput, match="111 repeated"):
        Chunker(overlap=111)


def test_the_version_tells_every_way_to_cut() -> None:
    versions = {
        Chunker(**one).version
        for one in ({}, {"kind": "sentence"}, {"max_tokens": 99}, {"min_tokens": 9}, {"overlap": 9}, {"count": len})
    }
    assert len(versions) == 6


def test_the_version_is_raised_when_cutting_changes() -> None:
    text = "\n".join(
        line * (3 if len(line) < 30 else 1) for line in [*_LINES, "## D", "Words of a sentence. " * 40] * 3
    ).replace("\ud83d", "")
    cut = [
        [(c.start, c.end, *c.meta.items()) for c in _chunks(text, kind=kind, max_tokens=50, min_tokens=15, overlap=o)]
        for kind in KINDS
        for o in (0, 9)
    ]
    digest = hashlib.sha256(repr(cut).encode()).hexdigest()[:16]
    pinned = {"3": "6d3c57a19402f189"}
    assert pinned.get(Chunker().version.split("/")[0]) == digest, (
        "raise _VERSION in chunker.py and pin the new digest here"
    )
