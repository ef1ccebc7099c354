"""Chooses the sentences of an answer, and writes them as they stand, each with its marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from citeward.contracts.context import FencedPassage
from citeward.models.extractive.evidence import Scored
from citeward.models.extractive.units import Unit
from citeward.text.words import content_words

MARGIN = 1.0
"""How far below the best sentence a second or third may score and still be quoted. A larger one finds more of the
answers, and says more that is none."""
MOST = 3
"""Sentences of an answer."""
_IMAGE = re.compile(r"!\[[^\]]*\]\([^()\s]*\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")
_MARKER = re.compile(r"[ \t]?\[\^?\d[\d,;–\- ]*\](?!\()")
_CODE = re.compile(r"(`+[^`\n]*`+)")
_ENDS = (".", "!", "?", ":", "…", "。", "！", "？")
_BACKWARD = re.compile(r"(?:He|She|It|They|This|That|These|Those|His|Her|Its|Their|Both|Such)\b")


def chosen(scored: Sequence[Scored], texts: Sequence[str], *, margin: float = MARGIN) -> list[Scored]:
    """The best one to three, in the order in which they stand, best passage first; nothing twice.

    A sentence that begins with a pronoun takes the sentence before it along, where there is room.

    Args:
        scored: Every unit of the passages, in order.
        texts: The passages.
        margin: How far below the best one the others may score.
    """
    ranked = sorted(scored, key=lambda one: -one.score)
    kept: list[Scored] = []
    for one in ranked:
        if len(kept) == MOST or one.score < ranked[0].score - margin:
            break
        if not any(_repeats(one, other, texts) for other in kept):
            kept.append(one)
    for one in list(kept):
        if len(kept) < MOST and one.unit.follows and _BACKWARD.match(one.unit.span.of(texts[one.passage])):
            before = scored[scored.index(one) - 1]
            if not any(_repeats(before, other, texts) for other in kept):
                kept.append(before)
    return sorted(kept, key=lambda one: (one.passage, one.unit.span.start))


def written(kept: Sequence[Scored], passages: Sequence[FencedPassage], *, marked: bool = True) -> str:
    """The answer's text, each part with its passage's marker unless `marked` is false.

    List items and table rows have lines of their own; code follows the sentence it belongs to.
    """
    answer = ""
    listed = len(kept) > 1
    unended = False
    """Whether the sentence before has no full stop: then a paragraph must part it from the next."""
    for one in kept:
        passage = passages[one.passage]
        text, unit = passage.text, one.unit
        mark = f" [{passage.number}]" if marked else ""
        line = readable(unit.span.of(text)) if unit.kind != "code" else ""
        if unit.kind == "code":
            part, own_line = f"{unit.span.of(text)}\n{mark.strip()}", True
        elif unit.attached and unit.has_code:
            part, own_line = f"{line}{mark}\n\n{_outdented(unit.attached.of(text))}\n", True
        elif unit.attached:
            items = (readable(item) for item in _items(unit.attached.of(text)))
            part, own_line = f"{line}{mark}\n\n" + "".join(f"- {item}{mark}\n" for item in items), True
        else:
            own_line = listed and unit.kind in ("item", "row")
            part = f"{'- ' if own_line else ''}{line}{mark}"
        own_line = own_line or answer.endswith((mark + "\n", "\n"))
        if answer:
            apart = unended or (own_line and (unit.kind == "code" or unit.attached is not None))
            answer += "\n\n" if apart else "\n" if own_line else " "
        answer += part
        unended = unit.kind == "sentence" and not line.rstrip("`*_\"')”’").endswith(_ENDS)
    return re.sub(r"\n{3,}", "\n\n", answer).strip()


def readable(text: str) -> str:
    """A sentence as it stands in an answer: on one line, without list marks, links' targets and foreign markers.

    >>> readable("- see [the\\n  guide](a.md) first [3].")
    'see the guide first.'
    """
    line = " ".join(re.sub(r"\n[ \t]*>[ \t]?", "\n", text).split())
    line = re.sub(r"^(?:(?:[-*+•]|\d{1,3}[.)]|>)\s+)+", "", line)
    if line.startswith("|"):
        line = " | ".join(cell.strip() for cell in line.strip("|").split("|"))
    parts = _CODE.split(line)
    parts[::2] = [_MARKER.sub("", _LINK.sub(r"\1", _IMAGE.sub("", part))) for part in parts[::2]]
    return "".join(parts).strip()


def _items(text: str) -> list[str]:
    return [item for item in re.split(r"\n(?=[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t])", text) if item.strip()]


def _outdented(code: str) -> str:
    """A code block without the indentation of the list that it stood in; its first line has none already."""
    lines = code.split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    return "\n".join([lines[0], *(line[indent:] for line in lines[1:])]).rstrip()


def _repeats(one: Scored, other: Scored, texts: Sequence[str]) -> bool:
    """Whether the two say the same, or one is a part of the other: passages overlap, and a list holds its items."""
    if one.passage == other.passage and _within(one.unit, other.unit):
        return True
    words, others = (set(content_words(o.unit.span.of(texts[o.passage]))) for o in (one, other))
    return len(words & others) >= 0.9 * max(len(words | others), 1)


def _within(one: Unit, other: Unit) -> bool:
    return one.whole.start < other.whole.end and other.whole.start < one.whole.end
