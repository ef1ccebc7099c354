"""Any LangChain vector store under Citeward's contract."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from citeward.contracts.retrieval import Chunk, Document, Filter, Fusion, Hit, StoredDocument, Vector, Vectors
from citeward.errors import CitewardError, InvalidInput, NotFound, StoreError, StoreUnavailable
from citeward.retrieval.checks import check_batch, check_search, check_tenant, check_vector, utf8
from citeward.retrieval.filters import matches
from citeward.retrieval.fusion import candidates
from citeward.retrieval.langchain.catalogue import Catalogue, Known
from citeward.retrieval.langchain.given import given_embeddings, giving
from citeward.retrieval.legs import Leg, hits

if TYPE_CHECKING:
    from langchain_core.documents import Document as Record
    from langchain_core.embeddings import Embeddings
    from langchain_core.vectorstores import VectorStore

Make: TypeAlias = Callable[[str, "Embeddings"], "VectorStore"]
KEY = "citeward_key"
"""Names the passage in the metadata of the vector store's record."""
_QUESTION = "question"
_WIDER = 4
"""How many times more passages are asked for where too few of them may be given."""


class LangChainStore:
    """Vectors in a LangChain vector store, and the documents themselves in a catalogue beside it (SQLite).

    A vector store searches by vector only. So there is no keyword leg: hits are flagged degraded where one is asked
    for, and a search without a vector is refused. Filters and groups are applied to what the vector store brings, and
    it is asked for more until enough is left, it has no more, or `reach` passages were looked at; a match that ranks
    behind those is not found. Searches and writes of one tenant take turns, because stores that live in the process
    seldom bear both at once.

    Each document is replaced in one step, which is the catalogue's: new vectors are written before it, old ones are
    deleted after it, and what is left over by a crash is never found. Citeward's embedder makes every vector, so that
    the vector store embeds nothing. Write to it through this class only.

    Args:
        make: Makes (or opens) the vector store of a tenant, to be given these embeddings.
        embedder: Name of the embedder whose vectors are stored.
        dimensions: Length of its vectors.
        catalogue: File of the catalogue, kept together with the vector stores; None keeps it in memory, for those that
            live in memory as well.
        similarity: Makes a cosine similarity of the vector store's score: as it is by default; `lambda d: 1 - d / 2`
            for the square of a Euclidean distance (FAISS), `lambda d: 1 - d` for a cosine distance.
        reach: The most passages looked at in one search.

    >>> from langchain_core.vectorstores import InMemoryVectorStore
    >>> store = LangChainStore(lambda tenant, given: InMemoryVectorStore(given), embedder="mine", dimensions=384)
    """

    def __init__(
        self,
        make: Make,
        *,
        embedder: str,
        dimensions: int,
        catalogue: Path | None = None,
        similarity: Callable[[float], float] = float,
        reach: int = 10_000,
    ) -> None:
        self._make, self._similarity, self._reach = make, similarity, reach
        self._embedder, self._dimensions = embedder, dimensions
        self._catalogue = Catalogue(catalogue)
        self._stores: dict[str, VectorStore] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def search(
        self,
        query: str,  # noqa: ARG002 - there is no keyword leg
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
        """The best passages, best first; see `citeward.contracts.retrieval.Retriever`.

        Raises:
            InvalidInput: No vector; a limit outside 1..1000, an alpha outside 0..1, a vector of another length, a bad
                filter.
            NotFound: No such tenant.
            StoreError: The vector store failed, or gives no scores.
        """
        check_search(alpha, limit, filters)
        if not await asyncio.to_thread(self._catalogue.is_known, tenant):
            raise NotFound(f"no documents of tenant {tenant!r}", hint="index some, or check the tenant's name")
        if vector is None:
            raise InvalidInput(
                "there is no vector to search by, and this store has no keyword leg",
                hint=f"embed the query with {self._embedder!r}, or use a store that searches by keyword",
            )
        values = check_vector(vector, self._embedder, self._dimensions)
        leg = await self._leg(values, tenant, limit, filters, None if groups is None else set(groups))
        found = hits(Leg(), leg, alpha=1.0, fusion=fusion, limit=limit)
        return [replace(hit, degraded=True) for hit in found] if alpha < 1 else found

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

        Raises:
            InvalidInput: What is given does not fit together; nothing was written.
            StoreError: The vector store failed; the earlier versions are still there.
        """
        check_tenant(tenant)
        check_batch(documents, chunks, vectors, self._dimensions)
        if not documents:
            return
        keys = [[uuid4().hex for _ in pieces] for pieces in chunks]
        async with self._turns[tenant]:
            await self._add(tenant, documents, chunks, vectors, keys)
            before = await asyncio.to_thread(self._catalogue.write, tenant, documents, chunks, keys)
            await self._remove(tenant, before)

    async def delete(self, document_ids: Sequence[str], /, *, tenant: str = "default") -> int:
        """Remove documents with all their passages; returns how many were there."""
        async with self._turns[tenant]:
            there, keys = await asyncio.to_thread(self._catalogue.delete, tenant, [utf8(one) for one in document_ids])
            await self._remove(tenant, keys)
        return there

    async def document(self, document_id: str, /, *, tenant: str = "default") -> Document:
        """The stored document with its whole text.

        Raises:
            NotFound: No such tenant or document.
        """
        found = await asyncio.to_thread(self._catalogue.document, tenant, utf8(document_id))
        if found is None:
            raise NotFound(f"no document {document_id!r} in tenant {tenant!r}", hint="index it first")
        return found

    async def documents(self, *, tenant: str = "default") -> AsyncIterator[StoredDocument]:
        """Every stored document, without its text; nothing for a tenant that is not there."""
        for one in await asyncio.to_thread(self._catalogue.documents, tenant):
            yield one

    async def count(self, *, tenant: str = "default") -> int:
        """How many passages the tenant has; 0 for one that is not there."""
        return await asyncio.to_thread(self._catalogue.count, tenant)

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> Mapping[str, bytes]:
        """`Chunk.tokens` by passage id; passages that are not there, or were stored without, are left out."""
        return await asyncio.to_thread(self._catalogue.tokens, tenant, [utf8(one) for one in passage_ids])

    async def tenants(self) -> list[str]:
        """Every tenant that has documents, sorted."""
        return await asyncio.to_thread(self._catalogue.tenants)

    async def generation(self, *, tenant: str = "default") -> str:
        """Changes with every write to the tenant's documents."""
        return await asyncio.to_thread(self._catalogue.generation, tenant)

    async def optimize(self) -> None:
        """Nothing: a LangChain vector store has no such step."""

    async def close(self) -> None:
        """Give back the catalogue; the vector stores are their maker's."""
        await asyncio.to_thread(self._catalogue.close)

    def _store(self, tenant: str) -> VectorStore:
        if tenant not in self._stores:
            self._stores[tenant] = self._make(tenant, given_embeddings())
        return self._stores[tenant]

    async def _leg(
        self, vector: Vector, tenant: str, limit: int, filters: Filter | None, groups: set[str] | None
    ) -> Leg:
        """The nearest passages that may be given, as many as fusion wants."""
        wanted = candidates(limit)
        asked = min(wanted, self._reach)
        while True:
            async with self._turns[tenant]:
                scores = await self._nearest(tenant, vector, asked)
                known = await asyncio.to_thread(self._catalogue.known, tenant, list(scores))
            given = {key: known[key].passage for key in scores if key in known and _may(known[key], filters, groups)}
            if len(given) >= wanted or len(scores) < asked or asked >= self._reach:
                break
            asked = min(asked * _WIDER, self._reach)
        best = sorted(given, key=lambda key: (-scores[key], given[key].id))[:wanted]
        return Leg(
            passages={given[key].id: given[key] for key in best}, scores={given[key].id: scores[key] for key in best}
        )

    async def _nearest(self, tenant: str, vector: Vector, asked: int) -> dict[str, float]:
        """Cosine similarity by key."""
        try:
            with giving({_QUESTION: vector}):
                found = await self._store(tenant).asimilarity_search_with_score(_QUESTION, k=asked)
        except NotImplementedError as error:
            raise StoreError(
                f"{type(self._store(tenant)).__name__!r} gives no scores",
                hint="use one with similarity_search_with_score",
            ) from error
        except CitewardError:
            raise
        except Exception as error:
            raise _failed(self._store(tenant), error) from error
        return {record.metadata[KEY]: self._similarity(score) for record, score in found if KEY in record.metadata}

    async def _add(
        self,
        tenant: str,
        documents: Sequence[Document],
        chunks: Sequence[Sequence[Chunk]],
        vectors: Sequence[Vectors],
        keys: Sequence[Sequence[str]],
    ) -> None:
        for some in _rounds(documents, chunks, vectors, keys):
            try:
                with giving({record.page_content: vector for record, vector in some}):
                    records = [record for record, _ in some]
                    await self._store(tenant).aadd_documents(records, ids=[record.metadata[KEY] for record in records])
            except CitewardError:
                raise
            except Exception as error:
                raise _failed(self._store(tenant), error) from error

    async def _remove(self, tenant: str, keys: list[str]) -> None:
        """Delete what no passage needs any more; left where the vector store cannot, since it is never found."""
        if not keys:
            return
        try:
            await self._store(tenant).adelete(keys)
        except NotImplementedError:
            return
        except Exception as error:
            raise _failed(self._store(tenant), error) from error


def _rounds(
    documents: Sequence[Document],
    chunks: Sequence[Sequence[Chunk]],
    vectors: Sequence[Vectors],
    keys: Sequence[Sequence[str]],
) -> list[list[tuple[Record, Vector]]]:
    """What to write, in rounds with no text twice: vectors are given by text, and one text may have several."""
    from langchain_core.documents import Document as Record

    rounds: list[list[tuple[Record, Vector]]] = []
    seen: Counter[str] = Counter()
    for document, pieces, rows, names in zip(documents, chunks, vectors, keys, strict=True):
        for chunk, row, name in zip(pieces, rows, names, strict=False):
            number = seen[chunk.text]
            seen[chunk.text] += 1
            if number == len(rounds):
                rounds.append([])
            metadata = {KEY: name, "document_id": document.id, "source": document.source}
            rounds[number].append((Record(page_content=chunk.text, metadata=metadata, id=name), row))
    return rounds


def _may(known: Known, filters: Filter | None, groups: set[str] | None) -> bool:
    """Whether the passage may be given to a reader of these groups."""
    if groups is not None and known.groups and not groups.intersection(known.groups):
        return False
    one = known.passage
    fields = {"document_id": one.document_id, "source": one.source, "title": one.title}
    return filters is None or matches(filters, fields, one.meta)


def _failed(store: VectorStore, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"the vector store {type(store).__name__!r} failed: {type(error).__name__}: {error}",
        hint="see whether its server is up, and what its own log says",
    )
