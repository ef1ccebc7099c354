"""Dates and ages by rules; relative ones (`next week`) tell nothing of a person and are left alone."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from citeward.guardrails.pii.ner.words import MONTHS, WEEKDAYS
from citeward.text.sentences import Span

_YEAR = r"(?:1[6-9]|20)\d{2}"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = rf"{_DAY}(?:st|nd|rd|th)?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[ ]?[AaPp]\.?[Mm]\b\.?)?"
_DATE = regex.compile(
    rf"""
    (?<![\w.,/$€£-])(?:
      {_YEAR}-{_MONTH}-{_DAY}(?:[T ]{_CLOCK})?(?:Z|[+-]\d{{2}}:?\d{{2}})?
    | {_DAY}[/.-]{_DAY}[/.-](?:{_YEAR}|\d{{2}})(?:[ ]{_CLOCK})?
    | (?:{WEEKDAYS},?[ ])?(?i:{MONTHS})\.?[ ]{_ORDINAL}(?:,?[ ]{_YEAR})?
    | (?:{WEEKDAYS},?[ ])?{_ORDINAL}(?:[ ]of)?[ -]{MONTHS}\.?(?:,?[ -]{_YEAR})?
    | {MONTHS}\.?,?[ ](?:of[ ])?{_YEAR}
    | {WEEKDAYS}
    | (?:1[89]|20)\d{{2}}s?
    )(?![\w/-]|[.,]\d)
    """,
    regex.VERBOSE,
)
_NUMBER = r"(?:1[01]\d|[1-9]?\d)"
_AGE = regex.compile(
    rf"""
    (?<![\w.,$€£-])(?:
      (?P<it>{_NUMBER})
        (?=[ -]?(?:years?|yrs?|months?)[ -]?olds?\b | [ ]years?[ ]of[ ]age\b | [ ]?(?:y/o|yo|y\.o\.?)(?!\w))
    | (?i:\bage[ds]?|\baged?[ ](?:of|is|was|at)|\baged?:|\bage[ ]group:?)[ ]{{1,2}}(?P<it>{_NUMBER})
    | (?i:\bturn(?:s|ed|ing)?)[ ](?P<it>{_NUMBER})(?![ ]?(?:%|percent|degrees|of|[ap]m))
    | (?i:\b(?:when|while|since)[ ](?:i|he|she|they|we|you)[ ](?:was|were))[ ]
        (?:only[ ]|just[ ]|about[ ])?(?P<it>{_NUMBER})
    | (?i:\b(?:i|he|she)(?:['’]m|['’]s|[ ]am|[ ]is|[ ]was))[ ](?:now[ ]|only[ ]|just[ ]|already[ ])?
        (?P<it>[1-9]\d|1[01]\d)(?=[.,!?;)]|[ ](?:and|but|now|next|already)\b|$)
    )(?![\w%]|[.,:/]\d|-\d)
    """,
    regex.VERBOSE,
)


def dates(text: str) -> Iterator[Span]:
    """Calendar dates, days of the week, years from 1800 on, with the time of day that follows."""
    for match in _DATE.finditer(text):
        yield Span(*match.span())


def ages(text: str) -> Iterator[Span]:
    """How old somebody is: the number alone."""
    for match in _AGE.finditer(text):
        yield Span(*match.span("it"))
