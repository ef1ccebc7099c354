"""Orders to the model in any of the lexicon's languages: words of the right groups that stand together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from citeward.guardrails.injection.lexicon import Group, Hit, Hits, Word, fold, load_lexicon, near, words_of

REACH = 60
"""Characters between a verb of ignoring and what is to be ignored."""
BESIDE = 40
"""Characters between instructions and the word that says which ones."""
FAR = 160
"""Characters between a new persona and the limits that it does not have."""
QUOTED = 90
"""Characters of the longest quotation that is taken for one of an attack in a text about attacks."""
SHORTEST = 3
"""Words of the shortest sentence: a full stop after fewer does not end one, so that `Ignore. All. Rules.` is read whole."""
_END = re.compile(r"[.!?…]+(?=\s|$)|[。！？؟।]|\n\s*\n|\n(?=\s{0,8}(?:[-+#>|]|\d{1,3}[.)]))")
_QUOTATION = re.compile(rf"[\"“«„]([^\"“”«»„\n]{{1,{QUOTED}}})[\"”»“]|(?<!\w)'([^'\n]{{1,{QUOTED}}})'(?!\w)|「([^「」\n]{{1,{QUOTED}}})」|‘([^‘’\n]{{1,{QUOTED}}})’")


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order to the model, by offsets into the text that was searched."""

    kind: str
    start: int
    end: int
    user: float
    """Score in a user's text, 0..1."""
    in_data: float
    """Score in a retrieved text or a tool's result."""


def orders(text: str, /) -> list[Order]:
    """The surest order of each kind in a text in lower case; in time linear in the text, but for a logarithm."""
    folded, offsets = fold(text)
    words = words_of(folded)
    found = load_lexicon().find(folded, words)
    if not any(groups.keys() & _NEEDED for groups in found.values()):
        return []
    sentences = _Sentences(folded, words)
    quotations = [match.span() for match in _QUOTATION.finditer(folded)]
    best: dict[str, Order] = {}
    for order in _all(found, sentences, quotations):
        known = best.get(order.kind)
        if known is None or max(order.user, order.in_data) > max(known.user, known.in_data):
            best[order.kind] = order
    return [_moved(order, offsets) for order in best.values()]


_NEEDED = {Group.DROP, Group.CANCEL, Group.SECRET, Group.PERSONA}


def _moved(order: Order, offsets: list[int] | None) -> Order:
    if offsets is None:
        return order
    return Order(
        kind=order.kind,
        start=offsets[order.start],
        end=offsets[order.end - 1] + 1,
        user=order.user,
        in_data=order.in_data,
    )


class _Sentences:
    """Where the sentences of a text end."""

    def __init__(self, text: str, words: list[Word]) -> None:
        starts = [word.start for word in words]
        self._ends: list[int] = []
        counted = 0
        for match in _END.finditer(text):
            # Words before this place; where nothing parts the words of a language, its characters count.
            here = bisect_right(starts, match.start())
            long = here - counted >= SHORTEST or not text[max(0, match.start() - 2) : match.start()].isascii()
            if long or "\n" in match[0]:
                self._ends.append(match.end())
                counted = here

    def together(self, one: Hit, other: Hit) -> bool:
        """Whether both stand in one sentence."""
        return bisect_right(self._ends, one.start) == bisect_right(self._ends, other.start)

    def around(self, hit: Hit) -> tuple[int, int]:
        """Where the sentence begins that the hit stands in, and where it ends."""
        number = bisect_right(self._ends, hit.start)
        start = self._ends[number - 1] if number else 0
        return start, self._ends[number] if number < len(self._ends) else 1 << 60


def _all(found: Hits, sentences: _Sentences, quotations: list[tuple[int, int]]) -> Iterator[Order]:
    for groups in found.values():
        yield from _overrides(groups, sentences, quotations)
        yield from _exfiltrations(groups, sentences, quotations)
        yield from _personas(groups, sentences)


def _overrides(groups: Mapping[Group, list[Hit]], sentences: _Sentences, quotations: list[tuple[int, int]]) -> Iterator[Order]:
    for verb, nouns in ((Group.DROP, _OVERRIDDEN), (Group.CANCEL, _CANCELLED)):
        for hit in groups.get(verb, ()):
            for noun, (named, every) in nouns.items():
                target = near(groups.get(noun, []), hit.start, hit.end, REACH)
                if target is None or target == hit or not sentences.together(hit, target):
                    continue
                which = None if noun is Group.SECRET else near(groups.get(Group.EARLIER, []), target.start, target.end, BESIDE)
                known = noun is Group.SECRET or (which is not None and sentences.together(which, target))
                wide = near(groups.get(Group.ALL, []), target.start, target.end, BESIDE)
                if not known and wide is None:
                    continue
                user, in_data = named if known else every
                factor = _doubt(groups, hit, sentences, quotations)
                parts = [part for part in (hit, target, which if known else wide) if part is not None]
                yield Order(
                    kind="instruction_override",
                    start=min(part.start for part in parts),
                    end=max(part.end for part in parts),
                    user=round(user * factor, 3),
                    in_data=round(in_data * factor, 3),
                )


_OVERRIDDEN = {
    Group.ORDERS: ((0.85, 0.9), (0.6, 0.5)),
    Group.RULES: ((0.8, 0.8), (0.5, 0.4)),
    Group.SECRET: ((0.85, 0.9), (0.85, 0.9)),
    Group.WEAK: ((0.35, 0.35), (0.2, 0.2)),
}
"""How surely each is an attack: the score of those that were given before, and of all there may be."""
_CANCELLED = {
    Group.ORDERS: ((0.75, 0.8), (0.4, 0.4)),
    Group.SECRET: ((0.75, 0.8), (0.75, 0.8)),
    Group.RULES: ((0.3, 0.3), (0.2, 0.2)),
}


def _exfiltrations(
    groups: Mapping[Group, list[Hit]], sentences: _Sentences, quotations: list[tuple[int, int]]
) -> Iterator[Order]:
    for secret in groups.get(Group.SECRET, ()):
        verb = near(groups.get(Group.REVEAL, []), secret.start, secret.end, REACH)
        if verb is None or not sentences.together(verb, secret):
            continue
        factor = _doubt(groups, verb, sentences, quotations)
        yield Order(
            kind="prompt_exfiltration",
            start=min(verb.start, secret.start),
            end=max(verb.end, secret.end),
            user=round(0.8 * factor, 3),
            in_data=round(0.7 * factor, 3),
        )


def _personas(groups: Mapping[Group, list[Hit]], sentences: _Sentences) -> Iterator[Order]:
    for persona in groups.get(Group.PERSONA, ()):
        unbound = near(groups.get(Group.UNBOUND, []), persona.start, persona.end, FAR)
        if unbound is None:
            continue
        close = sentences.together(persona, unbound)
        yield Order(
            kind="persona",
            start=min(persona.start, unbound.start),
            end=max(persona.end, unbound.end),
            user=0.75 if close else 0.55,
            in_data=0.75 if close else 0.5,
        )


def _doubt(groups: Mapping[Group, list[Hit]], hit: Hit, sentences: _Sentences, quotations: list[tuple[int, int]]) -> float:
    """What the score is multiplied with: less where somebody else is spoken of, nothing where the order is not to."""
    begin, end = sentences.around(hit)
    negation = near(groups.get(Group.NEGATIONS, []), hit.start, hit.end, 2)
    if negation is not None and negation.end <= hit.start and negation.start >= begin:
        return 0.0
    asked = near(groups.get(Group.ASKS, []), hit.start, hit.end, 30)
    if asked is not None and asked.start <= hit.start and asked.start >= begin:
        return 0.3
    for start, stop in quotations[max(0, bisect_right(quotations, (hit.start, 0)) - 2) :]:
        if start > hit.start:
            break
        if stop >= hit.end and any(begin <= word.start < start or stop <= word.start < end for word in groups.get(Group.MENTIONS, ())):
            return 0.3
    return 1.0
