"""What a guard costs grows with the length of the text and not faster, whatever the text is made of.

The texts are pumped from the guards' own patterns: each pattern is taken apart, and short runs of what it matches are
repeated, whole and with a character that breaks the match at the end. Time is measured as CPU time of this thread at
two lengths, and only their ratio counts, with a wide margin: what is linear doubles, what is quadratic quadruples.
"""

import random
import re
import time
from re import _constants as op
from re import _parser as parser

import pytest
import regex

from citeward.contracts.guardrail import Origin, Outgoing
from citeward.guardrails import escapes, masker, vault
from citeward.guardrails.pii import (
    accounts,
    addresses,
    credentials,
    cues,
    documents,
    keys,
    lookalikes,
    phones,
    recognizers,
    scan,
    wallets,
)
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.leakage import LeakageGuard
from citeward.guardrails.withheld.secrets import SecretsGuard, SecretsOptions

MODULES = (
    accounts, addresses, credentials, cues, documents, escapes, keys, lookalikes, masker, phones, recognizers, scan,
    vault, wallets,
)  # fmt: skip
RANDOM = random.Random(5)
FIND = recognizers.finder(floor=0.4)
PROMPT = "You keep the harbour's books and answer its captains from the passages below, in the order of their numbers."
SECRET = "sk-Harbour_7Kq42-xYz"
WINDOW = scan.HOLDBACK + 48
"""Characters of the longest text that a pattern is ever shown."""


def patterns():
    """Every compiled pattern of the modules, by name."""
    for module in MODULES:
        for name, value in sorted(vars(module).items()):
            if isinstance(value, (re.Pattern, regex.Pattern)):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", value
    yield "accounts._shape", accounts._shape(34)


PATTERNS = dict(patterns())
WHOLE = {"credentials._NO_VALUE", "credentials._ATTRIBUTE", "credentials._ASSIGNED"}
"""Those that are asked of one word, and never searched for."""


def runs(tree, most=3):
    """Short strings that the parts of a parsed pattern match, one after the other."""
    out = ""
    for kind, value in tree:
        match kind:
            case op.LITERAL:
                out += chr(value)
            case op.NOT_LITERAL:
                out += "~" if value != ord("~") else "-"
            case op.ANY:
                out += "a"
            case op.IN:
                out += member(value)
            case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
                low, high, inner = value
                for _ in range(max(low, min(high, RANDOM.randint(1, most)))):
                    out += runs(inner, most)
            case op.BRANCH:
                out += runs(RANDOM.choice(value[1]), most)
            case op.SUBPATTERN:
                out += runs(value[3], most)
            case op.ATOMIC_GROUP:
                out += runs(value, most)
            case op.GROUPREF:
                out += RANDOM.choice(" -.")
    return out


def member(items):
    """A character of a class."""
    choices = []
    negated = any(kind is op.NEGATE for kind, _ in items)
    for kind, value in items:
        if kind is op.LITERAL:
            choices.append(chr(value))
        elif kind is op.RANGE:
            choices.append(chr(RANDOM.randint(*value)))
        elif kind is op.CATEGORY:
            choices.append({op.CATEGORY_DIGIT: "7", op.CATEGORY_SPACE: " ", op.CATEGORY_WORD: "w"}.get(value, "~"))
    if not negated:
        return RANDOM.choice(choices or ["x"])
    return RANDOM.choice([char for char in "a7-.@~w" if char not in choices] or ["§"])


def pumps(pattern, count=6):
    """Units to repeat: what the pattern matches, and pieces of it."""
    source = pattern.pattern.replace(r"\p{L}", "[a-z]")
    tree = parser.parse(source, pattern.flags & (re.VERBOSE | re.IGNORECASE | re.DOTALL | re.MULTILINE))
    for _ in range(count):
        unit = runs(tree)
        if unit:
            cut = RANDOM.randint(1, len(unit))
            yield unit
            yield unit[:cut]
            yield unit[RANDOM.randrange(len(unit)) :]


def seconds(work):
    best = float("inf")
    for _ in range(2):
        started = time.thread_time()
        work()
        best = min(best, time.thread_time() - started)
    return best


def filled(unit, length, end="\x00"):
    return (unit * (length // len(unit) + 1))[: length - len(end)] + end


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_costs_more_than_its_share_for_a_longer_text(name):
    pattern = PATTERNS[name]
    units = dict.fromkeys([*pumps(pattern), "a", "7", " ", "-", ".", "@", "a-", "7 ", "a.", "A", "&#", "%2"])
    for unit in units:
        short, long = filled(unit, WINDOW), filled(unit, 4 * WINDOW)
        look = pattern.fullmatch if name in WHOLE else lambda text: list(pattern.finditer(text))
        first = seconds(lambda: look(short))  # noqa: B023  called at once
        second = seconds(lambda: look(long))  # noqa: B023
        assert second < 8 * first + 0.02, f"{name} costs {second:.3f} s for {len(long)} characters of {unit!r}"


def personal_data(text):
    scanner = scan.Scanner(FIND)
    return [*scanner.feed(text), *scanner.close()]


def secrets(text):
    made = SecretsGuard(
        {Origin.MODEL: Thresholds(modify=1)}, SecretsOptions(environment=()), values=[SECRET, "ab" * 20]
    )
    guard = made.stream(Origin.MODEL, Outgoing())
    return guard.feed(text) + guard.close()


def leakage(text):
    given = (PROMPT[20:] * 40, "x" * 4000)
    made = LeakageGuard({Origin.MODEL: Thresholds(modify=1)})
    guard = made.stream(Origin.MODEL, Outgoing(prompt=PROMPT, passages=given))
    return guard.feed(text) + guard.close()


UNITS = [
    "a", "7", "7 ", "77 ", " ", "@", "a@", "a@b.co ", "a.", "a_", "-", "1-", "1/", "1.", "1.1.1.1 ", "a:", "1::", ":::",
    "(1", "(12) ", "+1", "+1 415 555 2671 ", "415-555-2671 ", "4294 1996 8255 0949 ", "DE89 ",
    "GB29NWBK60161331926819 ",
    "password abc12345 ", "a1b2c3d4e ", "passport A1 ", "AB12 ", "1\n", "%40", "&#64;", "\\u0040", "%C3", "&amp;",
    "中a@", "７", "я1@я.рф", '"a', '"a b"@', "sk-", "eyJabcdefghijk.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n", "http://a:b", "e\u0301", "a\u200b", "47223179-9330-4259-b66c-f2db26efb20c ",
    SECRET, SECRET[:-1] + " ", "ab", PROMPT, PROMPT[:-1], "<", "<EMAIL_1", "ﷺ",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("work", [personal_data, secrets, leakage])
def test_a_text_of_double_length_costs_about_double(work):
    work("mia@firma.de, 0171 2345678, " + PROMPT)
    for unit in UNITS:
        short, long = filled(unit, 3_000), filled(unit, 12_000)
        first, second = seconds(lambda: work(short)), seconds(lambda: work(long))  # noqa: B023  called at once
        assert second < 8 * first + 0.05, (
            f"{unit!r}: {first * 1000:.1f} ms, and {second * 1000:.1f} ms at four times the length"
        )
