"""Personal data in a short piece of text.

Each rule finds candidates in the text as it is read (`reading.read`), in time linear in its length, and a library or a
checksum decides: Presidio's recognizers know the forms of IBANs and social security numbers, libphonenumber the
numbering plans, the public suffix list the ends of domains. `import presidio_analyzer` brings spaCy all the same (its
package imports every NLP engine), about a second and 100 MB once a process, and there is no clean way around that: so
it is imported when a policy first needs it, in a thread (`Rails.warm`).
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii import plans
from citeward.guardrails.pii.accounts import cards, iban_format, ibans
from citeward.guardrails.pii.addresses import is_ending, mails, networks
from citeward.guardrails.pii.credentials import KINDS as CREDENTIALS
from citeward.guardrails.pii.credentials import SECRET, SHORTEST, credentials, secrets
from citeward.guardrails.pii.documents import KINDS as DOCUMENTS
from citeward.guardrails.pii.documents import documents, ssn_rules
from citeward.guardrails.pii.phones import LEAST, phones
from citeward.guardrails.pii.reading import read
from citeward.guardrails.pii.wallets import wallets

ENTITIES: tuple[str, ...] = (
    "EMAIL_ADDRESS",
    "CREDIT_CARD",
    "IBAN_CODE",
    "IP_ADDRESS",
    "PHONE_NUMBER",
    "US_SSN",
    "CRYPTO",
    *DOCUMENTS,
    *CREDENTIALS,
    SECRET,
)
"""What is looked for where a policy names nothing else."""
OPTIONAL: tuple[str, ...] = ("URL",)
"""What can be looked for by its form as well; documents are full of it, and it says little of a person."""
SHORTEST_SPAN = 5
"""Characters; only a network address such as `::1` is shorter."""
REGIONS = plans.REGIONS
"""Where a telephone number without a country code may be from."""


class Find(Protocol):
    """Finds what is sensitive in one short text; spans do not overlap and come in order."""

    def __call__(self, text: str, before: str = "", /) -> Sequence[Finding]:
        """The findings, by offsets into `text`; `before` is what stands before it, as context."""
        ...


@dataclass(frozen=True)
class _Facts:
    """What is cheap to know of a text before any recognizer runs."""

    text: str
    digits: int


class Look(Protocol):
    """Looks for something by rules of this package's own."""

    def __call__(self, text: str, before: str = "", /) -> Iterable[Finding]:
        """The findings, by offsets into `text`; they may overlap."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """Kinds that share a pass over the text."""

    kinds: frozenset[str]
    needs: Callable[[_Facts], bool]
    """What the pass cannot find anything without; so leaving it out then changes no result."""
    look: Look


def _rules(regions: tuple[str, ...]) -> tuple[_Rule, ...]:
    telephone = functools.partial(phones, regions=regions)
    return tuple(
        _Rule(kinds=frozenset(kinds), needs=needs, look=look)
        for kinds, needs, look in (
            (("EMAIL_ADDRESS",), lambda facts: "@" in facts.text, mails),
            (("CREDIT_CARD",), lambda facts: facts.digits >= 12, cards),
            (("IBAN_CODE",), lambda facts: facts.digits >= 2 and len(facts.text) >= 15, ibans),
            (("IP_ADDRESS",), lambda facts: facts.text.count(".") >= 3 or facts.text.count(":") >= 2, networks),
            (("PHONE_NUMBER",), lambda facts: facts.digits >= LEAST, telephone),
            ((*DOCUMENTS, "US_SSN", "CREDIT_CARD"), lambda facts: facts.digits >= 4, documents),
            (CREDENTIALS, lambda facts: len(facts.text) >= SHORTEST, credentials),
            ((SECRET,), lambda facts: facts.digits >= 1, secrets),
            (("CRYPTO",), lambda facts: len(facts.text) >= 26, wallets),
            (("URL",), lambda facts: "://" in facts.text or "www." in facts.text.lower(), _urls),
        )
    )


_URL = re.compile(r"(?i)(?<![\w@])(?:https?://|www\.)[^\s<>\"'`{}|\\^]{3,256}(?<![.,;:!?)\]])")


@functools.cache
def load(regions: tuple[str, ...] = REGIONS) -> None:
    """Import what the rules ask, about a second: Presidio, the numbering plans, the public suffix list."""
    iban_format()
    ssn_rules()
    is_ending("com")
    plans.plans(regions)


def finder(
    entities: Iterable[str] = ENTITIES,
    *,
    floor: float = 0.0,
    least: Mapping[str, float] | None = None,
    regions: tuple[str, ...] = REGIONS,
    eager: bool = False,
) -> Find:
    """A function that finds `entities` whose score reaches `floor`.

    Args:
        entities: Which kinds; others are not looked for.
        floor: The least score, 0..1: 1 when a checksum or the suffix list agreed, .6 for a network address, .5 for a
            social security number with its hyphens and for what the words before say, .45 and .4 for a telephone
            number by its form or its country's plan, .3 for bare digits that a plan has and nothing speaks of.
        least: By entity, a higher least score.
        regions: ISO codes of the countries whose telephone numbers are known without a country code.
        eager: Run every recognizer on every text; slower, and the result is the same (tests hold it to that).
    """
    wanted = frozenset(entities)
    rules = tuple(rule for rule in _rules(regions) if not rule.kinds.isdisjoint(wanted))

    def find(text: str, before: str = "", /) -> Sequence[Finding]:
        reading = read(text)
        plain = reading.text
        if len(plain) < SHORTEST_SPAN and ":" not in plain and not eager:
            return ()
        facts = _Facts(plain, sum(map(str.isdecimal, plain)))
        said: str | None = None
        found: list[Finding] = []
        for rule in rules:
            if not (eager or rule.needs(facts)):
                continue
            if said is None:
                said = read(before).text
            for one in rule.look(plain, said):
                if one.kind in wanted and one.score >= floor:
                    if reading.starts is not None:
                        start, end = reading.span(one.start, one.end)
                        one = Finding(kind=one.kind, start=start, end=end, score=one.score)
                    found.append(one)
        if least:
            found = [one for one in found if one.score >= least.get(one.kind, 0.0)]
        return resolve(found) if found else ()

    return find


def _urls(text: str, _before: str = "", /) -> Iterator[Finding]:
    for match in _URL.finditer(text):
        yield Finding(kind="URL", start=match.start(), end=match.end(), score=0.6)


def resolve(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without overlaps, in order: of two that overlap the longer stays, then the surer."""
    kept: list[Finding] = []
    starts: list[int] = []
    for finding in sorted(findings, key=lambda f: (f.start - f.end, -f.score, f.start, f.kind)):
        place = bisect_left(starts, finding.start)
        if (place and kept[place - 1].end > finding.start) or (place < len(kept) and starts[place] < finding.end):
            continue
        kept.insert(place, finding)
        starts.insert(place, finding.start)
    return tuple(kept)
