"""Small words of English, and what they do to a question."""

from __future__ import annotations

import re
from itertools import pairwise

from citeward.text.words import stem

NEGATIONS = frozenset(
    """not no never none neither nor without cannot nobody nothing nowhere hardly scarcely unable instead except
    unless""".split()
)
_NOT_NEGATING = re.compile(
    r"\b(?:or not|not only|if not|no matter|no longer|not any ?more|why not)\b|^no,|\bno\.(?=\s*\d)", re.IGNORECASE
)
_ENDED = re.compile(r"\b(?:no longer|not any ?more|any ?more)\b", re.IGNORECASE)
_YET = re.compile(r"\b(?:has|have|had|is|are|was|were)\s+yet\s+to\b", re.IGNORECASE)
"""Says that something has not happened."""
FILLERS = frozenset(
    stem(word)
    for word in """please exactly really actually simply basically currently possible way want need like know tell
    explain help show use using used employ utilize work get got let make sure someone anyone people thing
    something anything question answer example thanks hello mean say kind type able does quick quickly
    easily correctly proper properly right there given certain specific specified particular respective various give
    provide available exist ability yes either also thus however within serve""".split()
)
"""Stems that say how a question is put, not what it is about."""
_ENGLISH = frozenset(
    """the how what are do does did can which who when where why to and my with for you it from this that not have has
    be or by if should could would your there its their a is of in on as at an""".split()
)
_NEIGHBOURS = frozenset(
    """der das und nicht wie ist ein eine den dem für mit auf von zu le la les des est comment pas une dans pour qui que
    el los las como es por para con del il che di non gli della het een niet van voor wat hoe os não do da em uma och
    att det är som på jak nie czy jest""".split()
)
_TENSES = {
    "past": frozenset("was were did had wasn't weren't didn't hadn't".split()),
    "future": frozenset("will shall won't".split()),
}
_MODES = {
    "may": frozenset("can could may might allowed possible able can't cannot couldn't".split()),
    "must": frozenset("must need needs have-to required mandatory necessary".split()),
    "should": frozenset("should ought recommended advisable shouldn't".split()),
}
_SUPERLATIVE = re.compile(r"(?:most|least|worst|[a-z]{3,}est|best)$")
_NOT_SUPERLATIVE = frozenset(
    """test latest rest west nest request interest forest harvest invest suggest digest manifest guest quest contest
    protest ingest honest modest chest vest tempest arrest conquest""".split()
)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|gets?)\b(?:\s+\w+){0,2}?"
    r"\s+(?!(?:used|employed|utilized|utilised|needed|required|supposed|meant|called)\b)"
    r"\w+(?:ed|en|wn|lt|nt|ought|ade|ut|ead|ept|un)\b"
)


def negations(text: str, tokens: re.Pattern[str]) -> int:
    """How often the text negates; set phrases such as "or not" do not, "have yet to" does."""
    spoken = tokens.findall(_NOT_NEGATING.sub(" ", text).lower())
    return sum(1 for word in spoken if word in NEGATIONS or word.endswith("n't")) + len(_YET.findall(text))


def ended(text: str) -> bool:
    """Whether it says `no longer`, which is neither yes nor never."""
    return bool(_ENDED.search(text))


def tenses(words: tuple[str, ...]) -> frozenset[str]:
    """Of `past` and `future`, as auxiliaries tell them."""
    return frozenset(name for name, members in _TENSES.items() if not members.isdisjoint(words))


def modes(words: tuple[str, ...]) -> frozenset[str]:
    """Of `may`, `must` and `should`."""
    said = set(words)
    if any(one in ("have", "has") and other == "to" for one, other in pairwise(words)):
        said.add("have-to")
    return frozenset(name for name, members in _MODES.items() if not members.isdisjoint(said))


def superlative(words: tuple[str, ...]) -> bool:
    """Whether the one that is most of something is meant."""
    return any(_SUPERLATIVE.match(word) and word not in _NOT_SUPERLATIVE for word in words)


def passive(text: str) -> bool:
    """Whether the text is in the passive voice, as far as endings tell."""
    return bool(_PASSIVE.search(text.lower()))


def is_english(words: tuple[str, ...], text: str) -> bool:
    """Whether small words of English outweigh those of its neighbours, in letters that English is written in."""
    if any(char.isalpha() and char > "ɏ" for char in text):
        return False
    return sum(word in _ENGLISH for word in words) > sum(word in _NEIGHBOURS for word in words)
