"""What of a value can be looked for in a text, and whether it stands there.

Letters' case, white space, percent escapes and look-alikes of Unicode do not matter. A value that must be found (to
say that the user said it) is found whole: `eve@host` is not in `steve@host`. A value that may have been taken from a
text is also found without its spaces and punctuation, and by five words in a row of a longer one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from citeward.text.words import STOP_WORDS, words

RUN = 5
"""Words in a row that make a longer value a text's."""
LEAST_DIGITS = 2
"""Digits from which a number says where it came from; single ones stand everywhere."""
LEAST_COMPACT = 8
"""Letters and digits from which a value is also looked for without what stands between them."""
_FEW_WORDS = 4
_CODE_DIGITS = 3
"""Digits that make a code (`A-4711`, rather than `Q3`) an address of a kind."""
_LONG_DIGITS = 6
"""Digits from which a number in the middle of prose is an account, a telephone, an order: an address of a kind."""
_HANDLE = re.compile(
    r"(?P<date>(?<![\w-])(?:\d{4}-\d{2}-\d{2}(?:t[\d:.]{4,15}(?:z|[+-]\d{2}:?\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?)(?![\w-]))"
    r"|(?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<url>[a-z][a-z0-9+.-]{1,20}://[^\s<>\"'`]+|www\.[^\s<>\"'`]+)"
    r"|(?P<path>(?<![\w.])(?:[a-z]:)?(?:~|\.{1,2})?(?:[\\/][\w.@~+-]+)+[\\/]?|(?<![\w.])[\w.-]+(?:[\\/][\w.-]+)+)"
    r"|(?P<power>(?<![\w.,])[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d{1,3}|(?:k|m|mn|mio|bn|mrd|tn))(?![\w]))"
    r"|(?P<based>(?<![\w.])0(?:x[\da-f_]+|o[0-7_]+|b[01_]+)(?![\w]))"
    r"|(?P<host>(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,18}(?![\w@]))"
    r"|(?P<code>(?<![\w])(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z0-9]+(?:[-_][a-z0-9]+)*(?![\w]))"
    r"|(?P<number>(?<![\w.,])[-+]?(?:\d{1,3}(?:[ ,.'_]\d{3})+|\d+)(?:[.,]\d+)?(?![\w]))",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w.,])(?P<power>(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d{1,3}|(?:k|m|mn|mio|bn|mrd|tn)))(?![\w])"
    r"|(?<![\w.])(?P<based>0(?:x[\da-f_]+|o[0-7_]+|b[01_]+))(?![\w])"
    r"|(?<![\w])\d{1,3}(?:[ ,.'_\u00a0]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?"
)
_MAGNITUDES = {"k": 3, "m": 6, "mn": 6, "mio": 6, "bn": 9, "mrd": 9, "tn": 12}
_LARGEST = 60
"""Digits of the largest power that is written out."""
_VARIABLE = re.compile(
    r"\$\{[^{}\n]{1,80}\}|\$\([^()\n]{1,200}\)|\$[a-z_]\w*|\$(?=[@*#?](?!\w))[@*#?]|%[a-z_]\w*%|\{\{[^{}\n]{1,80}\}\}"
    r"|`[^`\n]{1,200}`|(?<![\w./\\])env[:.][a-z_]\w*",
    re.IGNORECASE,
)
"""What stands for a value that nobody sees: an environment variable, a command's output, a template's field."""
_WILDCARD = re.compile(r"(?<![^\s,;:=(\[\"'])(?:[\w@./\\~+:{}-]*\*[\w@./\\~+*?:{}-]*|%[a-z_]\w*)(?![^\s,;:)\]\"'.!])")
"""A pattern that stands for any number of things."""
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=\w)[^*\n]+(?<=[\w.!?])\1(?![\w*])")
_SUM = re.compile(r"\d\s*\*\s*\d|^\s*\*\s", re.MULTILINE)
"""An asterisk that multiplies, or begins an item of a list."""
_ROOT = re.compile(r"(?:[a-z]:)?[\\/]{1,2}\.?|\.{1,3}[\\/]?|~[\\/]?", re.IGNORECASE)
"""A whole value that names a root, or the folder that one is in."""
_EVERYONE = frozenset(
    """all any anybody anyone each every everybody everyone everything everywhere whole entire channel here
    alle alles alle allen jeder jeden jede sämtliche todo todos toda todas tout tous toute toutes tutti tutte tutto
    iedereen alla wszyscy все всем всех 全員 全て すべて 所有 所有人 全部 모두 전체 الجميع सभी""".split()
)
"""Words that stand for all there are."""
_GROUPS = frozenset(
    """account accounts address addresses available bookings client clients colleague colleagues company contact
    contacts customer customers data department else employee employees email emails entries entry existing file files
    folder folders friend friends group groups hands item items known list lists mail mails member members message
    messages one order orders organisation organization people person persons possible recipient recipients record
    records registered row rows single staff subscriber subscribers team teams the of in to and our my your their on
    thing things user users worker workers""".split()
)
"""What may stand beside them in a value that names all of something."""
_ALL = "everyone"
"""How a part that names all of something is looked for."""
_LONG_NUMBER = re.compile(r"\d[\d ().\-/\u00a0]{4,30}\d")
_TRAILING = ".,;:!?'\")]}>"
_NUMBER_WORDS = {
    word: Decimal(value)
    for word, value in (
        *zip(
            "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
            range(10, 20),
            strict=True,
        ),
        *zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True),
        ("hundred", 100),
        ("thousand", 1000),
    )
}
_COMMON = STOP_WORDS | frozenset(
    """active add all any answer archive article body call cancel change close code complete content copy create
    current customer daily data date day default delete description details document done draft email english enter
    example false file find first folder general get group help here high home hour important info information input
    item kind last later latest level like line link list long low mail main make manager max medium message minute
    month monthly name need new news next none normal note notes number office open option order other output page
    password people phone place please point post print priority private problem product project public question
    quick read ready record reference regards reminder remove reply report request response result review sale sales
    save search second send service set short show start state status stop subject summary support system task team
    test text thank thanks thing time title today tomorrow true type update urgent user value view want week weekly
    welcome word work write year yes yesterday""".split()
)
"""Words that stand in any text: one of them alone does not show where a value came from."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something of a value that can be looked for."""

    text: str
    """Normalised."""
    kind: str
    """`phrase`, `run` or `prose`, or what it is: email, url, host, path, code, number, wildcard, variable, everyone."""
    critical: bool = False
    """Whether it says whom, where or how much."""
    telling: bool = True
    """Whether finding it in a text says that it came from there."""
    asks: bool = True
    """Whether it says what a call is about, where the user said it: not where all its words are common."""
    numbers: frozenset[Decimal] = frozenset()
    """What a number may mean."""


def normalised(text: str) -> str:
    """One form for all the ways to write the same.

    >>> normalised("Eve%40Evil.io \\n x"), normalised("ｅｖｅ")
    ('eve@evil.io x', 'eve')
    """
    plain = unicodedata.normalize("NFKC", unquote(unquote(text))).casefold()
    # Characters that are not drawn: joiners, marks of direction, soft hyphens.
    seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return " ".join(seen.split())


def parts(value: Any) -> list[Part]:
    """What can be looked for of an argument's value.

    >>> [(part.kind, part.text) for part in parts("Eve <eve@evil.io>")]
    [('email', 'eve@evil.io'), ('phrase', 'eve')]
    """
    if isinstance(value, int | float):
        exact = abs(Decimal(str(value)))
        return list(_number(str(exact.normalize()), frozenset({exact})))
    text = normalised(str(value))
    if not text:
        return []
    reaching = list(_reaching(str(value), text))
    rest = text
    for part in reaching:
        rest = rest.replace(part.text, " ")
    found = [*reaching, *_handles(rest)]
    bare = " ".join(re.sub(r"[<>(){}\[\]]", " ", _HANDLE.sub(" ", rest)).split()).strip(" ,;:")
    said = words(bare)
    prose = len(said) > _FEW_WORDS
    if not prose and _names_all(said):
        return [*found, Part(text=_ALL, kind="everyone", critical=True, telling=False)]
    if prose:
        # Numbers and codes that a model puts into prose are its own; who or where it names is not.
        found = [replace(part, critical=part.critical and not _is_small(part)) for part in found]
        found += list(_runs(words(text), text))
    elif said:
        asks = any(word not in _COMMON for word in said)
        found.append(Part(text=bare, kind="phrase", telling=_is_telling(said), asks=asks))
    return found


def _reaching(written: str, text: str) -> Iterator[Part]:
    """What of a value reaches further than it says: wildcards, variables, roots of file systems.

    >>> [(part.kind, part.text) for part in _reaching("rm $HOME/*", "rm $home/*")]
    [('variable', '$home'), ('wildcard', '/*')]
    """
    if _ROOT.fullmatch(text):
        yield Part(text=text, kind="path", critical=True, telling=False)
        return
    seen = dict.fromkeys(match[0].casefold() for source in (text, written) for match in _VARIABLE.finditer(source))
    for variable in seen:
        yield Part(text=variable, kind="variable", critical=True)
        written = re.sub(re.escape(variable), " ", written, flags=re.IGNORECASE)
    if text.strip() == "%":
        yield Part(text="%", kind="wildcard", critical=True, telling=False)
    for match in _WILDCARD.finditer(_without_stars(written)):
        found = match[0].casefold()
        if not any(found in variable for variable in seen):
            yield Part(text=found, kind="wildcard", critical=True, telling=len(_compact(found)) > 2)


def _without_stars(text: str) -> str:
    """The text without asterisks that multiply, begin an item of a list, or emphasise a part of it."""
    text = _SUM.sub(" ", unicodedata.normalize("NFKC", unquote(text)))
    # A word between asterisks and nothing else is a pattern: what contains it.
    return re.sub(_EMPHASIS, lambda match: match[0] if match[0] == text.strip() and len(match[1]) == 1 else " ", text)


def _names_all(said: list[str]) -> bool:
    """Whether words name all of something, and nothing else: `all users`, and not `all hands on deck at noon`."""
    return any(word in _EVERYONE for word in said) and all(word in _EVERYONE or word in _GROUPS for word in said)


def _handles(text: str) -> Iterator[Part]:
    for match in _HANDLE.finditer(text):
        kind = str(match.lastgroup)
        found = match[0].rstrip(_TRAILING)
        if kind in ("number", "power", "based"):
            numbers = _readings(found) if kind == "number" else _values(found)
            exact = max(numbers, default=Decimal(0))
            yield from _number(found if kind == "number" else f"{exact.normalize():f}", numbers)
        elif kind == "url":
            yield from _url(found)
        else:
            # A date may be worked out from words: "tomorrow at ten" names none.
            minor = kind == "date" or (kind == "code" and _digits(found) < _CODE_DIGITS)
            yield Part(text=found, kind=kind, critical=not minor)


def _url(url: str) -> Iterator[Part]:
    """A host, and what is asked of it: the user may name the one, and a document the other."""
    rest = url.partition("://")[2] or url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    yield Part(text=authority.rpartition("@")[2].removeprefix("www."), kind="host", critical=True)
    for piece in re.split(r"[/?#&=]", rest[len(authority) :]):
        if len(piece) >= LEAST_COMPACT or "@" in piece:
            yield Part(text=piece, kind="phrase", critical="@" in piece)


def _number(written: str, numbers: frozenset[Decimal]) -> Iterator[Part]:
    if _digits(written) >= LEAST_DIGITS:
        yield Part(text=written, kind="number", critical=True, numbers=numbers)


def _runs(said: list[str], text: str) -> Iterator[Part]:
    """The whole of it, which only the user's own words can clear, and each five words of it in a row."""
    yield Part(text=text, kind="prose", telling=False)
    for at in range(len(said) - RUN + 1):
        run = said[at : at + RUN]
        if sum(word not in _COMMON for word in run) > 1:
            yield Part(text=" ".join(run), kind="run")


def _is_telling(said: list[str]) -> bool:
    """Whether words show where they came from: not where all are common, or there is but one short one."""
    rare = [word for word in said if word not in _COMMON]
    return len(rare) > 1 or any(len(word) > 3 for word in rare)


def _is_small(part: Part) -> bool:
    return part.kind in ("number", "code") and _digits(part.text) < _LONG_DIGITS


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


class Traces:
    """One text, and what stands in it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def holds(self, part: Part) -> bool:
        """Whether the part stands here whole."""
        if part.kind == "number":
            return not part.numbers.isdisjoint(self._numbers) or _compact(part.text) in self._long_numbers
        if part.kind == "run":
            return part.text in self._said
        if part.kind == "everyone":
            return not _EVERYONE.isdisjoint(words(self._plain))
        if part.kind in ("wildcard", "variable"):
            # Neither as the beginning of an item of a list, nor inside another one.
            text = _without_stars(self.text).casefold()
            return re.search(rf"(?<![\w*$%/\\.@-]){re.escape(part.text)}(?![\w*%/\\@-]|\.\w)", text) is not None
        if part.kind in ("email", "host", "url", "path"):
            after = r"(?![\w@%+-]|[./\\]\w)" if part.kind != "host" else r"(?![\w@%+-]|\.\w)"
            before = r"(?<![\w.%+-])(?:www\.)?" if part.kind == "host" else r"(?<![\w@.%+~\\/-])"
            return re.search(before + re.escape(part.text) + after, self._plain) is not None
        return re.search(rf"(?<![^\W_]){re.escape(part.text)}(?![^\W_])", self._plain) is not None

    def may_hold(self, part: Part) -> bool:
        """Whether the part may have been taken from here: it stands here, however it is spaced and set off."""
        if self.holds(part):
            return True
        if part.kind in ("run", "prose", "everyone"):
            return False
        compact = _compact(part.text)
        return len(compact) >= LEAST_COMPACT and compact in self._compact

    @cached_property
    def _plain(self) -> str:
        return normalised(self.text)

    @cached_property
    def _said(self) -> str:
        return " ".join(words(self._plain))

    @cached_property
    def _compact(self) -> str:
        return _compact(self._plain)

    @cached_property
    def _long_numbers(self) -> frozenset[str]:
        """Telephone and account numbers, however they are spaced."""
        found = (_compact(match[0]) for match in _LONG_NUMBER.finditer(self._plain))
        return frozenset(digits for digits in found if len(digits) >= _LONG_DIGITS)

    @cached_property
    def _numbers(self) -> frozenset[Decimal]:
        written = (
            reading
            for match in _NUMBER.finditer(self._plain)
            for reading in (_values if match["power"] or match["based"] else _readings)(match[0])
        )
        named = (_NUMBER_WORDS[word] for word in words(self._plain) if word in _NUMBER_WORDS)
        return frozenset((*written, *named))


def _compact(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _readings(written: str) -> frozenset[Decimal]:
    """The values that a number may stand for; one point or comma before three digits may be either.

    >>> sorted(map(str, _readings("1.200,50"))), sorted(map(str, _readings("-12.0"))), len(_readings("1,200"))
    (['1200.5'], ['12'], 2)
    """
    bare = re.sub(r"[ '_\u00a0+-]", "", written)
    marks = [char for char in bare if char in ".,"]
    last = marks[-1] if marks else ""
    tail = len(bare) - bare.rfind(last) - 1 if last else 0
    found = set()
    if len(set(marks)) > 1 or len(marks) == 1:
        whole, _, fraction = bare.rpartition(last)
        found.add(Decimal(f"{re.sub('[.,]', '', whole)}.{fraction}"))
    if len(set(marks)) < 2 and (not marks or len(marks) > 1 or tail == 3):
        found.add(Decimal(re.sub("[.,]", "", bare)))
    return frozenset(value.normalize() for value in found)


def _values(written: str) -> frozenset[Decimal]:
    """The value of a number in another notation than digits alone; none where it is too large to be meant.

    >>> sorted(map(str, map(int, [*_values("4.5e3"), *_values("12k"), *_values("0x1F")])))
    ['12000', '31', '4500']
    """
    plain = written.casefold().lstrip("+-").replace(",", ".")
    if re.match(r"0[xob]", plain):
        digits = plain[2:].replace("_", "")
        return frozenset({Decimal(int(digits, {"x": 16, "o": 8, "b": 2}[plain[1]]))}) if digits else frozenset()
    if match := re.fullmatch(r"([\d.]+)([a-z]+)", plain):
        return frozenset({(Decimal(match[1]) * 10 ** _MAGNITUDES[match[2]]).normalize()})
    value = Decimal(plain)
    return frozenset({value.normalize()}) if abs(value.adjusted()) <= _LARGEST else frozenset({Decimal(10) ** _LARGEST})
