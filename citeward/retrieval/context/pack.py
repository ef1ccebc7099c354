"""Chooses which of the found passages stand in the prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from citeward.contracts.retrieval import Passage
from citeward.retrieval.context.neighbours import merged
from citeward.text.tokens import EstimatedRuler, estimate_tokens
from citeward.text.words import content_words, words

SAME = 0.9
"""Share of words in common from which two passages say the same."""
_NEGATIONS = frozenset({"no", "nor", "not"})
_NOTHING: Mapping[str, str] = MappingProxyType({})


def pack(
    passages: Sequence[Passage], *, limit: int, max_tokens: int, texts: Mapping[str, str] = _NOTHING
) -> list[Passage]:
    """The best passages that fit, those that stand side by side in their document made one.

    Passages are taken best first. One that repeats what was taken is left out, and so is one that does not fit into
    what is left of the budget. One that touches or overlaps a passage that was taken, or has only white space between,
    goes into that passage (`neighbours.merged` says what becomes of ids, scores and meta). The result is in the order
    of each passage's best part, each text is exactly what stands in the document from `start` to `end`, and no
    character of a document stands in it twice.

    Args:
        passages: Best first.
        limit: The most passages to keep, merged ones counted once. What ranks below the last one kept is not looked at.
        max_tokens: Budget for the texts of all of them together, by `estimate_tokens`. Where the very first passage
            alone is over it, its beginning is kept, since an answer from nothing is worse.
        texts: Whole texts of documents by id, as far as `texts_between` found them worth having.
    """
    packing = _Packing(max_tokens=max_tokens, texts=texts)
    for passage in passages:
        if len(packing.kept) >= limit:
            break
        packing.add(passage)
    return packing.kept


@dataclass(kw_only=True)
class _Packing:
    max_tokens: int
    texts: Mapping[str, str]
    kept: list[Passage] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """Tokens of each passage kept."""
    seen: list[frozenset[str]] = field(default_factory=list)

    def add(self, passage: Passage) -> None:
        """Keep the passage, alone or as part of others, or leave it out."""
        said = _said(passage.text)
        if not passage.text.strip() or any(_repeats(said, other) for other in self.seen):
            return
        whole, places = self._joined(passage)
        left = self.max_tokens - sum(size for at, size in enumerate(self.sizes) if at not in places)
        size = estimate_tokens(whole.text)
        if size > left and not self.kept:
            whole = _beginning(whole, left)
            size = estimate_tokens(whole.text)
        if size > left or not whole.text:
            return
        if places:
            self.kept[places[0]], self.sizes[places[0]] = whole, size
            for at in reversed(places[1:]):
                del self.kept[at], self.sizes[at]
        else:
            self.kept.append(whole)
            self.sizes.append(size)
        self.seen.append(said)

    def _joined(self, passage: Passage) -> tuple[Passage, list[int]]:
        """The passage made one with its neighbours, and their places in `kept`: one before it, one behind, or both.

        What lies further off cannot be reached through it: any two that were kept do not adjoin each other."""
        whole = passage
        places: list[int] = []
        for at, other in enumerate(self.kept):
            one = merged(other, passage, self.texts.get(passage.document_id))
            if one is not None:
                both = merged(whole, other, self.texts.get(passage.document_id)) if places else one
                if both is not None:
                    whole = both
                    places.append(at)
        return whole, places


def _said(text: str) -> frozenset[str]:
    return frozenset(content_words(text)) | (_NEGATIONS & frozenset(words(text)))


def _repeats(said: frozenset[str], other: frozenset[str]) -> bool:
    """Jaccard similarity over the line, and neither a number nor a "not" between them: versions of a text may differ
    in nothing else. Two passages without words are no repetition of each other."""
    union, apart = said | other, said ^ other
    if not union or 1 - len(apart) / len(union) < SAME:
        return False
    return not any(word in _NEGATIONS or any(map(str.isdigit, word)) for word in apart)


def _beginning(passage: Passage, tokens: int) -> Passage:
    """As much of the passage as has `tokens` tokens at most, up to the end of a word; its text may be empty."""
    text = passage.text
    stop = EstimatedRuler(text).reach(0, len(text), tokens) if tokens > 0 else 0
    if stop < len(text) and not text[stop].isspace():
        space = max(text.rfind(" ", 0, stop), text.rfind("\n", 0, stop))
        stop = space if space > 0 and text[:space].strip() else stop
    kept = text[:stop].rstrip()
    while kept and estimate_tokens(kept) > tokens:  # a torn word may count for more
        kept = kept[:-1]
    return replace(passage, text=kept, end=passage.start + len(kept))
