"""Dates and ages by rules; relative ones (`next week`) tell nothing of a person and are left alone."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from citeward.guardrails.ner.words import MONTHS, WEEKDAYS
from citeward.text.sentences import Span

_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[ ]?[AaPp]\.?[Mm]\b\.?)?"
_DATE = regex.compile(
    rf"""
    (?<![\w.,/$€£-])(?:
      (?:1[6-9]|20)\d{{2}}-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?:[T ]{_CLOCK})?(?:Z|[+-]\d{{2}}:?\d{{2}})?
    | (?:0?[1-9]|[12]\d|3[01])[/.-](?:0?[1-9]|[12]\d|3[01])[/.-](?:(?:1[6-9]|20)\d{{2}}|\d{{2}})(?:[ ]{_CLOCK})?
    | (?:{WEEKDAYS},?[ ])?(?i:{MONTHS})\.?[ ](?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?:,?[ ](?:1[6-9]|20)\d{{2}})?
    | (?:{WEEKDAYS},?[ ])?(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?:[ ]of)?[ -]{MONTHS}\.?(?:,?[ -](?:1[6-9]|20)\d{{2}})?
    | {MONTHS}\.?,?[ ](?:of[ ])?(?:1[6-9]|20)\d{{2}}
    | {WEEKDAYS}
    | (?:1[89]|20)\d{{2}}(?:s)?
    )(?![\w/-]|[.,]\d)
    """,
    regex.VERBOSE,
)
_NUMBER = r"(?:1[01]\d|[1-9]?\d)"
_AGE = regex.compile(
    rf"""(?<![\w.,$€£-])(?:
      (?P<it>{_NUMBER})(?=[ -](?:years?|yrs?)[ -]?olds?\b|[ ]?(?:y/o|yo|y\.o\.?)(?!\w)|[ ]years?[ ]of[ ]age\b|[ -]?months?[ -]old\b)
    | (?i:\bage[ds]?|\baged?[ ](?:of|is|was|at)|\baged?:|\bage[ ]group:?)[ ]{{1,2}}(?P<it>{_NUMBER})
    | (?i:\bturn(?:s|ed|ing)?)[ ](?P<it>{_NUMBER})(?![ ]?(?:%|percent|degrees|of|[ap]m))
    | (?i:\b(?:when|while|since)[ ](?:i|he|she|they|we|you)[ ](?:was|were))[ ](?:only[ ]|just[ ]|about[ ])?(?P<it>{_NUMBER})
    | (?i:\b(?:i|he|she)(?:['’]m|['’]s|[ ]am|[ ]is|[ ]was))[ ](?:now[ ]|only[ ]|just[ ]|already[ ])?(?P<it>[1-9]\d|1[01]\d)(?=[.,!?;)]|[ ](?:and|but|now|next|already)\b|$)
    )(?![\w:/%-]*[\w%])""",
    regex.VERBOSE,
)
_AGE_TAIL = regex.compile(rf"(?P<it>{_NUMBER})(?=-?(?:years?|yrs?|months?)-olds?\b)")


def dates(text: str) -> Iterator[Span]:
    """Calendar dates, days of the week, years from 1800 on, with the time of day that follows."""
    for match in _DATE.finditer(text):
        yield Span(*match.span())


def ages(text: str) -> Iterator[Span]:
    """How old somebody is: the number alone."""
    taken: set[int] = set()
    for pattern in (_AGE, _AGE_TAIL):
        for match in pattern.finditer(text):
            if match.start("it") not in taken:
                taken.add(match.start("it"))
                yield Span(*match.span("it"))
