"""Citeward's own search, question by question, and the passages and vectors that it searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.parts import ROOT
from citeward.contracts.retrieval import Chunk, Document, TokenEmbedder, TokenVectors, Vectors
from citeward.evals.measure.folder import Labelled
from citeward.evals.measure.retrieval import DEPTHS
from citeward.ingest.sync import sync
from citeward.project.declared import read_project
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.place import placed
from citeward.retrieval.rerank.maxsim import MaxSimReranker
from citeward.retrieval.rerank.packing import TokenVectorPacker

CANDIDATES = 20
"""Passages that are reranked, as in `citeward measure retrieval`."""
SEVERAL = 100
"""Passages asked for where documents have several, likewise."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was searched, and what was found."""

    corpus: Corpus
    rankings: Mapping[str, Sequence[Sequence[str]]]
    """Document ids by system, that of the best passage first, for each question."""


class Remembered:
    """An embedder that keeps what it gave, so that peers get the very vectors that Citeward stored."""

    def __init__(self, embedder: TokenEmbedder) -> None:
        self._embedder = embedder
        self.name = embedder.name
        self.dimensions = embedder.dimensions
        self.vectors: dict[str, np.ndarray] = {}

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        vectors = await self._embedder.embed(texts, queries=queries)
        self.vectors |= zip(texts, vectors, strict=True)
        return vectors

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        return await self._embedder.embed_tokens(texts)

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        vectors, tokens = await self._embedder.embed_both(texts)
        self.vectors |= zip(texts, vectors, strict=True)
        return vectors, tokens


async def search_all(labelled: Labelled, folder: Path) -> Searched:
    """Index the documents as `citeward index` does; ask every question of hybrid search, and of MaxSim on top.

    Args:
        labelled: Documents and questions.
        folder: Of the store that is made for it.
    """
    project = read_project(ROOT)
    alpha, chunker = project.agent().retrieval.alpha, project.chunker()
    embedder = Remembered(MiniLM())
    rankings: dict[str, list[list[str]]] = {"hybrid": [], "rerank": []}
    async with LanceStore(folder, embedder=embedder.name, dimensions=embedder.dimensions) as store:
        packer = TokenVectorPacker()
        await sync(labelled.documents, store, embedder, roots=(), chunker=chunker, packer=packer)
        corpus = await _corpus(labelled, chunker, embedder)
        reranker = MaxSimReranker(embedder, stored=store, packer=packer)
        depth = depth_of(corpus)
        for question, vector in zip(corpus.questions, corpus.question_vectors, strict=True):
            hits = await store.search(question, vector, alpha=alpha, limit=depth)
            found = [hit.passage for hit in hits]
            first = await reranker.rerank(question, found[:CANDIDATES], limit=CANDIDATES)
            for name, passages in (("hybrid", found), ("rerank", [*first, *found[CANDIDATES:]])):
                rankings[name].append([passage.document_id for passage in passages])
    return Searched(corpus=corpus, rankings=rankings)


def depth_of(corpus: Corpus) -> int:
    """Passages that `citeward measure retrieval` asks for: more where documents have several."""
    return DEPTHS[-1] if len(corpus.documents) <= len(set(corpus.documents.values())) else SEVERAL


async def _corpus(labelled: Labelled, chunker: Callable[[Document], Sequence[Chunk]], embedder: Remembered) -> Corpus:
    documents, texts = {}, []
    for document in labelled.documents:
        for chunk in chunker(document):
            documents[f"{document.id}#{chunk.ordinal}"] = document.id
            texts.append(placed(chunk.text, title=document.title, meta=chunk.meta))
    vectors = np.vstack([embedder.vectors[text] for text in texts])
    questions = [question.question for question in labelled.questions]
    # One at a time, as they come in a search.
    asked = np.vstack([await embedder.embed([question], queries=True) for question in questions])
    return Corpus(documents=documents, texts=texts, vectors=vectors, questions=questions, question_vectors=asked)
