"""Telephone numbers that no national plan decides: as they are written, and by the words before them.

Presidio asks `phonenumbers` whether a number is valid in a few countries. That misses numbers of all other countries
written without their code, and numbers with a digit too few, which are no less somebody's. Here the form decides: a
plus sign, an area code in brackets, pairs of digits; any other grouping where the words before speak of a telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.cues import Cue, cue

_END = r"(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?(?![\d\w]|[.,:/-]\d)"
# Groups of digits with something between them, so that no row of digits can be read in two ways.
_GROUPS = r"(?:(?:[\x20./-]{1,2}\(?|\(|(?<=\)))\d{1,12}\)?){0,6}"
_SURE = re.compile(
    rf"""(?<![\w.,:/+(-])(?:
      \+\d{{1,15}}{_GROUPS}
    | \(\d{{2,5}}\)[ -]?\d{{2,4}}(?:[ .-]\d{{2,4}}){{1,3}}
    | \d{{2}}(?P<gap>[.-])\d{{2}}(?:(?P=gap)\d{{2}}){{2,3}}
    ){_END}""",
    re.VERBOSE,
)
_GROUPED = re.compile(rf"(?<![\w.,:/+(-])\(?\d{{1,15}}\)?{_GROUPS}{_END}")
_DATE = re.compile(
    r"\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d{2}|(?:19|20)\d{2}[-./]\d{1,2}[-./]\d{1,2}|(?:19|20)\d{2}[-/](?:19|20)\d{2}"
)
_SCORE_SURE, _SCORE_CUED = 0.45, 0.5
LEAST, MOST = 7, 15
"""Digits; E.164 allows 15."""


def phones(text: str, before: str = "", /) -> Iterator[Finding]:
    """Telephone numbers in `text`, with what stands before it as context."""
    for match in _SURE.finditer(text):
        if LEAST < _digits(match[0]) <= MOST + 6:
            yield _finding(match, _SCORE_SURE)
    for match in _GROUPED.finditer(text):
        if (
            LEAST <= _digits(match[0]) <= MOST
            and not _DATE.match(match[0])
            and cue(before + text[: match.start()]) is Cue.PHONE
        ):
            yield _finding(match, _SCORE_CUED)


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))


def _finding(match: re.Match[str], score: float) -> Finding:
    return Finding(kind="PHONE_NUMBER", start=match.start(), end=match.end(), score=score)
