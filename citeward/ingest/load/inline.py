"""The running text of an element: words, code in backticks, no marks of emphasis, links by their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

CODE = frozenset({"code", "kbd", "samp", "tt"})
_BREAK = "\v"
"""Stands for `<br>` until white space has been collapsed."""
_SPACE = re.compile(r"[^\S\v]+")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_POWER = re.compile(r"\s*[+\-−]?\d{1,4}\s*")
_TICKS = re.compile(r"`+")
DEEPEST = 100
"""Elements within one another; what lies deeper is taken as plain text."""


def inline(element: Element) -> str:
    """The element's text on one line, but for its line breaks."""
    return tidy(raw(element))


def tidy(text: str) -> str:
    """Text from `raw`, white space collapsed."""
    lines = _SPACE.sub(" ", _INVISIBLE.sub("", text)).split(_BREAK)
    return "\n".join(line for line in (line.strip() for line in lines) if line)


def raw(element: Element, depth: int = 0) -> str:
    """The element's text without what follows it; to be put through `tidy` as a whole."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    if tag in CODE:
        return _code(_flat(element))
    if tag == "br":
        return _BREAK
    if tag == "math":
        return _formula(element)
    if depth > DEEPEST:
        return _flat(element)
    parts = [element.text or ""]
    for child in element:
        parts += [raw(child, depth + 1), child.tail or ""]
    text = "".join(parts)
    if tag == "sup" and _POWER.fullmatch(text):
        return "^" + text.strip()  # 10<sup>6</sup> is not 106
    return f" {text} " if tag in ("td", "th", "li", "p", "div", "dt", "dd", "tr") else text


def _code(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        return " "
    ticks = "`" * (1 + max((len(found) for found in _TICKS.findall(text)), default=0))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def _formula(math: Element) -> str:
    """The TeX that it was made from, where it is given."""
    for note in math.iter("annotation"):
        if note.get("encoding") == "application/x-tex":
            return f"${' '.join(_flat(note).split())}$"
    return _flat(math)


def _flat(element: Element) -> str:
    return "".join(element.itertext()).replace(_BREAK, " ")
