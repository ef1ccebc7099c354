"""LangChain embeddings that embed nothing: they give the vectors that the caller has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from citeward.contracts.retrieval import Vector
from citeward.errors import StoreError

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

_vectors: ContextVar[Mapping[str, Vector]] = ContextVar("vectors by text", default={})  # noqa: B039 - never written to


@contextmanager
def giving(vectors: Mapping[str, Vector]) -> Iterator[None]:
    """While it lasts, the embeddings of this task, and of threads that it starts, give these vectors."""
    token = _vectors.set(vectors)
    try:
        yield
    finally:
        _vectors.reset(token)


def given_embeddings() -> Embeddings:
    """Embeddings for a vector store whose vectors are made by Citeward's embedder, once."""
    from langchain_core.embeddings import Embeddings

    class GivenEmbeddings(Embeddings):
        """Looks vectors up by their text."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [self.embed_query(text) for text in texts]

        def embed_query(self, text: str) -> list[float]:
            vector = _vectors.get().get(text)
            if vector is None:
                raise StoreError(
                    f"no vector was given for {text[:80]!r}",
                    hint="write to the wrapped vector store through LangChainStore only",
                )
            return [float(value) for value in vector]

    return GivenEmbeddings()
