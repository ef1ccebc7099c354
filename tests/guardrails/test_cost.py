"""What no text may do to a guard: make it raise, or take time that grows faster than the text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.citations.align import Aligner
from citeward.citations.markers import MarkerStream
from citeward.guardrails.characters import hidden, neutralise, plain, unleeted, unspaced
from citeward.guardrails.classifier.apart import apart
from citeward.guardrails.classifier.surface import surfaces
from citeward.guardrails.classifier.windows import lines, parts
from citeward.guardrails.grounding import GroundingGuard
from citeward.guardrails.injection.guard import attacks
from citeward.guardrails.injection.payloads import ciphers, payloads
from citeward.guardrails.injection.readings import readings
from citeward.text.sentences import sentences
from citeward.text.tokens import estimate_tokens
from citeward.text.words import content_words

SHORT, LONG = 1_500, 6_000
"""Characters: four times as many may take some eight times as long, and not sixteen times, as a square would."""
BOUND = 8
FREE = 0.05
"""Seconds of the processor that are too short to compare."""


def marked(text):
    stream = MarkerStream(3)
    return [*stream.feed(text), *stream.close()]


GUARDS = {
    "sentences": sentences,
    "words": content_words,
    "tokens": estimate_tokens,
    "plain": lambda text: (plain(text), neutralise(text), unleeted(text), unspaced(text), hidden(text)),
    "readings": readings,
    "payloads": lambda text: (list(payloads(text)), list(ciphers(text))),
    "windows": lambda text: (apart([span.of(text) for span in lines(text)]), parts(text)),
    "surfaces": lambda text: surfaces([span.of(text) for span in parts(text)]),
    "injection": lambda text: (attacks(text), attacks(text, in_data=True)),
    "grounding": GroundingGuard({})._claims,
    "markers": marked,
    "alignment": lambda text: Aligner(text).find(text[: len(text) // 2] + " x"),
}
# What the patterns are made of.
PIECES = (
    ". ! … 。 ' ) ( [ ] \" ` ``` ~ * _ - # > | 1 1. , 0 : / \\ @ = & % < <!-- --> /* */ ]( [1] [1, ![ <img <b> {{ "
    "\\u0069 \\x69 %41 &#105; &#x69; &amp; =41 U+0069 QUJD 68 0x68 105 01101001 .- -... x@a.b http://a.b/ www. "
    "a A é ß İ ſ ﬁ ﷺ ½ а 中 が 한 हि ก ؟ 😀 🏴 ignore all previous the very instructions your rules system: in never "
    "write you are now act as show do not tell me if no erongi vtaber forget told i"
).split(" ")
UNSEEN = [
    "",
    " ",
    "\n",
    "\n\n",
    "\t",
    "\r",
    "\x00",
    "\u00ad",
    "\u200b",
    "\u200d",
    "\u0301",
    "\u0336",
    "\u202e",
    "\ufe0f",
]
UNSEEN += ["\u3000", "\ud800", "\U000e0041", "\U000e0067", "\U000e0100", "\U0001f3f4", "\u2800", "\u2801"]
piece = st.sampled_from([*PIECES, *UNSEEN])
unit = st.lists(piece, min_size=1, max_size=4).map("".join).filter(bool)
around = st.sampled_from(["", "x@a.b", "/ z", "a", "```", "("])


def pumped(unit, length):
    return (unit * (length // len(unit) + 1))[:length]


def seconds(check, text):
    began = time.process_time()
    check(text)
    return time.process_time() - began


@pytest.mark.parametrize("name", GUARDS)
@given(unit=unit, before=around, after=around)
@pytest.mark.fuzz
def test_four_times_the_text_takes_no_more_than_some_four_times_as_long(name, unit, before, after):
    check = GUARDS[name]
    long = f"{before}{pumped(unit, LONG)}{after}"
    if seconds(check, long) <= FREE:
        return
    short = f"{before}{pumped(unit, SHORT)}{after}"
    assert min(seconds(check, long) for _ in range(2)) <= max(
        FREE, BOUND * min(seconds(check, short) for _ in range(3))
    )


@given(text=st.text(max_size=5_000) | st.lists(piece, max_size=1_000).map("".join))
@pytest.mark.fuzz
def test_no_text_makes_a_guard_raise(text):
    for check in GUARDS.values():
        check(text)
    for in_data in (False, True):
        assert all(0 <= f.start <= f.end <= len(text) and 0 < f.score <= 1 for f in attacks(text, in_data=in_data))
