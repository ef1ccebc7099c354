"""The store for production: a Weaviate server or cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import pairwise
from uuid import uuid4

from citeward.contracts.retrieval import Chunk, Document, Filter, Fusion, Hit, StoredDocument, Vector, Vectors
from citeward.errors import NotFound, StoreReadOnly, StoreUnavailable
from citeward.retrieval.analysis import terms
from citeward.retrieval.checks import check_batch, check_search, utf8
from citeward.retrieval.weaviate.connection import Connection
from citeward.retrieval.weaviate.faults import TenantMissing
from citeward.retrieval.weaviate.rows import DOCUMENT, LISTED, document, listed, range_properties
from citeward.retrieval.weaviate.schema import HEAD
from citeward.retrieval.weaviate.searching import Asked, search
from citeward.retrieval.weaviate.spaces import Spaces
from citeward.retrieval.weaviate.tenant import Pulse, Tenant
from citeward.retrieval.weaviate.tenants import Tenants
from citeward.retrieval.weaviate.verification import inspect, unverified
from citeward.retrieval.weaviate.where import ordered_keys, where
from citeward.retrieval.weaviate.writing import remove, replace, tidy

_DOCUMENTS_AT_ONCE = 200
_PASSAGES_AT_ONCE = 2_000
_LOOKS = 8


class WeaviateStore:
    """Documents on a Weaviate server, searched by keyword and by vector.

    Nothing connects before the first call, and nothing is made before the first `upsert`. Any number of processes may
    read and write. Each document changes as a whole: a search finds all of one version of it, and what was acknowledged
    stays and is found, whoever is stopped and when; see `writing` and `verification`.

    Args:
        url: REST address as `https://weaviate.example.com`; `embedded` starts a server from a binary on this machine.
        embedder: Name of the embedder whose vectors are stored; None for keyword search only.
        dimensions: Length of its vectors.
        beside: Work in this embedder's own space, whichever is current, until `promote`.
        read_only: Refuse to write, with StoreReadOnly.
        grpc_port: Port of the server's gRPC service.
        grpc_host: Host of it, where it is another than in `url`.
        api_key: Sent as a bearer token.
        collection: Prefix of the collections' names.
        timeout: Seconds that a query may take, tries included; a write may take three times that.
        skip_init_checks: Do not ask first whether the server is ready and new enough.
        replicas: Replication factor of collections made now.

    Raises:
        SettingsError: A value that cannot be used.

    >>> store = WeaviateStore("http://127.0.0.1:8080", embedder="all-MiniLM-L6-v2", dimensions=384)
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        embedder: str | None = None,
        dimensions: int | None = None,
        beside: bool = False,
        read_only: bool = False,
        grpc_port: int = 50051,
        grpc_host: str | None = None,
        api_key: str | None = None,
        collection: str = "Citeward",
        timeout: float = 30.0,
        skip_init_checks: bool = False,
        replicas: int = 1,
    ) -> None:
        self.url = url
        self._read_only = read_only
        self._connection = Connection(
            url,
            grpc_host=grpc_host,
            grpc_port=grpc_port,
            api_key=api_key,
            timeout=timeout,
            skip_init_checks=skip_init_checks,
        )
        self._spaces = Spaces(
            self._connection,
            prefix=collection,
            embedder=embedder,
            dimensions=dimensions,
            beside=beside,
            replicas=replicas,
        )
        self._tenants = Tenants(self._connection, replicated=replicas > 1)
        self._generations: dict[tuple[str, str], str] = {}

    async def open(self) -> WeaviateStore:
        """Connect, and look for the current space, now rather than at the first call.

        Raises:
            SettingsError: Another embedder filled it; the client is not installed.
            StoreUnavailable: The server does not answer.
        """
        await self._spaces.reading()
        return self

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
        """The best passages, best first; see `citeward.contracts.retrieval.Retriever`.

        Raises:
            InvalidInput: A limit outside 1..1000, an alpha outside 0..1, a vector of another length, a bad filter.
            NotFound: No such tenant.
            SettingsError, StoreUnavailable: As `open`.
        """
        check_search(alpha, limit, filters)
        part = await self._found(tenant)
        values = self._spaces.vector(vector, part.space) if alpha > 0 else None
        degraded = alpha > 0 and values is None
        known = (part.space.passages, tenant)
        asked = Asked(
            words=terms(utf8(query)) if alpha < 1 or degraded else [],
            vector=values,
            condition=where(filters, groups, await self._tenants.ranges(part.space, ordered_keys(filters))),
            alpha=alpha,
            fusion=fusion,
            limit=limit,
            degraded=degraded,
        )
        try:
            found = await search(part, asked, generation=self._generations.get(known))
        except TenantMissing as error:
            raise self._nobody(tenant) from error
        self._generations[known] = found.generation
        return found.hits

    async def upsert(
        self,
        documents: Sequence[Document],
        chunks: Sequence[Sequence[Chunk]],
        vectors: Sequence[Vectors],
        /,
        *,
        tenant: str = "default",
    ) -> None:
        """Write documents with their passages, replacing any earlier version of each, each as a whole.

        A store without an embedder takes vectors of no length: `np.zeros((len(chunks[i]), 0))`.

        Raises:
            InvalidInput: What is given does not fit together; nothing was written.
            SettingsError: Another embedder's space is current, or became so meanwhile.
            StoreReadOnly: This instance, or the server, takes no writes.
            StoreUnavailable: No answer; what was written is whole, and the call may be repeated.
            StoreError: The server refuses an object; the message names the document.
        """
        check_batch(documents, chunks, vectors, self._spaces.wanted.dimensions)
        if not documents:
            return
        self._check_writable()
        space = await self._spaces.writing()
        part = await self._tenants.make(space, tenant)
        for some in _shares(chunks):
            needed = {name for at in some for name in range_properties(documents[at], chunks[at])}
            await self._tenants.make_ranges(space, needed)
            await replace(
                part,
                [documents[at] for at in some],
                [chunks[at] for at in some],
                [vectors[at] for at in some],
                confirm=self._spaces.confirm,
            )

    async def delete(self, document_ids: Sequence[str], /, *, tenant: str = "default") -> int:
        """Remove documents with all their passages; returns how many were there.

        Raises:
            SettingsError, StoreReadOnly, StoreUnavailable: As `upsert`.
        """
        self._check_writable()
        part = await self._part(tenant)
        if part is None or not document_ids:
            return 0
        await self._spaces.confirm()
        try:
            return await remove(part, list(dict.fromkeys(map(utf8, document_ids))), confirm=self._spaces.confirm)
        except TenantMissing:
            return 0

    async def document(self, document_id: str, /, *, tenant: str = "default") -> Document:
        """The stored document with its whole text.

        Raises:
            NotFound: No such tenant or document.
        """
        part = await self._found(tenant)
        for _ in range(_LOOKS):
            try:
                head = await part.head(utf8(document_id), DOCUMENT)
            except TenantMissing as error:
                raise self._nobody(tenant) from error
            if head is None:
                raise NotFound(f"no document {document_id!r} in tenant {tenant!r}", hint="index it first")
            # Where it was replaced in between, the body is gone, and the head names another.
            if (text := await part.body(head["version"])) is not None:
                return document(head, text)
        raise StoreUnavailable(f"the document {document_id!r} is being replaced again and again", hint="try again")

    async def documents(self, *, tenant: str = "default") -> AsyncIterator[StoredDocument]:
        """Every stored document, without its text; nothing for a tenant that is not there."""
        part = await self._part(tenant)
        if part is None:
            return
        try:
            async for one in part.objects(LISTED):
                if one["kind"] == HEAD:
                    yield listed(one)
        except TenantMissing:
            return

    async def count(self, *, tenant: str = "default") -> int:
        """How many passages the tenant has; 0 for one that is not there."""
        part = await self._part(tenant)
        try:
            return 0 if part is None else await part.count()
        except TenantMissing:
            return 0

    async def tokens(self, passage_ids: Sequence[str], /, *, tenant: str = "default") -> dict[str, bytes]:
        """`Chunk.tokens` by passage id; passages that are not there, or were stored without, are left out."""
        part = await self._part(tenant)
        try:
            return {} if part is None or not passage_ids else await part.tokens(list(map(utf8, passage_ids)))
        except TenantMissing:
            return {}

    async def tenants(self) -> list[str]:
        """Every tenant that was ever written and has a place on the server, sorted."""
        space = await self._spaces.reading()
        return [] if space is None else sorted(await self._tenants.every(space))

    async def generation(self, *, tenant: str = "default") -> str:
        """Changes with each write; while one is under way, or was stopped and not cleared away, no two are alike."""
        part = await self._part(tenant)
        try:
            pulse = Pulse() if part is None else await part.pulse()
        except TenantMissing:
            return ""
        return f"{pulse.generation}~{uuid4().hex}" if pulse.writing else pulse.generation

    async def unverified(self, *, tenant: str = "default") -> list[str]:
        """Ids of documents whose passages have not been found since they were written, or whose write was stopped.

        An older Citeward verified nothing, so every document that it wrote is among them until `verify`.
        """
        part = await self._part(tenant)
        try:
            return [] if part is None else await unverified(part, marked=await self._tenants.marks(part.space))
        except TenantMissing:
            return []

    async def verify(self, *, tenant: str = "default", dry_run: bool = False) -> list[str]:
        """Look for the passages of the unverified documents; ids of those that have to be written anew.

        Args:
            tenant: Whose documents.
            dry_run: Do not mark those that are found, and do not clear away what stopped writes left.

        Raises:
            SettingsError, StoreReadOnly, StoreUnavailable: As `upsert`, unless `dry_run`.
        """
        part = await self._part(tenant)
        if part is None:
            return []
        if not dry_run:
            self._check_writable()
            await self._spaces.confirm()
            await self._tenants.make_marks(part.space)
        try:
            if not dry_run:
                await tidy(part)
            return await inspect(part, marked=await self._tenants.marks(part.space), mark=not dry_run)
        except TenantMissing:
            return []

    async def optimize(self) -> None:
        """Clear away what stopped writes left; the server keeps its indexes up to date by itself."""
        self._check_writable()
        space = await self._spaces.reading()
        if space is None:
            return
        await self._spaces.confirm()
        for tenant in await self._tenants.every(space):
            await tidy(self._tenants.part(space, tenant))

    async def promote(self) -> None:
        """Make this instance's space the current one; see `citeward.contracts.retrieval.Reindexable`."""
        self._check_writable()
        await self._spaces.promote()

    async def retire(self) -> list[str]:
        """Delete every space but the current one; returns the embedders' names, `none` for one without."""
        self._check_writable()
        return await self._spaces.retire()

    async def drop(self) -> None:
        """Delete everything under this instance's collection prefix, every embedder's."""
        self._check_writable()
        self._tenants.forget()
        await self._spaces.drop()

    async def close(self) -> None:
        """Give back connections; an embedded server ends."""
        await self._connection.close()

    async def __aenter__(self) -> WeaviateStore:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _part(self, tenant: str) -> Tenant | None:
        space = await self._spaces.reading()
        return None if space is None else self._tenants.part(space, tenant)

    async def _found(self, tenant: str) -> Tenant:
        part = await self._part(tenant)
        if part is None:
            raise self._nobody(tenant)
        return part

    def _nobody(self, tenant: str) -> NotFound:
        return NotFound(
            f"no documents of tenant {tenant!r} in the store {self.url!r}",
            hint="index some first: `citeward index PATH`",
        )

    def _check_writable(self) -> None:
        if self._read_only:
            raise StoreReadOnly(
                f"the store {self.url!r} is open for reading only", hint="open it without read_only=True"
            )


def _shares(chunks: Sequence[Sequence[Chunk]]) -> Iterator[range]:
    """The documents' places, so many at a time as one write takes."""
    starts, passages = [0], 0
    for at, pieces in enumerate(chunks):
        if at - starts[-1] >= _DOCUMENTS_AT_ONCE or (passages and passages + len(pieces) > _PASSAGES_AT_ONCE):
            starts.append(at)
            passages = 0
        passages += len(pieces)
    return (range(start, end) for start, end in pairwise([*starts, len(chunks)]))
