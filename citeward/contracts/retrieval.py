"""Documents, passages, and what finds them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Rows of unit length: float32[n, d]."""
Vector: TypeAlias = npt.NDArray[np.float32]
"""One row: float32[d]."""
MetaValue: TypeAlias = str | int | float | bool | tuple[str, ...]


class Trust(StrEnum):
    """How far a passage's text may be believed to carry no instructions."""

    UNTRUSTED = "untrusted"
    TRUSTED = "trusted"


@dataclass(frozen=True, kw_only=True)
class Document:
    """One whole text as it is stored; citations quote it by character offsets."""

    id: str
    """Stable across runs: for files the path relative to the indexed root, with `/`."""
    text: str
    source: str
    """Where a person finds it: a path or URL."""
    title: str = ""
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    """Who may read it; empty means anyone in the tenant."""
    content_hash: str = ""
    """sha256 of what the stored passages were made from; sync skips a document whose hash is unchanged."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A part of a document, as retrieved: ``document.text[start:end] == text``."""

    id: str
    document_id: str
    text: str
    start: int
    end: int
    source: str
    title: str = ""
    score: float = 0.0
    """Fused or reranked score; higher is better, comparable within one search only."""
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    trust: Trust = Trust.UNTRUSTED


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A passage to store, with its vector."""

    ordinal: int
    """Position within the document, from 0."""
    text: str
    start: int
    end: int
    meta: Mapping[str, MetaValue] = field(default_factory=dict)
    tokens: bytes = field(default=b"", repr=False)
    """The text's token vectors as a TokenPacker packed them, for a reranker; empty where there is none."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One passage found, and how each leg saw it."""

    passage: Passage
    score: float
    """The fused score, 0..1 under relative fusion."""
    keyword_score: float | None = None
    """Raw BM25 score; None where the keyword leg did not find it."""
    vector_score: float | None = None
    """Cosine similarity, -1..1; None where the vector leg did not find it."""
    degraded: bool = False
    """True where only one leg could be searched although both were asked for."""


class Fusion(StrEnum):
    """How two ranked lists become one."""

    RELATIVE = "relative"
    RANKED = "ranked"


Operator: TypeAlias = Literal["eq", "ne", "in", "gt", "gte", "lt", "lte", "contains_any"]


@dataclass(frozen=True, kw_only=True)
class Where:
    """One comparison on a field of the passage: `document_id`, `source`, `title`, or a key of `meta`."""

    field: str
    op: Operator
    value: MetaValue | Sequence[str] | Sequence[int] | Sequence[float]


@dataclass(frozen=True, kw_only=True)
class And:
    """All of the clauses hold."""

    clauses: tuple[Filter, ...]


@dataclass(frozen=True, kw_only=True)
class Or:
    """At least one of the clauses holds."""

    clauses: tuple[Filter, ...]


@dataclass(frozen=True, kw_only=True)
class Not:
    """The clause does not hold."""

    clause: Filter


Filter: TypeAlias = Where | And | Or | Not


class Embedder(Protocol):
    """Turns texts into vectors of unit length."""

    @property
    def name(self) -> str:
        """Identifies the vectors' space; a store filled under one name is never searched under another."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        """float32[n, d], each row of unit length, in the order of `texts`.

        Args:
            texts: What to embed.
            queries: True where they are questions to search by; models that tell questions from passages need to know.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TokenVectors:
    """One text's contextual token vectors, special tokens left out."""

    vectors: Vectors
    """float32[tokens, d], each row of unit length."""
    offsets: tuple[tuple[int, int], ...]
    """Character span of each token in the text."""


class TokenEmbedder(Embedder, Protocol):
    """An embedder that also gives its token vectors, for late interaction (MaxSim) and sentence scoring."""

    async def embed_tokens(self, texts: Sequence[str], /) -> list[TokenVectors]:
        """One entry a text, in order; a text past the model's window is cut there."""
        ...

    async def embed_both(self, texts: Sequence[str], /) -> tuple[Vectors, list[TokenVectors]]:
        """What `embed` and `embed_tokens` give, for the price of one."""
        ...


class TokenPacker(Protocol):
    """Makes token vectors small enough to be stored with each passage."""

    @property
    def name(self) -> str:
        """Changes with the packed form; passages packed otherwise are indexed anew."""
        ...

    def pack(self, tokens: TokenVectors, text: str, /) -> bytes:
        """The packed form of a text's tokens; lossy."""
        ...


class Retriever(Protocol):
    """Finds passages. Anything with this one method can be searched by a graph."""

    async def search(
        self,
        query: str,
        vector: Vector | None = None,
        /,
        *,
        alpha: float = 0.5,
        limit: int = 10,
        filters: Filter | None = None,
        tenant: str = "default",
        groups: Sequence[str] | None = None,
        fusion: Fusion = Fusion.RELATIVE,
    ) -> list[Hit]:
        """The best `limit` passages, best first.

        Args:
            query: The words; empty or stop words only leaves the keyword leg without hits.
            vector: The query's embedding; None searches by keyword only and flags the hits `degraded`
                where `alpha` asked for the vector leg.
            alpha: Weight of the vector leg: 0 is keyword only, 1 is vector only.
            limit: 1..1000.
            filters: Applied inside both legs, before ranking.
            tenant: Whose documents; one that is not there raises NotFound.
            groups: The reader's groups: only documents without groups or sharing one are searched.
                None means no restriction (a trusted caller).
            fusion: RELATIVE is min-max per leg over max(100, limit) candidates; RANKED is reciprocal rank.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class StoredDocument:
    """What sync needs to know of a stored document without reading its text."""

    id: str
    content_hash: str
    source: str
    passages: int


class Store(Retriever, Protocol):
    """A retriever that can be filled. Each document is written all or nothing."""

    async def upsert(
        self,
        documents: Sequence[Document],
        chunks: Sequence[Sequence[Chunk]],
        vectors: Sequence[Vectors],
        /,
        *,
        tenant: str = "default",
    ) -> None:
        """Write documents with their passages, replacing any earlier version of each.

        Args:
            documents: Up to some hundreds at a time.
            chunks: One sequence a document.
            vectors: float32[len(chunks[i]), d] for each document.
            tenant: Made when it is not there.
        """
        ...

    async def delete(self, document_ids: Sequence[str], /, *, tenant: str = "default") -> int:
        """Remove documents with all their passages; returns how many were there."""
        ...

    async def document(self, document_id: str, /, *, tenant: str = "default") -> Document:
        """The stored document with its whole text, or NotFound."""
        ...

    def documents(self, *, tenant: str = "default") -> AsyncIterator[StoredDocument]:
        """Every stored document, without its text; nothing for a tenant that is not there."""
        ...

    async def count(self, *, tenant: str = "default") -> int:
        """How many passages the tenant has; 0 for one that is not there."""
        ...

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> Mapping[str, bytes]:
        """`Chunk.tokens` by passage id; passages that are not there, or were stored without, are left out."""
        ...

    async def tenants(self) -> list[str]:
        """Every tenant that has documents, sorted."""
        ...

    async def generation(self, *, tenant: str = "default") -> str:
        """Changes with every write to the tenant's documents, so that what was made from them can be told stale."""
        ...

    async def optimize(self) -> None:
        """Bring indexes up to date and compact, after a bulk of writes."""
        ...

    async def close(self) -> None:
        """Give back connections; the store is not used afterwards."""
        ...


class Reindexable(Store, Protocol):
    """A store that can be filled anew, by another embedder, beside the live one.

    Each embedder (its name and dimensions) has a space of its own; one of them is current. An instance opened in the
    ordinary way works with the current space and refuses another embedder's with SettingsError; one opened *beside*
    fills and searches its own space while the current one goes on serving.
    """

    async def promote(self) -> None:
        """Make this instance's space the current one, in one step that no reader can see half of.

        Instances that were opened before go on reading the space that they began with until it is retired; their
        writes are refused.
        """
        ...

    async def retire(self) -> list[str]:
        """Delete every space but the current one; returns the embedders' names."""
        ...


@runtime_checkable
class Verifiable(Protocol):
    """A store that can lose a document's passages out of an index without a trace, and can look for them.

    That happens on servers without transactions which are killed amid a write. A store that writes each document in
    one commit has no need of this.
    """

    async def unverified(self, *, tenant: str = "default") -> list[str]:
        """Ids of documents whose passages have not been found since they were written, or whose write was stopped.

        They may be whole; nothing is looked for.
        """
        ...

    async def verify(self, *, tenant: str = "default", dry_run: bool = False) -> list[str]:
        """Look for the passages of the unverified documents; ids of those that have to be written anew.

        Args:
            tenant: Whose documents.
            dry_run: Do not mark those that are found.
        """
        ...


class Reranker(Protocol):
    """Puts the best passages first by a closer look than the search took."""

    @property
    def name(self) -> str:
        """Changes with the order that it gives: part of what an answer was made with."""
        ...

    async def rerank(
        self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"
    ) -> list[Passage]:
        """At most `limit` passages, best first, with `score` replaced by the reranker's.

        Args:
            query: What was searched for.
            passages: Best first, as search found them.
            limit: 1 or more.
            tenant: Whose passages they are.
        """
        ...
