"""The project's cache, as `[cache]` in citeward.toml names it, and that cache measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

from citeward.cache.entry import Entries
from citeward.cache.exact import ExactCache
from citeward.cache.redis import RedisCache
from citeward.cache.semantic import SemanticCache
from citeward.cache.threshold import SPACE, threshold_for
from citeward.contracts.cache import Cache
from citeward.contracts.retrieval import Embedder
from citeward.errors import InvalidInput
from citeward.evals.measure.cache import measure_cache
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.logs import get_logger
from citeward.project.declared import Project
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.settings import LanceDBSettings, MiniLMSettings

logger = get_logger(__name__)


def open_cache(project: Project, local: Embedder | None) -> Cache | None:
    """What answers are kept in; None where the settings turn it off. Close it when the project is.

    Args:
        project: Whose settings are read.
        local: Compares questions on this machine; None leaves the exact tier.

    Raises:
        SettingsError: The address of the Redis server cannot be used, or its package is not installed.
    """
    settings = project.settings.cache
    if not settings.entries:
        return None
    entries: Entries = ExactCache(entries=settings.entries, ttl=settings.ttl)
    if settings.url is not None:
        entries = RedisCache(
            settings.url,
            entries=settings.entries,
            ttl=settings.ttl,
            namespace=_namespace(project),
            space=local.name if local is not None else "",
        )
    if not settings.semantic or local is None:
        return entries
    threshold = threshold_for(settings.error_bound) if local.name == SPACE else None
    if threshold is None:
        logger.warning("cache.exact_only", error_bound=settings.error_bound, embedder=local.name)
        return entries
    return SemanticCache(entries, local, threshold=threshold)


async def measured_cache(
    project: Project, data: Path, *, limit: int | None, seed: int, progress: Progress | None
) -> Measurement:
    """The project's semantic cache over labelled pairs.

    Raises:
        InvalidInput: No threshold ships for the project's error bound, or it has no embedder.
        DataError: A line of the data is wrong; it names file and line.
    """
    settings = project.settings
    threshold = threshold_for(settings.cache.error_bound)
    if settings.embedder.kind == "none" or threshold is None:
        raise InvalidInput(
            f"with embedder {settings.embedder.kind!r} and error_bound {settings.cache.error_bound!r} there is no "
            "semantic cache to measure",
            hint="Set an embedder, and an error_bound of 0.01 or more, in citeward.toml.",
        )
    folder = settings.embedder.cache if isinstance(settings.embedder, MiniLMSettings) else None
    return await measure_cache(
        data,
        embedder=MiniLM(cache_dir=project.path(folder) if folder else None),
        threshold=threshold,
        error_bound=settings.cache.error_bound,
        limit=limit,
        seed=seed,
        progress=progress,
    )


def _namespace(project: Project) -> str:
    """Different for projects that search different documents: a generation is a name within one store only."""
    store = project.settings.store
    where = project.path(store.path).resolve() if isinstance(store, LanceDBSettings) else store.url
    told = store.model_dump_json(exclude={"api_key", "path"})
    digest = hashlib.sha256(f"{where}\n{told}".encode()).hexdigest()[:16]
    return f"{project.settings.name}:{digest}"
