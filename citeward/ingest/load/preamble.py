"""Finds groups that are named at the head of a text, but not in front matter that can be read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from citeward.ingest.load.group_keys import key_of_line, keys_within, means_groups

_LINE = re.compile(r"([^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*)(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|\Z)")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad\0 \t\u00a0ï»¿"
"""Also a byte order mark that was decoded as Windows-1252."""
_FENCE = re.compile(
    r"(?:-{3,}|\+{3,}|;{3,}|\*{3,}|_{3,}|[—–―−‒\u2500]+-*|-[ \t]*-[ \t]*-|\.\.\.)[ \t]*(?:yaml|yml|toml|json)?"
)
_CODE = re.compile(r"(`{3,}|~{3,})[ \t]*([\w-]*)")
_PAIR = re.compile(r"[:*_]{0,3}[\"']?[^\W\d_][^:=：\n()<>`|\[\]]{0,60}[:=：]")
_INSIDE = re.compile(r"[-*•?:][ \t]|[\[\]{}#]|//")
_FIELD = re.compile(r":[^\W\d_][^:\s][^:]{0,60}:(?:\s|\Z)")
_UNDERLINE = re.compile(r"={2,}|-{4,}|~{4,}")
_BODY_LINES = 200
"""Lines of the text proper in which a block between two rules is still taken for front matter."""
_LONGEST_LINE = 20_000
_LONGEST_BARE_KEY = 2
"""Words of a key that stands outside of rules; longer ones begin a sentence."""


def lost_groups(text: str, other_keys: Collection[str] = (), *, fields: bool = False) -> str:
    """The key at the head of a text that seems to name groups; empty where none does.

    Looked at are comments and pairs of key and value that stand first; what is between two rules that hold nothing but
    pairs, such as a second front matter; a code block that stands first.

    Args:
        text: Without front matter that was read.
        other_keys: Keys that look like `groups` and mean something else.
        fields: Lines like `:groups: hr` count as well, as in reStructuredText and AsciiDoc.
    """
    keys = _keys(text, fields)
    return next((key for key in keys if key not in other_keys and means_groups(key)), "")


def lost_in(head: str, other_keys: Collection[str] = (), *, readable: bool) -> str:
    """Likewise in front matter.

    Args:
        head: The front matter.
        other_keys: Keys that look like `groups` and mean something else.
        readable: It is valid YAML, so that only what begins a line can be a key that went into a value.
    """
    keys: Iterable[str] = (
        key
        for line in head.splitlines()
        if not line.lstrip().startswith("#")
        for key in (key_of_line(line), *(() if readable else (*keys_within(line), *_first_word(line))))
    )
    return next((key for key in keys if key not in other_keys and means_groups(key)), "")


def _first_word(line: str) -> list[str]:
    return line.strip(_INVISIBLE + "\"'-").split(maxsplit=1)[:1]


def _lines(text: str) -> Iterator[str]:
    for found in _LINE.finditer(text):
        yield found[1][:_LONGEST_LINE].strip(_INVISIBLE)


def _keys(text: str, fields: bool) -> Iterator[str]:
    lines = _lines(text)
    fenced = False
    before: list[str] = []  # keys of the line before, outside of rules: a heading, if it is underlined
    body = ""
    for line in lines:
        if not line:
            continue
        if line.startswith("<!--"):
            yield from _comment(line, lines)
        elif not fenced and len(before) < 2 and _UNDERLINE.fullmatch(line) and before:
            before = []
            break
        elif _FENCE.fullmatch(line) or _CODE.fullmatch(line):
            yield from before
            before, fenced = [], not fenced
        elif line.startswith(("---", "+++", "{", ";;;")):
            yield from keys_within(line)
            fenced = True
        elif fenced and (_PAIR.match(line) or _INSIDE.match(line)):
            yield key_of_line(line)
        elif not fenced and _PAIR.match(line):
            yield from before[:-1]
            key = key_of_line(line)
            before.append(key if len(key.split()) <= _LONGEST_BARE_KEY else "")
        else:
            body = line
            break
    yield from before
    yield from _ruled(body, lines, fields, opened=fenced)


def _comment(line: str, lines: Iterator[str]) -> Iterator[str]:
    """The keys of an HTML comment that begins with this line."""
    yield key_of_line(line.removeprefix("<!--"))
    while "-->" not in line:
        line = next(lines, "-->")
        yield key_of_line(line)


def _ruled(line: str, lines: Iterator[str], fields: bool, *, opened: bool) -> Iterator[str]:
    """Keys between two rules in the text proper, and fields.

    Args:
        line: The first line of the text proper.
        lines: Those after it.
        fields: Take fields as well.
        opened: A rule stands above the text; up to the next one, or a heading, there may be other lines between keys.
    """
    code = ""
    held: list[str] | None = [] if opened else None  # keys since the last rule; None when there can be none
    for one in chain([line], islice(lines, _BODY_LINES)):
        found = _CODE.match(one)
        if code:
            code = "" if found and one.startswith(code) else code
        elif found:
            code, held = found[1], None
        elif _FENCE.fullmatch(one):
            yield from held or ()
            held, opened = [], False
        elif fields and _FIELD.match(one):
            yield key_of_line(one)
        elif held is not None and one:
            if _PAIR.match(one) or _INSIDE.match(one):
                held.append(key_of_line(one))
            elif not opened or one.startswith("#"):
                held = None
