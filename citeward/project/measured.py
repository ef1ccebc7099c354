"""The project's own parts, measured on labelled data in a store of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from citeward.contracts.guardrail import Origin
from citeward.contracts.retrieval import Document
from citeward.errors import InvalidInput
from citeward.evals.measure.answers import measure_answers
from citeward.evals.measure.attacks import measure_attacks
from citeward.evals.measure.folder import Fill
from citeward.evals.measure.guard import measure_guard
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.evals.measure.parts import find_part
from citeward.evals.measure.pii import measure_pii
from citeward.evals.measure.retrieval import measure_retrieval
from citeward.evals.measure.tools import measure_tools
from citeward.guardrails.pii.guard import PiiGuard
from citeward.ingest.sync import sync
from citeward.models.needle.decider import NeedleDecider
from citeward.project.cache import measured_cache
from citeward.project.declared import Project, read_project
from citeward.project.opened import OpenProject, open_project, open_rails
from citeward.project.retrieval import local_embedder, scratch_store
from citeward.project.routing import measured_routing
from citeward.settings import MaxSimSettings


async def measure_part(
    part: str,
    data: Path,
    *,
    root: Path,
    name: str | None = None,
    origin: Origin = Origin.USER,
    entities: Literal["policy", "all"] = "policy",
    agent: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Measure one part as the project configures it.

    Args:
        part: A name in `PARTS`.
        data: Labelled data in the part's format.
        root: The project's folder. Its own store is neither read nor written.
        name: Of the guard to measure, for the part `guard`.
        origin: Where the guard is told that each text comes from.
        entities: For the part `pii`: what the policy looks for, or everything that can be.
        agent: The agent whose search or answers are measured; the default one where None.
        limit: Items to draw; None takes all.
        seed: Of the drawing and of the intervals.
        progress: Told after each item.

    Raises:
        NotFound: No such part or agent.
        DataError: A line of the data is wrong; it names file and line.
    """
    find_part(part)
    if part in ("guard", "pii"):
        project = read_project(root)
        rails = open_rails(project, local_embedder(project))
        try:
            guard = rails.guard(name or part)
            if part == "guard":
                return await measure_guard(data, guard=guard, origin=origin, limit=limit, seed=seed, progress=progress)
            if entities == "all":
                if not isinstance(guard, PiiGuard):
                    raise InvalidInput(
                        f"the guard {guard.name!r} is the project's own, so nobody knows all that it can look for",
                        hint="leave --entities out",
                    )
                guard = guard.looking_for("all")
            return await measure_pii(data, guard=guard, origin=origin, limit=limit, seed=seed, progress=progress)
        finally:
            await rails.aclose()
    if part == "tools":
        decider = NeedleDecider()
        try:
            return await measure_tools(data, decide=decider.decide, limit=limit, seed=seed, progress=progress)
        finally:
            decider.close()
    declared = read_project(root)
    if part == "cache":
        return await measured_cache(declared, data, limit=limit, seed=seed, progress=progress)
    if part == "routing":
        return await measured_routing(declared, data, limit=limit, seed=seed, progress=progress)
    if part == "retrieval":
        declared = _reranking(declared)
    async with scratch_store(declared) as project, open_project(project, keep_threads=False) as opened:
        target = opened.agent(agent)
        fill = _fill(opened)
        if part == "answers":
            return await measure_answers(data, answer=target.ask, fill=fill, limit=limit, seed=seed, progress=progress)
        if part == "attacks":
            return await measure_attacks(data, agent=target, fill=fill, limit=limit, seed=seed, progress=progress)
        if opened.retrieval.embedder is None:
            raise InvalidInput(
                "the project has no embedder, so there is no vector search to measure",
                hint='Set kind = "minilm" under [embedder] in citeward.toml.',
            )
        return await measure_retrieval(
            data,
            store=opened.retrieval.store,
            embedder=opened.retrieval.embedder,
            reranker=opened.retrieval.reranker,
            fill=fill,
            alpha=target.spec.retrieval.alpha,
            limit=limit,
            seed=seed,
            progress=progress,
        )


def _reranking(project: Project) -> Project:
    """The project with the embedded reranker where it has none: measuring tells what it would bring."""
    settings = project.settings
    if settings.reranker.kind != "none" or settings.embedder.kind == "none":
        return project
    return replace(project, settings=settings.model_copy(update={"reranker": MaxSimSettings()}))


def _fill(opened: OpenProject) -> Fill:
    """Puts documents into the store as `citeward index` does."""

    async def fill(documents: Sequence[Document]) -> int:
        parts = opened.retrieval
        report = await sync(
            documents, parts.store, parts.embedder, roots=(), chunker=opened.project.chunker(), packer=parts.packer
        )
        return report.passages

    return fill
