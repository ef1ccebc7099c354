from hypothesis import given
from hypothesis import strategies as st

from citeward.ingest.blocks import Block, blocks, front_matter

_LINES = [
    "# A",
    "Title\n===",
    "a\nb\n---",
    "",
    "words",
    "```",
    "~~~",
    "| a | b |",
    "|---|---|",
    "- item",
    "\f",
    "x\fy",
    "\r",
    " \t",
]


def _parts(text: str) -> list[tuple[str, str]]:
    return [("heading" if block.heading else block.kind, block.span.of(text)) for block in blocks(text)]


@given(st.lists(st.sampled_from(_LINES), max_size=30).map("\n".join) | st.text(max_size=100), st.booleans())
def test_every_character_lies_in_exactly_one_block(text: str, markdown: bool) -> None:
    found: list[Block] = list(blocks(text, markdown=markdown))
    covered = [at for block in found for at in range(block.span.start, block.span.end)]
    assert covered == sorted(set(covered))
    assert {at for at in range(len(text)) if not text[at].isspace()} <= set(covered)
    assert all(block.span.of(text) == block.span.of(text).strip() != "" for block in found)


def test_both_forms_of_headings_are_read() -> None:
    text = "Top\n===\n\nTwo\nlines\n---\ntext\n\n### C# ##\n"
    assert [block.headings for block in blocks(text)] == [
        ("Top",),
        ("Top", "Two lines"),
        ("Top", "Two lines"),
        ("Top", "Two lines", "C#"),
    ]


def test_what_only_looks_like_a_heading_is_none() -> None:
    for text in (
        "- item\n---",
        "> said\n---",
        "a\n-",
        "---",
        "#tag",
        "####### seven",
        "    # code",
        "<b>x</b>\n---",
        "x" * 201 + "\n---",
    ):
        assert not any(block.heading for block in blocks(text)), text


def test_fences_within_lists_are_code() -> None:
    text = "1. Do\n\n   - and\n\n      ```sh\n      # no heading\n\n      run\n      ```\n2. Next"
    assert [kind for kind, _ in _parts(text)] == ["prose", "prose", "code", "prose"]


def test_three_backticks_within_a_line_open_no_fence() -> None:
    assert _parts("```x``` is code\n\nwords") == [("prose", "```x``` is code"), ("prose", "words")]


def test_a_table_begins_at_its_header() -> None:
    text = "These:\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nwords"
    (_, table, _) = blocks(text)
    assert _parts(text) == [("prose", "These:"), ("table", "| a | b |\n|---|:-:|\n| 1 | 2 |"), ("prose", "words")]
    assert table.header == "| a | b |"


def test_a_page_break_ends_a_paragraph_but_not_a_fence() -> None:
    assert _parts("one\ftwo\n\fthree") == [("prose", "one"), ("prose", "two"), ("prose", "three")]
    assert _parts("```\na\fb\n```") == [("code", "```\na\fb\n```")]


def test_front_matter_is_found_at_the_start_only() -> None:
    text = "---\ntitle: T\n---\nBody"
    assert text[front_matter(text).end :] == "Body"
    assert front_matter("\n" + text).end == 0
