"""The project's own parts, measured on labelled data in a store of their own."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from citeward.contracts.answer import Answer
from citeward.contracts.event import Answered
from citeward.errors import InvalidInput, RunError
from citeward.evals.measure.answers import measure_answers
from citeward.evals.measure.folder import filler
from citeward.evals.measure.measurement import Measurement, Progress
from citeward.evals.measure.parts import find_part
from citeward.evals.measure.retrieval import measure_retrieval
from citeward.evals.measure.tools import measure_tools
from citeward.ingest.chunk import chunker
from citeward.models.needle import NeedleDecider
from citeward.nodes.context import Context
from citeward.project.opened import OpenProject, open_project


async def measure_part(
    part: str,
    data: Path,
    *,
    root: Path,
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
        agent: The agent whose answers are measured, or whose retrieval is; the default one where None.
        limit: Items to draw; None takes all.
        seed: Of the drawing and of the intervals.
        progress: Told after each item.

    Raises:
        NotFound: No such part or agent.
        DataError: A line of the data is wrong; it names file and line.
    """
    find_part(part)
    if part == "tools":
        async with aclosing_decider(NeedleDecider()) as decider:
            return await measure_tools(data, decide=decider.decide, limit=limit, seed=seed, progress=progress)
    with TemporaryDirectory(prefix="citeward-measure-") as folder:
        async with open_project(root, keep_threads=False, store=Path(folder)) as opened:
            return await _over_documents(part, data, opened, agent, limit=limit, seed=seed, progress=progress)
