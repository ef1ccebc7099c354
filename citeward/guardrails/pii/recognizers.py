"""Personal data in a short piece of text, by Presidio's recognizers.

The recognizers are used directly: no analyzer engine, no language model. `import presidio_analyzer` brings spaCy all
the same (its package imports every NLP engine), about a second and 100 MB once a process, and there is no clean way
around that: so it is imported when a policy first needs it, in a thread (`Rails.warm`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.credentials import KINDS as CREDENTIALS
from citeward.guardrails.pii.credentials import SECRET, credentials, secrets
from citeward.guardrails.pii.documents import KINDS as DOCUMENTS
from citeward.guardrails.pii.documents import documents
from citeward.guardrails.pii.phones import phones
from citeward.guardrails.pii.wallets import wallets

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

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
REGIONS: tuple[str, ...] = ("US", "GB", "DE", "FR", "IN", "BR")
"""Where a telephone number without a country code may be from."""
PHONE_DIGITS = 7
"""Fewer digits are never taken for a telephone number: national plans hold some, but prose holds many more."""

# Ranges that Presidio's own pattern leaves out; the checksum decides, as for its own.
_MORE_CARDS = {
    "Mastercard, 2 series": r"\b2[2-7]\d{2}[- ]?\d{4}[- ]?\d{4}[- ]?\d{4}\b",
    "JCB, 15 digits": r"\b(?:2131|1800)\d{11}\b",
    "Visa and UnionPay, 19 digits": r"\b[46]\d{3}(?:[- ]?\d{4}){3}[- ]?\d{3}\b",
    "Maestro, 12 and 13 digits": r"\b(?:50|5[6-9]|6\d)\d{10,11}\b",
}


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


# What a recognizer's own pattern cannot match without; so skipping it then changes no result.
_NEEDS: dict[str, Callable[[_Facts], bool]] = {
    "EMAIL_ADDRESS": lambda facts: "@" in facts.text,
    "CREDIT_CARD": lambda facts: facts.digits >= 12,
    "IBAN_CODE": lambda facts: facts.digits >= 2 and len(facts.text) >= 12,
    "IP_ADDRESS": lambda facts: facts.text.count(".") >= 3 or facts.text.count(":") >= 2,
    "PHONE_NUMBER": lambda facts: facts.digits >= PHONE_DIGITS,
    "US_SSN": lambda facts: facts.digits >= 9,
}


class Look(Protocol):
    """Looks for something by rules of this package's own."""

    def __call__(self, text: str, before: str = "", /) -> Iterable[Finding]:
        """The findings, by offsets into `text`; they may overlap."""
        ...


# Kinds that share a pass, what each pass needs, and the pass.
_LOOKS: tuple[tuple[frozenset[str], Callable[[_Facts], bool], Look], ...] = (
    (frozenset(CREDENTIALS), lambda facts: bool(facts.text), credentials),
    (frozenset({SECRET}), lambda facts: facts.digits >= 1, secrets),
    (frozenset({"PHONE_NUMBER"}), lambda facts: facts.digits >= PHONE_DIGITS, phones),
    (frozenset({*DOCUMENTS, "US_SSN", "CREDIT_CARD"}), lambda facts: facts.digits >= 4, documents),
    (frozenset({"CRYPTO"}), lambda facts: len(facts.text) >= 26, wallets),
    (frozenset({"URL"}), lambda facts: "://" in facts.text or "www." in facts.text, lambda text, _="": _urls(text)),
)
_URL = re.compile(r"(?i)(?<![\w@])(?:https?://|www\.)[^\s<>\"'`{}|\\^]{3,256}(?<![.,;:!?)\]])")


@functools.cache
def load(regions: tuple[str, ...] = REGIONS) -> dict[str, EntityRecognizer]:
    """Presidio's recognizers by entity; the first call imports the package, about a second."""
    import tldextract
    from presidio_analyzer import Pattern
    from presidio_analyzer import predefined_recognizers as presidio

    # The bundled list only: left to itself, tldextract fetches the public suffix list from the network.
    suffixes = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    suffixes("warm.example.com")

    class OfflineEmailRecognizer(presidio.EmailRecognizer):
        """Presidio's, asking the bundled suffix list."""

        def validate_result(self, pattern_text: str) -> bool:
            return bool(suffixes(pattern_text).fqdn)

    cards = [Pattern(name, shape, 0.3) for name, shape in _MORE_CARDS.items()]
    return {
        "EMAIL_ADDRESS": OfflineEmailRecognizer(),
        "CREDIT_CARD": presidio.CreditCardRecognizer([*presidio.CreditCardRecognizer.PATTERNS, *cards]),
        "IBAN_CODE": presidio.IbanRecognizer(),
        "IP_ADDRESS": presidio.IpRecognizer(),
        "PHONE_NUMBER": presidio.PhoneRecognizer(supported_regions=regions),
        "US_SSN": presidio.UsSsnRecognizer(),
    }


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
        floor: The least score, 0..1. Presidio's: 1 where a checksum or suffix list agreed, .6 an IP address,
            .5 a social security number with its hyphens or what the words before say, .4 a telephone number that its
            country's plan allows, .05 nine bare digits.
        least: By entity, a higher least score.
        regions: ISO codes of the countries whose telephone numbers are known without a country code.
        eager: Run every recognizer on every text; slower, and the result is the same (tests hold it to that).
    """
    wanted = frozenset(entities)

    def find(text: str, before: str = "", /) -> Sequence[Finding]:
        found: list[Finding] = []
        facts = _Facts(text, sum(map(str.isdecimal, text)))
        for entity, needs in _NEEDS.items():
            if entity in wanted and (eager or needs(facts)):
                found += _analyze(load(regions)[entity], entity, text, floor)
        for kinds, needs, look in _LOOKS:
            if not kinds.isdisjoint(wanted) and (eager or needs(facts)):
                found += (one for one in look(text, before) if one.kind in wanted and one.score >= floor)
        if least:
            found = [one for one in found if one.score >= least.get(one.kind, 0.0)]
        return resolve(found) if found else ()

    return find


def _analyze(recognizer: Any, entity: str, text: str, floor: float) -> Iterable[Finding]:
    if entity == "IBAN_CODE" and len(upper := text.upper()) == len(text):
        text = upper  # written in small letters it is no other account
    for result in recognizer.analyze(text, [entity], None):
        if result.score < floor:
            continue
        if entity == "PHONE_NUMBER" and sum(map(str.isdecimal, text[result.start : result.end])) < PHONE_DIGITS:
            continue
        if entity == "IP_ADDRESS" and _is_numbering(text, result.start, result.end):
            continue
        yield Finding(kind=entity, start=result.start, end=result.end, score=float(result.score))


def _urls(text: str) -> Iterator[Finding]:
    for match in _URL.finditer(text):
        yield Finding(kind="URL", start=match.start(), end=match.end(), score=0.6)


def _is_numbering(text: str, start: int, end: int) -> bool:
    """Whether four numbers are part of a longer row, as in section 4.5.6.7.8."""
    return (text[end : end + 1] == "." and text[end + 1 : end + 2].isdecimal()) or (
        text[start - 1 : start] == "." and text[start - 2 : start - 1].isdecimal() and start > 1
    )


def resolve(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without overlaps, in order: of two that overlap the longer stays, then the surer."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (f.start - f.end, -f.score, f.start, f.kind)):
        if all(finding.end <= other.start or other.end <= finding.start for other in kept):
            kept.append(finding)
    return tuple(sorted(kept, key=lambda f: f.start))
