"""What a project searches with: its embedder, its store, its reranker, as the settings name them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from citeward.contracts.retrieval import Embedder, Reindexable, Reranker, TokenEmbedder, TokenPacker
from citeward.project.declared import Project
from citeward.retrieval.embedding.endpoint import EndpointEmbedder
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.embedding.paired import PairedEmbedder
from citeward.retrieval.embedding.remembered import RememberedEmbedder
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.rerank.cross_encoder import CrossEncoderReranker
from citeward.retrieval.rerank.endpoint import EndpointReranker
from citeward.retrieval.rerank.maxsim import MaxSimReranker
from citeward.retrieval.rerank.packing import TokenVectorPacker
from citeward.retrieval.weaviate import WeaviateStore
from citeward.settings import EndpointSettings, LanceDBSettings, MiniLMSettings, WeaviateSettings


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """The parts, opened together. Get them from `open_retrieval`."""

    store: Reindexable
    embedder: Embedder | None
    """Makes the vectors that the store is searched by; None searches by keyword only."""
    local: TokenEmbedder | None
    """Compares texts on this machine, wherever the store's vectors come from; None compares by words."""
    reranker: Reranker | None
    packer: TokenPacker | None
    """Packs what the reranker wants stored with each passage; None where it wants nothing."""


@asynccontextmanager
async def open_retrieval(project: Project, *, beside: bool = False) -> AsyncIterator[Retrieval]:
    """The project's parts of retrieval for as long as the `async with` block lasts.

    Args:
        project: Whose settings are read.
        beside: Open the store beside the live one, to fill it anew with the settings' embedder. Nothing is searched
            there, so there is no reranker.

    Raises:
        SettingsError: An address or a key that cannot be used.
    """
    async with AsyncExitStack() as stack:
        local = local_embedder(project)
        embedder = _embedder(project, local, stack)
        store = open_store(project, embedder, beside=beside)
        stack.push_async_callback(store.close)
        reranker = None if beside else _reranker(project, local, store, stack)
        packer = TokenVectorPacker() if local is not None and project.settings.reranker.kind == "maxsim" else None
        yield Retrieval(store=store, embedder=embedder, local=local, reranker=reranker, packer=packer)


def open_store(project: Project, embedder: Embedder | None, *, beside: bool = False) -> Reindexable:
    """The project's store; with no embedder it reads whatever is there, by keyword only."""
    settings = project.settings.store
    name, dimensions = (embedder.name, embedder.dimensions) if embedder else (None, None)
    if isinstance(settings, LanceDBSettings):
        return LanceStore(project.path(settings.path), embedder=name, dimensions=dimensions, beside=beside)
    return WeaviateStore(
        settings.url,
        embedder=name,
        dimensions=dimensions,
        beside=beside,
        api_key=_secret(settings.api_key),
        **settings.model_dump(exclude={"kind", "url", "api_key"}),
    )


@asynccontextmanager
async def scratch_store(project: Project) -> AsyncIterator[Project]:
    """The project with an empty store of the same make in the place of its own, deleted at the end of the block."""
    settings = project.settings.store
    if isinstance(settings, WeaviateSettings):
        scratch = settings.model_copy(update={"collection": f"CitewardScratch{token_hex(6)}"})
        project = with_store(project, scratch)
        try:
            yield project
        finally:
            store = open_store(project, None)
            assert isinstance(store, WeaviateStore)
            async with store:
                await store.drop()
    else:
        with TemporaryDirectory(prefix="citeward-scratch-") as folder:
            yield with_store(project, LanceDBSettings(path=Path(folder)))


def with_store(project: Project, store: LanceDBSettings | WeaviateSettings) -> Project:
    """The project with another store in the place of its own."""
    return replace(project, settings=project.settings.model_copy(update={"store": store}))


def local_embedder(project: Project) -> TokenEmbedder | None:
    """What compares texts on this machine, not loaded yet; None where the project has no embedder."""
    settings = project.settings.embedder
    if settings.kind == "none":
        return None
    cache = settings.cache if isinstance(settings, MiniLMSettings) else None
    return RememberedEmbedder(MiniLM(cache_dir=project.path(cache) if cache else None))


def _embedder(project: Project, local: TokenEmbedder | None, stack: AsyncExitStack) -> Embedder | None:
    settings = project.settings.embedder
    if settings.kind != "endpoint" or local is None:
        return local
    embedder = EndpointEmbedder(
        settings.url,
        **_endpoint(settings),
        **settings.model_dump(
            include={
                "dimensions",
                "ask_dimensions",
                "batch",
                "concurrency",
                "requests_per_minute",
                "tokens_per_minute",
                "max_tokens",
                "query_prefix",
                "passage_prefix",
            }
        ),
        cache=project.path(settings.cache) if settings.cache else None,
    )
    stack.push_async_callback(embedder.aclose)
    return PairedEmbedder(embedder, tokens=local)


def _reranker(
    project: Project, local: TokenEmbedder | None, store: Reindexable, stack: AsyncExitStack
) -> Reranker | None:
    settings = project.settings.reranker
    if settings.kind == "none":
        return None
    if settings.kind == "cross-encoder":
        return CrossEncoderReranker(settings.model, device=settings.device)
    if settings.kind == "endpoint":
        reranker = EndpointReranker(settings.url, **_endpoint(settings))
        stack.push_async_callback(reranker.aclose)
        return reranker
    return MaxSimReranker(local, stored=store) if local is not None else None


def _endpoint(settings: EndpointSettings) -> dict[str, Any]:
    """What every endpoint is opened with."""
    return {
        "model": settings.model,
        "api_key": _secret(settings.api_key),
        "timeout": settings.timeout,
        "retries": settings.retries,
    }


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
