"""Who does what to whom: the same words in another order are another question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MARKERS = frozenset(
    "from to into onto of for on than before after without instead by with not over under via until except".split()
)
"""Words whose object cannot be exchanged for something else in the sentence."""
REACH = 2
"""Words of content after a marker that are taken for its object."""
SPARE = 2
"""Words that only one of two texts may have for their order to be compared."""


def objects(tokens: Sequence[str], content: Sequence[bool]) -> Mapping[str, frozenset[str]]:
    """Each marker to the stems of content that follow it, up to the next marker.

    Args:
        tokens: Stems in order; markers as they are.
        content: Which of them carry meaning.
    """
    found: dict[str, set[str]] = {}
    for at, token in enumerate(tokens):
        if token not in MARKERS:
            continue
        taken = found.setdefault(token, set())
        left = REACH
        for place in range(at + 1, len(tokens)):
            if tokens[place] in MARKERS or not left:
                break
            if content[place]:
                taken.add(tokens[place])
                left -= 1
    return {marker: frozenset(stems) for marker, stems in found.items()}


def exchanged(
    one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]], first: Sequence[str], second: Sequence[str]
) -> str:
    """The marker whose object in the one text is elsewhere in the other, and the other way round; empty for none.

    Args:
        one: Objects of the first text.
        other: Objects of the second.
        first: Stems of content of the first text.
        second: Stems of content of the second.
    """
    for marker in one.keys() & other.keys():
        mine, yours = one[marker] - other[marker], other[marker] - one[marker]
        if mine & set(second) and yours & set(first):
            return marker
    return ""


def reversed_around(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two texts of about the same words turn three of them round: "A calls B" and "B calls A"; or the only two
    that they have.

    Moving a clause to the front never does that, so it is allowed; the passive voice does, so it must be ruled out
    before.

    Args:
        first: Stems of content, in order.
        second: The same of the other text.
    """
    shared = set(first) & set(second)
    if len(shared) == 2 and set(first) == set(second):
        return list(dict.fromkeys(first)) != list(dict.fromkeys(second))
    place = {stem: at for at, stem in reversed(list(enumerate(second)))}
    order = [place[stem] for stem in dict.fromkeys(first) if stem in shared]
    # A triple is turned round where a place has a later word before it and an earlier one after it.
    return any(max(order[:at]) > order[at] > min(order[at + 1 :]) for at in range(1, len(order) - 1))
