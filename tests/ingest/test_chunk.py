import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Document
from citeward.errors import InvalidInput
from citeward.ingest.chunk import Chunker
from citeward.ingest.tokens import estimate_tokens

_markdown = st.lists(
    st.sampled_from(
        ["# A", "## B", "### C", "", "", "Some words here. And more of them!", "- item", "```", "~~~python", "x = 1",
         "| a | b |", "wörd " * 30, "漢字" * 40, "x" * 300, "---", "title: T", "🙂 smile."]
    ),
    max_size=40,
).map("\n".join)  # fmt: skip


def _document(text: str, source: str = "a.md") -> Document:
    return Document(id="a", text=text, source=source)


@given(_markdown | st.text(max_size=300), st.sampled_from([(20, 5, 0), (60, 20, 10), (220, 40, 0)]))
def test_offsets_are_exact_and_nothing_is_lost(text: str, sizes: tuple[int, int, int]) -> None:
    largest, least, overlap = sizes
    chunker = Chunker(max_tokens=largest, min_tokens=least, overlap=overlap)
    for source in ("a.md", "a.txt"):
        chunks = chunker(_document(text, source))
        assert all(text[c.start : c.end] == c.text and c.text.strip() for c in chunks)
        assert [c.ordinal for c in chunks] == list(range(len(chunks)))
        assert all(a.start <= b.start and a.end <= b.end for a, b in itertools.pairwise(chunks))
        if not overlap:
            assert all(estimate_tokens(c.text) <= largest or len(c.text) == 1 for c in chunks)
        if source == "a.txt":
            covered = {i for c in chunks for i in range(c.start, c.end)}
            assert {i for i, character in enumerate(text) if not character.isspace()} <= covered


def test_sections_are_kept_apart_and_know_their_headings() -> None:
    body = "word " * 60
    text = f"# Top\n\n{body}\n\n## First\n\n{body}\n\n## Second\n\n{body}"
    chunks = Chunker(max_tokens=100, min_tokens=20)(_document(text))
    assert [c.meta["headings"] for c in chunks] == ["Top", "Top > First", "Top > Second"]
    assert chunks[1].text.startswith("## First")


def test_small_sections_of_one_parent_are_merged() -> None:
    text = "# Top\n\n## A\n\nOne line.\n\n## B\n\nAnother line.\n"
    (chunk,) = Chunker(max_tokens=100, min_tokens=20)(_document(text))
    assert (chunk.text, chunk.meta) == (text.strip(), {"headings": "Top"})


def test_a_code_block_that_fits_is_not_cut() -> None:
    code = "```python\n" + "\n\n".join(f"line_{n} = {n}" for n in range(8)) + "\n```"
    text = "# T\n\n" + "Words before it. " * 20 + "\n\n" + code + "\n\n" + "Words after it. " * 20
    chunks = Chunker(max_tokens=90, min_tokens=5)(_document(text))
    assert any(code in c.text for c in chunks)


def test_a_heading_inside_code_is_no_heading() -> None:
    (chunk,) = Chunker()(_document("# Real\n\n```\n# not one\n```\n\nEnd."))
    assert chunk.meta == {"headings": "Real"}


def test_front_matter_is_stored_but_is_no_passage() -> None:
    text = "---\ntitle: T\n---\n# Head\n\nBody."
    (chunk,) = Chunker()(_document(text))
    assert (chunk.text, chunk.start) == ("# Head\n\nBody.", text.index("# Head"))


def test_overlap_repeats_whole_sentences() -> None:
    text = " ".join(f"This is sentence number {n} here." for n in range(12))
    chunks = Chunker(max_tokens=30, min_tokens=5, overlap=10)(_document(text, "a.txt"))
    assert all(b.start < a.end and b.text.startswith("This is") for a, b in itertools.pairwise(chunks))


def test_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="50 to 20 tokens"):
        Chunker(min_tokens=50, max_tokens=20)
