"""Characters written as escapes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.escapes import LONGEST, begun, escaped

FORMS = ["%{:02x}", "%25{:02X}", "%2525{:02x}", "%u{:04x}", "&#{};", "&#x{:x};", "&amp;#{};", "&#X{:X}", "&#0{};"]
FORMS += ["\\x{:02x}", "\\u{:04x}", "\\U{:08x}", "\\u{{{:x}}}", "\\x{{{:X}}}", "\\\\x{:02x}", "\\{:03o}"]
PIECES = st.one_of(
    st.builds(lambda form, char: form.format(ord(char)), st.sampled_from(FORMS), st.sampled_from("Zk7-~")),
    st.sampled_from(
        ["%C3%A9", "%E2%82%AC", "%F0%9F%99%82", "%C3", "%2", "&", "&#", "&amp", "\\", "\\u00", "%u12", "5 %", "a"]
    ),
    st.text("%&#;\\ux25aAmp0{}", max_size=6),
)


def decoded(text: str) -> str:
    out, done = "", 0
    for one in escaped(text):
        out, done = out + text[done : one.start] + one.char, one.end
    return out + text[done:]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read(form):
    assert decoded("a" + form.format(ord("Z")) + " b") == "aZ b"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("caf%C3%A9", "café"),
        ("%E2%82%AC5", "€5"),
        ("mia&commat;firma&period;de", "mia@firma.de"),
        ("R&D, 5 % and C:\\temp", "R&D, 5 % and C:\\temp"),
        ("&nosuch; &#0; %zz \\u00", "&nosuch; &#0; %zz \\u00"),
        ("%C3x", "%C3x"),
    ],
)
def test_what_is_no_escape_stays(text, plain):
    assert decoded(text) == plain


@pytest.mark.fuzz
@given(st.lists(PIECES, max_size=6).map("".join), st.lists(st.integers(0, 80), max_size=6))
def test_however_a_text_is_split_the_same_escapes_are_read_and_little_waits(text, cuts):
    found, offset, waiting = [], 0, ""
    edges = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for start, end in itertools.pairwise(edges):
        waiting += text[start:end]
        decided = begun(waiting)
        found += [(one.start + offset, one.end + offset, one.char) for one in escaped(waiting[:decided])]
        waiting, offset = waiting[decided:], offset + decided
        assert len(waiting) <= LONGEST
    found += [(one.start + offset, one.end + offset, one.char) for one in escaped(waiting)]
    assert found == [(one.start, one.end, one.char) for one in escaped(text)]
