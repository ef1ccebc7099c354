from hypothesis import given
from hypothesis import strategies as st

from citeward.models.candidates import candidates, readable

TEXT = """## Install

Install the package with pip:

```bash
pip install it
# not a sentence. Nor this.
```

- First item.
- Second *item* here

| name | meaning |
|---|---|
| `a` | the first |

It ends.
"""


def _quoted(text: str) -> list[str]:
    return [candidate.span.of(text) for candidate in candidates(text)]


def test_sentences_items_and_rows_may_be_quoted_but_not_headings_code_or_rules() -> None:
    assert _quoted(TEXT) == [
        "Install the package with pip:",
        "First item.",
        "Second *item* here",
        "| `a` | the first |",
        "It ends.",
    ]


def test_a_code_block_belongs_to_the_sentence_before_it() -> None:
    first, *rest = candidates(TEXT)
    assert first.code is not None
    assert first.code.of(TEXT).splitlines()[1] == "pip install it"
    assert all(candidate.code is None for candidate in rest)


def test_a_sentence_knows_its_heading_and_what_stands_before_it() -> None:
    first, item, *_, row, last = candidates(TEXT)
    assert first.heading is not None
    assert last.heading is not None
    assert first.heading.of(TEXT) == last.heading.of(TEXT) == "## Install"
    assert item.before == first.span
    assert row.row
    assert row.before is not None
    assert row.before.of(TEXT) == "| name | meaning |"


def test_a_long_code_block_is_left_out() -> None:
    (only,) = candidates("See:\n\n```\n" + "x = 1\n" * 200 + "```\n")
    assert only.code is None


def test_a_row_reads_without_its_outer_bars() -> None:
    assert readable("|  3 | no\n  answer |") == "3 | no answer"


@given(st.text(alphabet="aB. \n#|-`*1", max_size=200))
def test_candidates_are_in_order_and_within_the_text(text: str) -> None:
    spans = [candidate.span for candidate in candidates(text)]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert spans == sorted(spans, key=lambda span: span.start)
    assert all(any(c.isalnum() for c in span.of(text)) for span in spans)
