"""Orders to the model in any of the lexicon's languages: words of the right groups that stand together."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from citeward.guardrails.injection.lexicon import Folded, Grammar, Group, Hit, Hits, load_lexicon, near

REACH = 60
"""Characters between a verb of ignoring and what is to be ignored."""
BESIDE = 30
"""Characters between instructions and the word that says which ones."""
_BEHIND = 14
"""Characters after a verb and its object in which a negation is theirs."""
FAR = 160
"""Characters between a new persona and the limits that it does not have."""
QUOTED = 90
"""Characters of the longest quotation that is taken for one of an attack in a text about attacks."""
SHORTEST = 3
"""Words of the shortest sentence: a full stop after fewer ends none, so that `Ignore. All. Rules.` is read whole."""
_END = re.compile(r"[.!?…]+(?=\s|$)|[。！？؟।]|\n\s*\n|\n(?=\s{0,8}(?:[-+#>|]|\d{1,3}[.)]))")
_WIDE = "。！？"
_QUOTATION = re.compile(
    rf"[\"“«„]([^\"“”«»„\n]{{1,{QUOTED}}})[\"”»“]|(?<!\w)'([^'\n]{{1,{QUOTED}}})'(?!\w)|「([^「」\n]{{1,{QUOTED}}})」|‘([^‘’\n]{{1,{QUOTED}}})’"
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order to the model, by offsets into the text before it was folded."""

    kind: str
    start: int
    end: int
    user: float
    """Score in a user's text, 0..1."""
    in_data: float
    """Score in a retrieved text or a tool's result."""


def orders(folded: Folded, /) -> list[Order]:
    """The surest order of each kind in a text, in time that is linear in it but for a logarithm."""
    found = load_lexicon().find(folded)
    if not any(groups.keys() & _NEEDED for groups in found.values()):
        return []
    sentences = _Sentences(folded)
    quotations = [match.span() for match in _QUOTATION.finditer(folded.text)]
    best: dict[str, Order] = {}
    for order in _all(found, sentences, quotations):
        known = best.get(order.kind)
        if known is None or max(order.user, order.in_data) > max(known.user, known.in_data):
            best[order.kind] = order
    return [_moved(order, folded) for order in best.values()]


_NEEDED = {Group.DROP, Group.CANCEL, Group.SECRET, Group.PERSONA}


def _moved(order: Order, folded: Folded) -> Order:
    start, end = folded.span(order.start, order.end)
    return replace(order, start=start, end=end)


class _Sentences:
    """Where the sentences of a text end."""

    def __init__(self, folded: Folded) -> None:
        self._ends: list[int] = []
        counted = 0
        for match in _END.finditer(folded.text):
            here = bisect_right(folded.starts, match.start())
            # Nothing parts the words of a sentence in Chinese or Japanese, so that there is no counting them.
            if here - counted >= SHORTEST or match[0] in _WIDE or "\n" in match[0]:
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


@dataclass(frozen=True, kw_only=True)
class _Context:
    """The words of one language in a text, and what surrounds them."""

    grammar: Grammar
    groups: Mapping[Group, list[Hit]]
    sentences: _Sentences
    quotations: list[tuple[int, int]]

    def beside(self, group: Group, hit: Hit, reach: int) -> Hit | None:
        """The group's nearest word in the same sentence, at most `reach` characters away."""
        found = near(self.groups.get(group, []), hit.start, hit.end, reach)
        return found if found is not None and self.sentences.together(found, hit) else None

    def before(self, group: Group, hit: Hit, reach: int) -> Hit | None:
        """The group's last word before the hit in the same sentence, at most `reach` characters away."""
        hits = self.groups.get(group, [])
        at = bisect_left(hits, hit.start, key=lambda one: one.start)
        found = hits[at - 1] if at else None
        if found is None or hit.start - found.end > reach or not self.sentences.together(found, hit):
            return None
        return found

    def after(self, group: Group, start: int, end: int) -> bool:
        """Whether one of the group's words begins between these characters."""
        hits = self.groups.get(group, [])
        at = bisect_left(hits, start, key=lambda one: one.start)
        return at < len(hits) and hits[at].start <= end

    def doubt(self, verb: Hit, target: Hit) -> float:
        """What a score is multiplied with: less if somebody else than the model is spoken of, 0 if not to do it."""
        begin, end = self.sentences.around(verb)
        if self.before(Group.NEGATIONS, verb, 2) is not None:
            return 0.0
        past = max(verb.end, target.end) + _BEHIND
        if self.grammar.negated_after and self.after(Group.NEGATIONS, verb.end, min(end, past)):
            return 0.0
        if self.before(Group.ASKS, min(verb, target, key=lambda hit: hit.start), 30) is not None:
            return 0.3
        if self.grammar.order == "verb_last" and self.after(Group.ASKS, verb.start, min(end, verb.end + _BEHIND)):
            return 0.3
        for start, stop in self.quotations[max(0, bisect_right(self.quotations, (verb.start, 0)) - 2) :]:
            if start > verb.start:
                break
            if stop >= verb.end and (
                self.after(Group.MENTIONS, begin, start - 1) or self.after(Group.MENTIONS, stop, end)
            ):
                return 0.3
        return 1.0


def _all(found: Hits, sentences: _Sentences, quotations: list[tuple[int, int]]) -> Iterator[Order]:
    grammars = load_lexicon().grammars
    for language, groups in found.items():
        context = _Context(grammar=grammars[language], groups=groups, sentences=sentences, quotations=quotations)
        yield from _overrides(context)
        yield from _exfiltrations(context)
        yield from _personas(context)


def _overrides(context: _Context) -> Iterator[Order]:
    for group, nouns in ((Group.DROP, _OVERRIDDEN), (Group.CANCEL, _CANCELLED)):
        for verb in context.groups.get(group, ()):
            for noun, (named, every) in nouns.items():
                target = _target(context, noun, verb)
                if target is None:
                    continue
                which = target if noun is Group.SECRET else context.beside(Group.EARLIER, target, BESIDE)
                if which is None and group is Group.DROP:
                    which = context.before(Group.OWN, target, BESIDE // 2)
                wide = context.beside(Group.ALL, target, BESIDE)
                said = which or wide
                if said is None:
                    continue
                user, in_data = named if which is not None else every
                factor = context.doubt(verb, target)
                yield Order(
                    kind="instruction_override",
                    start=min(verb.start, target.start, said.start),
                    end=max(verb.end, target.end, said.end),
                    user=round(user * factor, 3),
                    in_data=round(in_data * factor, 3),
                )


def _target(context: _Context, noun: Group, verb: Hit) -> Hit | None:
    """What the verb is said of."""
    if context.grammar.order == "verb_first":
        hits = context.groups.get(noun, [])
        at = bisect_left(hits, verb.end, key=lambda one: one.start)
        found = hits[at] if at < len(hits) else None
        return found if found and found.start - verb.end <= REACH and context.sentences.together(verb, found) else None
    if context.grammar.order == "verb_last":
        return context.before(noun, verb, REACH)
    found = context.beside(noun, verb, REACH)
    return None if found is not None and found.start <= verb.start < found.end else found


_OVERRIDDEN = {
    Group.ORDERS: ((0.85, 0.9), (0.6, 0.5)),
    Group.RULES: ((0.8, 0.8), (0.2, 0.2)),
    Group.SECRET: ((0.85, 0.9), (0.85, 0.9)),
    Group.WEAK: ((0.5, 0.35), (0.2, 0.2)),
}
"""How surely each is an attack: the score of those that were given before, and of all there may be."""
_CANCELLED = {
    Group.ORDERS: ((0.75, 0.8), (0.35, 0.3)),
    Group.SECRET: ((0.75, 0.8), (0.75, 0.8)),
    Group.RULES: ((0.3, 0.3), (0.2, 0.2)),
}


def _exfiltrations(context: _Context) -> Iterator[Order]:
    for secret in context.groups.get(Group.SECRET, ()):
        if context.before(Group.THEIRS, secret, 8) is not None:
            continue
        if context.grammar.order == "verb_first":
            verb = context.before(Group.REVEAL, secret, REACH)
        else:
            verb = context.beside(Group.REVEAL, secret, REACH)
        if verb is None:
            continue
        factor = context.doubt(verb, secret)
        yield Order(
            kind="prompt_exfiltration",
            start=min(verb.start, secret.start),
            end=max(verb.end, secret.end),
            user=round(0.8 * factor, 3),
            in_data=round(0.7 * factor, 3),
        )


def _personas(context: _Context) -> Iterator[Order]:
    for persona in context.groups.get(Group.PERSONA, ()):
        unbound = near(context.groups.get(Group.UNBOUND, []), persona.start, persona.end, FAR)
        if unbound is None:
            continue
        close = context.sentences.together(persona, unbound)
        yield Order(
            kind="persona",
            start=min(persona.start, unbound.start),
            end=max(persona.end, unbound.end),
            user=0.75 if close else 0.55,
            in_data=0.75 if close else 0.5,
        )
