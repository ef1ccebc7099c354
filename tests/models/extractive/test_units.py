from hypothesis import given
from hypothesis import strategies as st

from citeward.models.extractive.units import ATTACHED, Unit, units

TEXT = """---
title: Front matter is no text
---
## Install

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
| `b` | the second |

It ends. They stay.
"""


def _quoted(text: str) -> list[str]:
    return [unit.span.of(text) for unit in units(text)]


def _one(text: str, words: str) -> Unit:
    return next(unit for unit in units(text) if words in unit.span.of(text))


def test_sentences_items_and_rows_may_be_quoted_but_not_headings_heads_or_rules() -> None:
    assert _quoted(TEXT) == [
        "Install the package with pip:",
        "First item.",
        "Second *item* here",
        "| `a` | the first |",
        "| `b` | the second |",
        "It ends.",
        "They stay.",
    ]


def test_a_code_block_belongs_to_the_sentence_before_it() -> None:
    first, *rest = units(TEXT)
    assert first.attached is not None
    assert first.attached.of(TEXT).splitlines()[1] == "pip install it"
    assert first.has_code
    assert not any(unit.has_code for unit in rest)


def test_code_under_a_heading_stands_for_itself() -> None:
    text = "## Run\n\n```sh\nmake demo\n```\n"
    (unit,) = units(text)
    assert (unit.kind, unit.span.of(text)) == ("code", "```sh\nmake demo\n```")
    assert unit.heading is not None
    assert unit.heading.of(text) == "Run"


def test_a_list_belongs_to_the_line_that_leads_to_it() -> None:
    text = "There are two ways:\n\n- by hand\n- by script,\n  with care\n\nThat is all."
    lead, *items, last = units(text)
    assert lead.attached is not None
    assert lead.is_lead
    assert lead.attached.of(text) == "- by hand\n- by script,\n  with care"
    assert [item.span.of(text) for item in items] == ["by hand", "by script,\n  with care"]
    assert last.span.of(text) == "That is all."


def test_a_long_code_block_is_left_out() -> None:
    text = "See:\n\n```\n" + "x = 1\n" * ATTACHED + "```\n"
    assert units(text)[0].attached is None


def test_a_unit_knows_its_heading_and_what_it_is_to_be_read_with() -> None:
    item, row, they = _one(TEXT, "First"), _one(TEXT, "second"), _one(TEXT, "They")
    assert all(unit.heading is not None and unit.heading.of(TEXT) == "Install" for unit in (item, row, they))
    assert row.before is not None
    assert row.before.of(TEXT) == "| name | meaning |"
    assert they.before is not None
    assert they.before.of(TEXT) == "It ends."
    assert they.follows
    assert not item.follows


def test_a_question_of_the_text_is_no_answer_but_stands_over_what_follows() -> None:
    text = "Why is it slow?\nIt reads every file."
    (unit,) = units(text)
    assert unit.span.of(text) == "It reads every file."
    assert unit.heading is not None
    assert unit.heading.of(text) == "Why is it slow?"


@given(st.text(alphabet="aB. \n#|-`*1?:>", max_size=200))
def test_units_are_in_order_and_within_the_text(text: str) -> None:
    found = units(text)
    spans = [unit.span for unit in found]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert spans == sorted(spans, key=lambda span: span.start)
    assert all(any(c.isalnum() for c in unit.whole.of(text)) for unit in found if unit.kind != "code")
    assert all(unit.attached is None or unit.attached.start >= unit.span.end for unit in found)
