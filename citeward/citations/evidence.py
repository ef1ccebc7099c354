"""Tells without a model of entailment whether texts support a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citeward.citations.align import Aligner
from citeward.citations.verify import Judgement, judge
from citeward.contracts.citation import Label
from citeward.contracts.guardrail import Support
from citeward.contracts.retrieval import Embedder, Vector

_INLINE = 4_000
"""Characters that are compared on the event loop, some milliseconds' worth; more are compared in a thread."""
_NONE = Judgement(label=Label.UNSUPPORTED, score=0.0)


@dataclass(frozen=True, kw_only=True)
class _Quote:
    """What of one text a sentence is compared with."""

    sentence: str
    text: str
    exact: bool


class WordVerifier:
    """A `Verifier` that judges as citations are judged: the best quote of any text, by words, numbers and names.

    Args:
        embedder: Judges sentences that are not quoted word for word by their meaning too; None goes by words alone.
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    async def verify(self, sentences: Sequence[str], evidence: Sequence[str], /) -> list[Support]:
        """For each sentence the support of the text that supports it best."""
        long = sum(map(len, sentences)) + sum(map(len, evidence)) > _INLINE
        found = await asyncio.to_thread(_found, sentences, evidence) if long else _found(sentences, evidence)
        alike = [quote for quotes in found for quote in quotes if not quote.exact]
        vectors = await self._vectors({text for quote in alike for text in (quote.sentence, quote.text)})
        best = [max((_judged(quote, vectors) for quote in quotes), key=_score, default=_NONE) for quotes in found]
        return [Support(label=judgement.label, score=judgement.score) for judgement in best]

    async def _vectors(self, texts: set[str]) -> dict[str, Vector]:
        """Each text's vector; nothing where there is no embedder."""
        if self._embedder is None or not texts:
            return {}
        ordered = sorted(texts)
        return dict(zip(ordered, await self._embedder.embed(ordered), strict=True))


def _found(sentences: Sequence[str], evidence: Sequence[str]) -> list[list[_Quote]]:
    """For each sentence the quote of each text that says most of it."""
    aligners = [(Aligner(text), text) for text in evidence]
    return [list(_quotes(sentence, aligners)) for sentence in sentences]


def _quotes(sentence: str, aligners: Sequence[tuple[Aligner, str]]) -> Iterator[_Quote]:
    for aligner, text in aligners:
        aligned = aligner.find(sentence)
        if aligned is not None:
            yield _Quote(sentence=sentence, text=aligned.span.of(text), exact=aligned.exact)


def _judged(quote: _Quote, vectors: Mapping[str, Vector]) -> Judgement:
    similarity = None
    if vectors and not quote.exact:
        similarity = float(vectors[quote.sentence] @ vectors[quote.text])
    return judge(quote.sentence, quote.text, similarity=similarity)


def _score(judgement: Judgement) -> float:
    return judgement.score
