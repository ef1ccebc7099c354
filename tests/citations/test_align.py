import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.citations.align import align

PASSAGE = """# Caching

The **cache** keeps answers for
[ten minutes](https://example.org/ten). Nobody believes that the cache is slow. It costs 50 dollars.

- Redis is optional
- Postgres stores threads, and `LanceDB` stores documents
"""


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The cache keeps answers for ten minutes.", "The **cache** keeps answers for\n[ten minutes](https://example.org/ten)."),
        ("It costs 50 dollars.", "It costs 50 dollars."),
        ("Redis is optional", "Redis is optional"),
        ("- Redis is optional", "Redis is optional"),
        ("LanceDB stores documents", "Postgres stores threads, and `LanceDB` stores documents"),
        ("the cache is slow", "Nobody believes that the cache is slow."),
    ],
)  # fmt: skip
def test_words_taken_over_are_found_as_whole_sentences(sentence: str, quote: str) -> None:
    found = align(sentence, PASSAGE)
    assert found is not None and found.exact
    assert found.span.of(PASSAGE) == quote


def test_a_number_is_not_found_in_a_longer_one() -> None:
    found = align("It costs 5", PASSAGE)
    assert found is not None and not found.exact


def test_a_paraphrase_is_aligned_with_the_sentence_that_shares_its_words() -> None:
    found = align("Answers stay in the cache for ten minutes.", PASSAGE)
    assert found is not None and not found.exact
    assert "keeps answers" in found.span.of(PASSAGE) and "dollars" not in found.span.of(PASSAGE)


def test_nothing_in_common_aligns_with_nothing() -> None:
    assert align("Bananas grow in Ecuador.", PASSAGE) is None
    assert align("...", PASSAGE) is None


@given(st.text(max_size=60), st.text(max_size=200) | st.just(PASSAGE))
def test_every_alignment_lies_within_the_passage(sentence: str, passage: str) -> None:
    found = align(sentence, passage)
    assert found is None or 0 <= found.span.start < found.span.end <= len(passage)


def test_code_is_quoted_without_its_fence() -> None:
    passage = "## Run\n\n```bash\nmake demo\n```\n\nThen wait."
    found = align("```bash\nmake demo\n```", passage)
    assert found is not None
    assert found.exact
    assert found.span.of(passage) == "make demo"
