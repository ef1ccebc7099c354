"""The words that attacks are made of, in many languages, read from `languages/*.yaml`, and where they stand in a text.

A file names groups of words: `drop` (verbs of ignoring), `earlier`, `orders`, and so on, see `Group`. `word*` stands
for every word that begins so, `...` for up to three words, `(a|b)` for one or the other. Case and accents do not
matter. If a language writes no spaces, `unspaced: true`, words are found inside of others. `order` and `negated_after`
say where in a sentence its verbs and negations stand.
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
from typing import Literal

from pydantic import BaseModel, ConfigDict

from citeward.declarations import read_yaml

FOLDER = Path(__file__).with_name("languages")
GAP = 3
"""Words that `...` stands for, at most."""
LONG = 5
"""Letters of a word by which it is known wherever it stands."""
AROUND = 12
"""Characters around a word that show the language."""


class Group(StrEnum):
    """What a word does in an attack."""

    DROP = "drop"
    """To ignore, to forget."""
    CANCEL = "cancel"
    """To delete, to replace: said of instructions only."""
    EARLIER = "earlier"
    """Previous, above, original."""
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
    OWN = "own"
    """Your: before instructions it says which ones."""
    THEIRS = "theirs"
    """A, my, our: before a system prompt it says that it is somebody else's."""
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


Order = Literal["verb_first", "verb_last", "free"]
"""Whether a verb stands before what it is said of, after it, or either."""


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """What of a language's grammar matters here."""

    order: Order
    negated_after: bool
    """Whether a negation may stand after the verb and its object."""
    foreign: re.Pattern[str] | None
    """Letters beside which a text is in another language that shares its characters."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unspaced: bool = False
    foreign: str | None = None
    order: Order = "free"
    negated_after: bool = False
    drop: tuple[str, ...]
    cancel: tuple[str, ...] = ()
    earlier: tuple[str, ...]
    all: tuple[str, ...]
    orders: tuple[str, ...]
    rules: tuple[str, ...]
    weak: tuple[str, ...] = ()
    reveal: tuple[str, ...]
    secret: tuple[str, ...]
    own: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    persona: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()
    asks: tuple[str, ...]
    negations: tuple[str, ...]
    mentions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A word or a phrase of the lexicon, by offsets into the text that was searched."""

    start: int
    end: int


class _Node:
    """What may follow the words that led here."""

    __slots__ = ("ends", "gap", "lengths", "stems", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.stems: dict[str, _Node] = {}
        self.lengths: tuple[int, ...] = ()
        """Of the stems."""
        self.gap: _Node | None = None
        """What may follow after up to GAP words."""
        self.ends: list[tuple[str, Group]] = []
        """Languages and groups of the phrases that end here."""

    def add(self, phrase: list[str], language: str, group: Group) -> None:
        node = self
        for word in phrase:
            if word == "...":
                node.gap = node = node.gap or _Node()
            elif word.endswith("*"):
                node = node.stems.setdefault(word[:-1], _Node())
            else:
                node = node.words.setdefault(word, _Node())
        if (language, group) not in node.ends:
            node.ends.append((language, group))

    def finish(self) -> None:
        """Note the lengths of the stems, here and below."""
        self.lengths = tuple(sorted({len(stem) for stem in self.stems}))
        for node in (*self.words.values(), *self.stems.values(), *((self.gap,) if self.gap else ())):
            node.finish()

    def after(self, word: str) -> list[_Node]:
        """Where this word leads."""
        found: list[_Node] = []
        for form in _forms(word):
            if (node := self.words.get(form)) is not None:
                found.append(node)
            for length in self.lengths:
                if length > len(form):
                    break
                if (node := self.stems.get(form[:length])) is not None:
                    found.append(node)
        return found


@dataclass(frozen=True, kw_only=True)
class Folded:
    """A text in lower case without accents, and its words."""

    text: str
    offsets: list[int] | None
    """For each character where it stood before; None if each stands in its own place."""
    words: list[str]
    starts: list[int]
    """Where in `text` each word begins."""
    ends: list[int]
    """The same, where it ends."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets before folding of characters `start` to `end` (exclusive) of `text`."""
        return (start, end) if self.offsets is None else (self.offsets[start], self.offsets[end - 1] + 1)


Hits = dict[str, dict[Group, list[Hit]]]
"""By language and group, in order."""


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All languages."""

    phrases_by_word: _Node
    unspaced: dict[str, tuple[re.Pattern[str], dict[str, tuple[Group, ...]]]]
    """By language, what finds its words, and the groups of each."""
    grammars: dict[str, Grammar]
    """By language."""
    phrases: dict[str, dict[Group, tuple[str, ...]]]
    """By language, the phrases as they stand in the file, alternatives written out and folded."""

    long: frozenset[str]
    """Verbs and nouns of LONG letters or more, or their beginnings."""

    def begins(self, word: str) -> bool:
        """Whether the word is one of the long ones, or begins with one."""
        return any(word[:length] in self.long for length in range(LONG, len(word) + 1))

    def find(self, folded: Folded) -> Hits:
        """Where the words of each language stand in a text."""
        text, words, starts, ends = folded.text, folded.words, folded.starts, folded.ends
        found: Hits = defaultdict(lambda: defaultdict(list))
        first: dict[str, list[_Node]] = {}
        for at, word in enumerate(words):
            nodes = first.get(word)
            if nodes is None:
                nodes = first[word] = self.phrases_by_word.after(word)
            for node in nodes:
                for last, (language, group) in _read(node, words, at + 1):
                    found[language][group].append(Hit(starts[at], ends[last]))
        if _UNSPACED.search(text):
            for language, (pattern, groups) in self.unspaced.items():
                foreign = self.grammars[language].foreign
                for match in pattern.finditer(text):
                    if foreign and foreign.search(text, max(0, match.start() - AROUND), match.end() + AROUND):
                        continue
                    for group in groups[match[0]]:
                        found[language][group].append(Hit(match.start(), match.end()))
        return found


_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")
# Vowel signs and the like are no letters to `re`, but part of the word.
_MARKED_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])*")
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


def fold(text: str, /) -> Folded:
    """`text`, which is in lower case already, without accents."""
    offsets: list[int] | None = None
    if not text.isascii():
        each = [char if char < "\x80" else _folded(char) for char in text]
        text = "".join(each)
        if len(text) != len(each) or any(len(char) != 1 for char in each):
            offsets = [at for at, char in enumerate(each) for _ in char]
    found = [
        (match[0], match.start(), match.end()) for match in (_WORD if text.isascii() else _MARKED_WORD).finditer(text)
    ]
    return Folded(
        text=text,
        offsets=offsets,
        words=[word for word, _, _ in found],
        starts=[start for _, start, _ in found],
        ends=[end for _, _, end in found],
    )


def _forms(word: str) -> tuple[str, ...]:
    """The word; an Arabic one without the article and the particles before it, too."""
    if len(word) < 4 or _ARABIC.match(word) is None:
        return (word,)
    forms = [word, *(word[1:] for prefix in ("و", "ف") if word.startswith(prefix))]
    forms += [
        form[len(prefix) :]
        for form in tuple(forms)
        for prefix in ("ال", "بال", "لل", "كال", "ب", "ل")
        if form.startswith(prefix) and len(form) - len(prefix) >= 3
    ]
    return tuple(dict.fromkeys(forms))


def _read(node: _Node, words: list[str], at: int) -> Iterator[tuple[int, tuple[str, Group]]]:
    """The phrases that are complete when the words from number `at` on are added; and the number of each one's last."""
    for ends in node.ends:
        yield at - 1, ends
    if at < len(words) and (node.words or node.stems):
        for follower in node.after(words[at]):
            yield from _read(follower, words, at + 1)
    if node.gap is not None:
        for skipped in range(min(GAP + 1, len(words) - at)):
            for follower in node.gap.after(words[at + skipped]):
                yield from _read(follower, words, at + skipped + 1)


def expanded(entry: str, /) -> list[str]:
    """A phrase of the file with its alternatives written out.

    >>> expanded("(set|put) aside")
    ['set aside', 'put aside']
    """
    parts = [
        part.strip("()").split("|") if part.startswith("(") else [part] for part in re.split(r"(\([^()]*\))", entry)
    ]
    return [" ".join("".join(chosen).split()) for chosen in itertools.product(*parts)]


@functools.cache
def load_lexicon(folder: Path = FOLDER) -> Lexicon:
    """The files of a folder, read once a process. Raises ProjectError if one cannot be used."""
    root = _Node()
    unspaced: dict[str, tuple[re.Pattern[str], dict[str, tuple[Group, ...]]]] = {}
    phrases: dict[str, dict[Group, tuple[str, ...]]] = {}
    grammars: dict[str, Grammar] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = read_yaml(path, _File)
        listed = {group: _listed(getattr(file, group.value)) for group in Group}
        phrases[path.stem] = listed
        grammars[path.stem] = Grammar(
            order=file.order,
            negated_after=file.negated_after,
            foreign=re.compile(file.foreign) if file.foreign else None,
        )
        if file.unspaced:
            unspaced[path.stem] = _inside(listed)
            continue
        for group, entries in listed.items():
            for entry in entries:
                root.add(entry.split(), path.stem, group)
    root.finish()
    return Lexicon(
        phrases_by_word=root,
        unspaced=unspaced,
        grammars=grammars,
        phrases=phrases,
        long=frozenset(stem for said in phrases.values() for group in _TELLING for stem in _stems(said[group])),
    )


_TELLING = (Group.DROP, Group.EARLIER, Group.ORDERS, Group.RULES, Group.REVEAL)


def _stems(entries: tuple[str, ...]) -> Iterator[str]:
    for entry in entries:
        stem = entry.split()[0].rstrip("*")
        if len(stem) >= LONG:
            yield stem


def _listed(entries: tuple[str, ...]) -> tuple[str, ...]:
    written = (phrase for entry in entries for phrase in expanded(entry))
    apart = (" ".join(re.sub(r"['’\-]", " ", fold(phrase.lower()).text).split()) for phrase in written)
    return tuple(dict.fromkeys(phrase for phrase in apart if phrase))


def _inside(listed: dict[Group, tuple[str, ...]]) -> tuple[re.Pattern[str], dict[str, tuple[Group, ...]]]:
    groups: dict[str, tuple[Group, ...]] = {}
    for group, entries in listed.items():
        for entry in entries:
            groups[entry] = (*groups.get(entry, ()), group)
    longest = sorted(groups, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest))), groups


def near(hits: list[Hit], start: int, end: int, reach: int) -> Hit | None:
    """The hit nearest to characters `start` to `end`, at most `reach` characters away; None if there is none."""
    at = bisect_left(hits, start, key=lambda hit: hit.start)
    best: tuple[int, Hit] | None = None
    for hit in hits[max(0, at - 2) : at + 3]:
        apart = max(0, hit.start - end, start - hit.end)
        if apart <= reach and (best is None or apart < best[0]):
            best = (apart, hit)
    return None if best is None else best[1]
