"""The words that attacks are made of, in many languages, read from `languages/*.yaml`, and where they stand in a text.

A file names groups of words: `drop` (verbs of ignoring), `earlier`, `orders`, and so on, see `Group`. `word*` stands for
every word that begins so, `...` for up to three words, `(a|b)` for one or the other. Case and accents do not matter.
Where a language writes no spaces, `unspaced: true`, words are found inside of others.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from citeward.declarations import read_yaml

FOLDER = Path(__file__).with_name("languages")
GAP = 3
"""Words that `...` stands for, at most."""


class Group(StrEnum):
    """What a word does in an attack."""

    DROP = "drop"
    """To ignore, to forget."""
    CANCEL = "cancel"
    """To delete, to replace: said of instructions only."""
    EARLIER = "earlier"
    """Previous, above, your."""
    ALL = "all"
    """All, any, every."""
    ORDERS = "orders"
    """Instructions, prompts."""
    RULES = "rules"
    """Rules, restrictions."""
    WEAK = "weak"
    """Orders, policies: what people have as well as models."""
    REVEAL = "reveal"
    """To show, to repeat."""
    SECRET = "secret"
    """The system prompt."""
    WHOSE = "whose"
    """Your, its; a language that has none needs none."""
    PERSONA = "persona"
    """You are now, act as."""
    UNBOUND = "unbound"
    """Without restrictions."""
    ASKS = "asks"
    """May I, people often: what speaks of somebody else than the model."""
    NEGATIONS = "negations"
    """Not, never."""
    MENTIONS = "mentions"
    """Attack, phrase, example: what speaks about an attack."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unspaced: bool = False
    drop: tuple[str, ...]
    cancel: tuple[str, ...] = ()
    earlier: tuple[str, ...]
    all: tuple[str, ...]
    orders: tuple[str, ...]
    rules: tuple[str, ...]
    weak: tuple[str, ...] = ()
    reveal: tuple[str, ...]
    secret: tuple[str, ...]
    whose: tuple[str, ...] = ()
    persona: tuple[str, ...]
    unbound: tuple[str, ...]
    asks: tuple[str, ...]
    negations: tuple[str, ...]
    mentions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A word or a phrase of the lexicon, by offsets into the text that was searched."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """What follows the first word of a phrase."""

    language: str
    group: Group
    rest: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word of a text."""

    text: str
    start: int
    end: int


Hits = dict[str, dict[Group, list[Hit]]]
"""By language and group, in order."""


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All languages."""

    whole: dict[str, tuple[_Entry, ...]]
    """By the first word."""
    stems: dict[str, tuple[_Entry, ...]]
    """By the beginning of the first word."""
    lengths: tuple[int, ...]
    """Of all stems."""
    unspaced: dict[str, tuple[re.Pattern[str], dict[str, tuple[Group, ...]]]]
    """By language, what finds its words, and the groups of each."""
    phrases: dict[str, dict[Group, tuple[str, ...]]]
    """By language, the phrases as they stand in the file, alternatives written out and folded."""

    def find(self, text: str, words: list[Word]) -> Hits:
        """Where the words of each language stand in a folded text."""
        found: Hits = defaultdict(lambda: defaultdict(list))
        for at, word in enumerate(words):
            for form in _forms(word.text):
                for entry in self._entries(form):
                    end = _follows(words, at + 1, entry.rest)
                    if end is not None:
                        found[entry.language][entry.group].append(Hit(word.start, end))
        if _UNSPACED.search(text):
            for language, (pattern, groups) in self.unspaced.items():
                for match in pattern.finditer(text):
                    for group in groups[match[0]]:
                        found[language][group].append(Hit(match.start(), match.end()))
        return found

    def _entries(self, word: str) -> Iterator[_Entry]:
        yield from self.whole.get(word, ())
        for length in self.lengths:
            if length > len(word):
                break
            yield from self.stems.get(word[:length], ())


_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")
# Vowel signs and the like are no letters to `re`, but part of the word.
_MARKED_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0900-\u0dff])*")
_ARABIC = re.compile("[\u0620-\u064a]")
_LETTERS = str.maketrans(
    {"đ": "d", "ł": "l", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "ة": "ه", "ى": "ي", "ـ": None}
    | dict.fromkeys(map(chr, (*range(0x300, 0x370), *range(0x483, 0x48A), *range(0x64B, 0x660), 0x670, 0x93C)))
    | dict.fromkeys(map(chr, (*range(0x1AB0, 0x1B00), *range(0x1DC0, 0x1E00), *range(0x20D0, 0x2100), 0x200C, 0x200D)))
)


@functools.lru_cache(maxsize=8192)
def _folded(char: str) -> str:
    code = ord(char)
    if code < 0x700 or 0x958 <= code < 0x960 or 0x1E00 <= code < 0x2000:
        char = unicodedata.normalize("NFKD", char)
    return char.translate(_LETTERS)


def fold(text: str, /) -> tuple[str, list[int] | None]:
    """`text`, in lower case already, without accents; and for each character where it stood, None where it stands."""
    if text.isascii():
        return text, None
    out: list[str] = []
    offsets: list[int] = []
    for at, char in enumerate(text):
        folded = char if char < "\x80" else _folded(char)
        out.append(folded)
        offsets += [at] * len(folded)
    return "".join(out), offsets


def words_of(text: str, /) -> list[Word]:
    """The words of a folded text."""
    pattern = _WORD if text.isascii() else _MARKED_WORD
    return [Word(text=match[0], start=match.start(), end=match.end()) for match in pattern.finditer(text)]


def _forms(word: str) -> tuple[str, ...]:
    """The word; an Arabic one without the article and the particles before it, too."""
    if len(word) < 4 or _ARABIC.match(word) is None:
        return (word,)
    forms = [word]
    for prefix in ("و", "ف"):
        if word.startswith(prefix):
            forms.append(word[1:])
    for form in tuple(forms):
        for prefix in ("ال", "بال", "لل", "كال", "ب", "ل"):
            if form.startswith(prefix) and len(form) - len(prefix) >= 3:
                forms.append(form[len(prefix) :])
    return tuple(dict.fromkeys(forms))


def _follows(words: list[Word], at: int, rest: tuple[str, ...]) -> int | None:
    """Where the phrase ends whose remaining words begin at word number `at`; None if they do not stand there."""
    for number, wanted in enumerate(rest):
        if wanted == "...":
            tries = (_follows(words, at + skipped, rest[number + 1 :]) for skipped in range(GAP + 1))
            return next((end for end in tries if end is not None), None)
        if at >= len(words) or not any(_is(form, wanted) for form in _forms(words[at].text)):
            return None
        at += 1
    return words[at - 1].end


def _is(word: str, wanted: str) -> bool:
    return word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted


def expanded(entry: str, /) -> list[str]:
    """A phrase of the file with its alternatives written out.

    >>> expanded("(set|put) aside")
    ['set aside', 'put aside']
    """
    parts = [part.strip("()").split("|") if part.startswith("(") else [part] for part in re.split(r"(\([^()]*\))", entry)]
    return [" ".join("".join(chosen).split()) for chosen in itertools.product(*parts)]


@functools.cache
def load_lexicon(folder: Path = FOLDER) -> Lexicon:
    """The files of a folder, read once a process. Raises ProjectError if one cannot be used."""
    whole: dict[str, list[_Entry]] = defaultdict(list)
    stems: dict[str, list[_Entry]] = defaultdict(list)
    unspaced: dict[str, tuple[re.Pattern[str], dict[str, tuple[Group, ...]]]] = {}
    phrases: dict[str, dict[Group, tuple[str, ...]]] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = read_yaml(path, _File)
        listed = {group: _listed(getattr(file, group.value)) for group in Group}
        phrases[path.stem] = listed
        if file.unspaced:
            unspaced[path.stem] = _inside(listed)
            continue
        for group, entries in listed.items():
            for entry in entries:
                first, *rest = entry.split()
                into, key = (stems, first[:-1]) if first.endswith("*") else (whole, first)
                into[key].append(_Entry(path.stem, group, tuple(rest)))
    return Lexicon(
        whole={word: tuple(entries) for word, entries in whole.items()},
        stems={stem: tuple(entries) for stem, entries in stems.items()},
        lengths=tuple(sorted({len(stem) for stem in stems})),
        unspaced=unspaced,
        phrases=phrases,
    )


def _listed(entries: tuple[str, ...]) -> tuple[str, ...]:
    written = (phrase for entry in entries for phrase in expanded(entry))
    apart = (" ".join(re.sub(r"['’\-]", " ", fold(phrase.lower())[0]).split()) for phrase in written)
    return tuple(dict.fromkeys(phrase for phrase in apart if phrase))


def _inside(listed: dict[Group, tuple[str, ...]]) -> tuple[re.Pattern[str], dict[str, tuple[Group, ...]]]:
    groups: dict[str, tuple[Group, ...]] = {}
    for group, entries in listed.items():
        for entry in entries:
            groups[entry] = (*groups.get(entry, ()), group)
    longest = sorted(groups, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest))), groups


def near(hits: list[Hit], start: int, end: int, reach: int) -> Hit | None:
    """The hit that stands nearest to characters `start` to `end`, at most `reach` characters away; None if none does."""
    at = bisect_left(hits, start, key=lambda hit: hit.start)
    best: tuple[int, Hit] | None = None
    for hit in hits[max(0, at - 2) : at + 3]:
        apart = max(0, hit.start - end, start - hit.end)
        if apart <= reach and (best is None or apart < best[0]):
            best = (apart, hit)
    return None if best is None else best[1]
