"""The project's cache, as `[cache]` in citeward.toml names it, and that cache measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from citeward.cache.entry import Entries
from citeward.cache.exact import ExactCache
from citeward.cache.fitted import Counts, FittedThreshold, read_fitted
from citeward.cache.redis import RedisCache
from citeward.cache.semantic import SemanticCache
from citeward.cache.threshold import SPACE, threshold_for
from citeward.contracts.cache import Cache
from citeward.contracts.retrieval import Embedder
from citeward.errors import InvalidInput, SettingsError
from citeward.evals.measure.cache import measure_cache
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.logs import get_logger
from citeward.project.declared import Project
from citeward.project.retrieval import open_retrieval
from citeward.settings import LanceDBSettings

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class CacheCalibration:
    """A threshold of one's own, and the pairs measured with it."""

    fitted: FittedThreshold
    measurement: Measurement


def open_cache(project: Project, local: Embedder | None) -> Cache | None:
    """What answers are kept in; None where the settings turn it off. Close it when the project is.

    Args:
        project: Whose settings are read.
        local: Compares questions on this machine; None leaves the exact tier.

    Raises:
        SettingsError: The address of the Redis server cannot be used, or its package is not installed; or the fitted
            threshold is another embedder's.
        ProjectError: The fitted file cannot be used.
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
    threshold = cache_threshold(project, local)
    if threshold is None:
        logger.warning("cache.exact_only", error_bound=settings.error_bound, embedder=local.name)
        return entries
    return SemanticCache(entries, local, threshold=threshold)


def cache_threshold(project: Project, local: Embedder) -> float | None:
    """The least cosine of a semantic hit: as set, as fitted, or as shipped; None where there is none.

    Raises:
        SettingsError: The fitted one is another embedder's.
        ProjectError: The fitted file cannot be used.
    """
    settings = project.settings.cache
    if settings.threshold is not None:
        return settings.threshold
    if settings.fitted is not None:
        fitted = read_fitted(project.path(settings.fitted))
        if fitted.embedder != local.name:
            raise SettingsError(
                f"the threshold in {str(settings.fitted)!r} was fitted with {fitted.embedder!r}, "
                f"and the project compares with {local.name!r}",
                hint="Fit it anew with `citeward cache fit`: cosines of two embedders mean different things.",
            )
        return fitted.threshold
    return threshold_for(settings.error_bound) if local.name == SPACE else None


async def measured_cache(
    project: Project, data: Path, *, limit: int | None, seed: int, progress: Progress | None
) -> Measurement:
    """The project's semantic cache over labelled pairs.

    Raises:
        InvalidInput: The project has no embedder.
        DataError: A line of the data is wrong; it names file and line.
    """
    return await _measured(
        project, data, error_bound=project.settings.cache.error_bound, limit=limit, seed=seed, progress=progress
    )


async def fitted_cache(
    project: Project, data: Path, *, error_bound: float, seed: int = 0, progress: Progress | None = None
) -> CacheCalibration:
    """Learn a threshold for the project's embedder from one half of the pairs, and try it on the other.

    Args:
        project: Whose embedder is used.
        data: JSON Lines {a, b, same}.
        error_bound: Share of hits that may be wrong.
        seed: Of the split.
        progress: Told as pairs are embedded.

    Raises:
        InvalidInput: The project has no embedder, or the pairs are too few for the bound.
        DataError: With file and line.
    """
    measurement = await _measured(project, data, error_bound=error_bound, limit=None, seed=seed, progress=progress)
    told = measurement.settings
    if "learned" not in told:
        raise InvalidInput(
            f"{data.name!r} cannot show a threshold: {told['not_learned']}",
            hint="Give more pairs, as many unlike ones as real use has, or a larger --bound.",
        )
    learned = {name: told["learned"][name] for name in Counts.model_fields}
    held_out = {name: told["held_out"][name] for name in Counts.model_fields}
    fitted = FittedThreshold(
        embedder=told["embedder"],
        threshold=told["learned"]["threshold"],
        error_bound=error_bound,
        learned=Counts(**learned),
        held_out=Counts(**held_out),
    )
    return CacheCalibration(fitted=fitted, measurement=measurement)


async def _measured(
    project: Project, data: Path, *, error_bound: float, limit: int | None, seed: int, progress: Progress | None
) -> Measurement:
    async with open_retrieval(project) as parts:
        if parts.local is None:
            raise InvalidInput(
                f"with embedder {project.settings.embedder.kind!r} there is no semantic cache to measure",
                hint="Set an embedder in citeward.toml.",
            )
        return await measure_cache(
            data,
            embedder=parts.local,
            threshold=cache_threshold(project, parts.local),
            error_bound=error_bound,
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
