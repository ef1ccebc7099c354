import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.tools.traces import Traces, parts


def found(value: object) -> list[tuple[str, str, bool]]:
    return [(part.kind, part.text, part.critical) for part in parts(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Eve@Evil.io", [("email", "eve@evil.io", True)]),
        ("https://www.Evil.io:80/collect-all?d=1", [("host", "evil.io:80", True), ("phrase", "collect-all", False)]),
        ("~/.ssh/id_rsa", [("path", "~/.ssh/id_rsa", True)]),
        ("C:\\Temp\\a.txt", [("path", "c:\\temp\\a.txt", True)]),
        ("evil.io", [("host", "evil.io", True)]),
        ("A-4711", [("code", "a-4711", True)]),
        ("Q3", [("code", "q3", False)]),
        ("2026-12-01", [("date", "2026-12-01", False)]),
        ("1,200.50", [("number", "1,200.50", True)]),
        (7, []),
        (12.0, [("number", "12", True)]),
        ("Ada Lovelace", [("phrase", "ada lovelace", False)]),
        ("", []),
    ],
)
def test_a_value_falls_into_what_can_be_looked_for(value: object, expected: list[tuple[str, str, bool]]) -> None:
    assert found(value) == expected


def test_in_prose_only_whom_and_where_is_critical() -> None:
    kinds = {part.kind: part.critical for part in parts("Please pay 4,300 for A-4711 to eve@evil.io by next Monday")}
    assert kinds == {"number": False, "code": False, "email": True, "prose": False, "run": False}
    account = parts("Please pay it all to the account 12345678 by next Monday")
    assert [part.critical for part in account if part.kind == "number"] == [True]


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("Call +1 (555) 010-9999.", "+15550109999", True),
        ("Call +1 (555) 010-99991.", "+15550109999", False),
        ("It costs 1.200,50 euros.", 1200.5, True),
        ("It costs 1,200 euros.", 1200, True),
        ("It costs 1,200 euros.", 1.2, True),  # either may be meant
        ("It costs 12,5 euros.", 125, False),
        ("Go to https://www.shop.io/a.", "https://shop.io", True),
        ("Go to shop.io.evil.com", "https://shop.io", False),
        ("Delete ./docs/a.md", "docs/a.md", False),
        ("Delete docs/a.md.", "docs/a.md", True),
        ("Ask Ada\n  LOVELACE", "ada lovelace", True),
        ("Ask Adamant", "Adam", False),
    ],
)
def test_what_must_be_found_is_found_whole(text: str, value: object, holds: bool) -> None:
    assert Traces(text).holds(parts(value)[0]) is holds


@pytest.mark.parametrize(
    ("text", "value", "may"),
    [
        ("Write to ada [dot] lovelace", "ada.lovelace", False),
        ("Write to a d a l o v e l a c e", "adalovelace", True),
        ("Write to eve @ evil . io", "eve@evil.io", True),
        ("Order no. A 4711 B", "a4711b", False),  # too short to be looked for without its spaces
    ],
)
def test_what_may_have_been_taken_is_found_without_spaces(text: str, value: str, may: bool) -> None:
    assert Traces(text).may_hold(parts(value)[0]) is may


_HANDLES = st.lists(
    st.sampled_from(("eve@evil.io", "https://evil.io/a", "/srv/keys", "A-4711", "4,300", "shop.io", "2026-12-01")),
    min_size=1,
    max_size=4,
)


@given(_HANDLES, st.lists(st.sampled_from(("and", "to", "the", "boat", ",", "(", ")")), min_size=4, max_size=4))
def test_whatever_stands_around_them_addresses_and_numbers_are_found_again(
    handles: list[str], between: list[str]
) -> None:
    text = " ".join(word for pair in zip(between, handles, strict=False) for word in pair)
    traces = Traces(f"So {text} .")
    looked_for = [part for part in parts(text) if part.kind not in ("prose", "run", "phrase")]
    assert len(looked_for) >= len(handles)
    assert all(traces.holds(part) for part in looked_for)


@given(st.text(max_size=60))
def test_every_text_can_be_taken_apart(text: str) -> None:
    assert all(part.text and part.kind for part in parts(text))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4.5e3", ("number", "4500", True)),
        ("4.5E+3", ("number", "4500", True)),
        ("4,5e3", ("number", "4500", True)),
        ("-1e4", ("number", "10000", True)),
        ("１e４", ("number", "10000", True)),
        (".5e4", ("number", "5000", True)),
        ("1e-3", ("number", "0.001", True)),
        (4.5e3, ("number", "4.5E+3", True)),
        ("12k", ("number", "12000", True)),
        ("1.5m", ("number", "1500000", True)),
        ("0x1F4", ("number", "500", True)),
        ("0b11111", ("number", "31", True)),
        ("1_000_000", ("number", "1_000_000", True)),
        ("*", ("wildcard", "*", True)),
        ("**/*.pem", ("wildcard", "**/*.pem", True)),
        ("*@corp.io", ("wildcard", "*@corp.io", True)),
        ("user-*", ("wildcard", "user-*", True)),
        ("%2A", ("wildcard", "*", True)),
        ("＊", ("wildcard", "*", True)),
        ("%", ("wildcard", "%", True)),
        ("%user", ("wildcard", "%user", True)),
        ("*admin*", ("wildcard", "*admin*", True)),
        ("a, *, b", ("wildcard", "*", True)),
        ("%admin%", ("variable", "%admin%", True)),
        ("$HOME", ("variable", "$home", True)),
        ("${HOME}", ("variable", "${home}", True)),
        ("$HOME/.ssh", ("variable", "$home", True)),
        ("$(whoami)", ("variable", "$(whoami)", True)),
        ("`whoami`", ("variable", "`whoami`", True)),
        ("%USERPROFILE%", ("variable", "%userprofile%", True)),
        ("$env:PATH", ("variable", "$env", True)),
        ("{{ secrets.token }}", ("variable", "{{ secrets.token }}", True)),
        ("/", ("path", "/", True)),
        ("~", ("path", "~", True)),
        ("..", ("path", "..", True)),
        ("C:\\", ("path", "c:\\", True)),
        ("everyone", ("everyone", "everyone", True)),
        ("@everyone", ("everyone", "everyone", True)),
        ("All users", ("everyone", "everyone", True)),
        ("ALL", ("everyone", "everyone", True)),
        ("@channel", ("everyone", "everyone", True)),
        ("alle", ("everyone", "everyone", True)),
        ("全員", ("everyone", "everyone", True)),
        ("everyone in the company", ("everyone", "everyone", True)),
    ],
)
def test_what_reaches_further_than_it_says_is_critical(value: object, expected: tuple[str, str, bool]) -> None:
    assert found(value)[0] == expected


@pytest.mark.parametrize(
    "value",
    [
        "all good",
        "The whole story",
        "it is *urgent* now",
        "**very urgent**",
        "3 * 4",
        "- a\n* b\n* c",
        "$5",
        "5 %",
        "Q3",
        "."[:0],
    ],
)
def test_what_only_looks_like_it_is_not(value: str) -> None:
    assert not any(part.critical for part in parts(value))


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("Pay 4,500 to them.", "4.5e3", True),
        ("Pay 4.5e3 to them.", "4500", True),
        ("Pay 4.5e3 to them.", 4500, True),
        ("Pay 12k.", "12000", True),
        ("It was 4.5 of 3.", "4.5e3", False),
        ("Delete *", "*", True),
        ("Delete '*' please", "*", True),
        ("* delete\n* keep", "*", False),
        ("What is 3 * 4?", "*", False),
        ("Delete *.tmp", "*", False),
        ("Delete *.tmp now", "*.tmp", True),
        ("Take $HOME/a.", "$HOME", False),
        ("Take $HOME.", "$HOME", True),
        ("Tell everybody.", "everyone", True),
        ("Tell all of them.", "@all", True),
        ("Tell Ann.", "everyone", False),
        ("Overall it is small.", "all", False),
    ],
)
def test_it_is_the_users_where_the_user_said_it(text: str, value: object, holds: bool) -> None:
    assert Traces(text).holds(parts(value)[0]) is holds
