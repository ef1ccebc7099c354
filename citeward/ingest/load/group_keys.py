"""Tells whether a key means `groups`, also when it is misspelt: a slip must not open a document to everyone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

EXACT = "groups"
_LOOKALIKES = str.maketrans("аеіјкмнорстухѕԁցɡοραυντκ", "aeijkmhopctyxsdggopauvtk")
"""Cyrillic, Armenian and Greek letters that look like Latin ones."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_LETTER = re.compile(r"[\W\d_]+")
_SEPARATOR = re.compile(r"[:=：＝﹕∶]|(?<![ \t])[ \t]+(?:\[|-[ \t]|→|->)")
_LONGEST_KEY = 80
_MARKS_BEFORE = re.compile(r"[\W_]*")
_NO_KEY = re.compile(r"[()<>|`]|\]\(|\[\w")


@lru_cache(maxsize=4096)
def means_groups(key: str) -> bool:
    """Whether a key is `groups`, a misspelling or a translation of it, or is made with one, as `access_groups`.

    >>> [means_groups(key) for key in ("Groups", "goups", "access-groups", "title", "props")]
    [True, True, True, False, False]
    """
    words = [word for word in _NO_LETTER.split(_folded(_CAMEL.sub(" ", key[:_LONGEST_KEY]))) if word]
    # A letter may be lost to a space as well: `gro ups`.
    return any(_is_near(word) for word in [*words, "".join(words)])


def suspicious(keys: Collection[object], other_keys: Collection[str] = ()) -> list[str]:
    """The keys that look like `groups` without being it.

    Args:
        keys: Of one mapping.
        other_keys: Known to mean something else.
    """
    texts = [key for key in keys if isinstance(key, str)]
    return [key for key in texts if key != EXACT and key not in other_keys and means_groups(key)]


def key_of_line(line: str) -> str:
    """What stands as a key at the beginning of a line, as in `- "groups" : hr`; empty where nothing does."""
    if line.lstrip().startswith(("? ", "?\t")):  # a key of YAML that stands on a line of its own
        return line.lstrip()[1 : _LONGEST_KEY + 1]
    start = _MARKS_BEFORE.match(line)
    rest = line[start.end() if start else 0 :][: _LONGEST_KEY + 1]
    found = _SEPARATOR.search(rest)
    key = rest[: found.start()].rstrip("\"'*_ \t") if found else ""
    return "" if _NO_KEY.search(key) else key


def keys_within(line: str) -> Iterator[str]:
    """Every word of a line that stands before a colon or an equals sign."""
    for found in _SEPARATOR.finditer(line):
        before = line[max(0, found.start() - _LONGEST_KEY // 2) : found.start()].rstrip("\"'*_ \t")
        yield re.split(r"[\s,;{\"'\\]", before)[-1]


def _folded(text: str) -> str:
    """Small Latin letters for what looks like them, without accents and what is invisible."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKALIKES)
    return "".join(one for one in plain if unicodedata.category(one) not in ("Mn", "Cf", "Cc", "Co", "Cn"))


def _is_near(word: str) -> bool:
    if word in _TRANSLATED or word.startswith(EXACT) or word.endswith(EXACT):
        return True
    if not 3 <= len(word) <= 10:
        return False
    nearest = min(_distance(word, EXACT), _distance(word, "group"))
    return nearest <= 1 or (nearest == 2 and word[0] == "g" and "p" in word)


def _distance(one: str, other: str) -> int:
    """Letters lost, added, replaced or swapped with the next one (Damerau-Levenshtein, optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


_TRANSLATED = frozenset(
    _folded(word)
    for word in """gruppe gruppen groupe groupes grupo grupos gruppo gruppi groep groepen grupper grupp grupy grupa
    skupina skupiny ryhmä ryhmät csoport csoportok gruplar группа группы група групи ομάδα ομάδες 组 組 群組 群组 用户组
    グループ 그룹 समूह مجموعة مجموعات קבוצה קבוצות กลุ่ม nhóm""".split()
)
