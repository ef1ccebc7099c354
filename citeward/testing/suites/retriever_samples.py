"""What the checks of stores put in, and how they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from citeward.contracts.retrieval import Chunk, Document, Embedder, MetaValue, Store
from citeward.errors import CitewardError

ODD_NAMES: tuple[str, ...] = (
    "../x",
    "a/b",
    "A",
    "a",
    ".",
    "..",
    "a b",
    "it's",
    "日本",
    "x" * 500,
    "x" * 501,
    "CON",
    "\n",
)
"""Names that break stores which use them as they come, as tenants and as document ids."""


def sample(
    name: str,
    *texts: str,
    title: str = "",
    groups: Sequence[str] = (),
    meta: Mapping[str, MetaValue] | None = None,
    content_hash: str = "",
) -> tuple[Document, list[Chunk]]:
    """A document whose passages are the given texts, two line breaks apart."""
    chunks, start = [], 0
    for ordinal, text in enumerate(texts):
        chunks.append(Chunk(ordinal=ordinal, text=text, start=start, end=start + len(text)))
        start += len(text) + 2
    document = Document(
        id=name,
        text="\n\n".join(texts),
        source=f"source of {name}",
        title=title,
        meta=meta or {},
        groups=tuple(groups),
        content_hash=content_hash,
    )
    return document, chunks


async def fill(
    store: Store, embedder: Embedder, *samples: tuple[Document, list[Chunk]], tenant: str = "default"
) -> None:
    """Embed and upsert the samples in one call."""
    vectors = [await embedder.embed([chunk.text for chunk in chunks]) for _, chunks in samples]
    await store.upsert([document for document, _ in samples], [chunks for _, chunks in samples], vectors, tenant=tenant)


async def found(store: Store, embedder: Embedder, query: str, *, alpha: float = 0.5, **more: object) -> list[str]:
    """Ids of the documents found, best first."""
    vector = (await embedder.embed([query], queries=True))[0]
    hits = await store.search(query, vector, alpha=alpha, **more)  # type: ignore[arg-type]
    return [hit.passage.document_id for hit in hits]


class raises(suppress):  # noqa: N801 - reads as a verb
    """The block raises this error of ours, with a hint."""

    def __init__(self, error: type[CitewardError], what: str) -> None:
        super().__init__(error)
        self._error, self._what = error, what

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        assert kind is not None, f"{self._what}: nothing was raised, {self._error.__name__} was due"
        return bool(super().__exit__(kind, error, trace))  # type: ignore[arg-type]
