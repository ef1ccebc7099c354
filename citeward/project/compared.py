"""The project's models: listed, and compared over the same prompts."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from citeward import __version__
from citeward.evals.compare.comparison import Comparison
from citeward.evals.compare.prompts import DEFAULT, Prompt, to_requests
from citeward.evals.compare.run import compare
from citeward.models.health import TIMEOUT
from citeward.models.registry import Listing
from citeward.project.declared import Project
from citeward.project.models import open_models
from citeward.project.retrieval import open_retrieval


async def listed_models(project: Project, *, health: bool = True, within: float = TIMEOUT) -> list[Listing]:
    """The models that the settings name, in order, and how each stands; none is loaded for it.

    Args:
        project: Whose settings are read.
        health: Whether to ask the servers, all at the same time.
        within: Seconds that each has.
    """
    async with AsyncExitStack() as stack:
        registry = await open_models(project.settings, None, stack, root=project.root)
        return await registry.listing(health=health, within=within)


async def compared_models(
    project: Project,
    *,
    names: Sequence[str] = (),
    prompts: Sequence[Prompt] = DEFAULT,
    agent: str | None = None,
    repeat: int = 3,
    concurrency: int = 1,
    max_tokens: int | None = None,
    seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Measure the project's models over the same prompts.

    Args:
        project: Whose settings are read.
        names: Of the models; all where empty.
        prompts: What each is asked.
        agent: Whose prompt goes around passages; the default agent where None.
        repeat: How often each prompt is asked.
        concurrency: Calls of a model at the same time.
        max_tokens: Longest answer.
        seconds: That one call may take.
        progress: Told how many models are done, and of how many.

    Raises:
        NotFound: No such model or agent.
        InvalidInput: Nothing to ask, or a number below 1.
        SettingsError: An address or key that cannot be used.
    """
    template = project.prompts[project.agent(agent).prompt]
    requests = to_requests(prompts, template, max_tokens=max_tokens, timeout=seconds)
    async with AsyncExitStack() as stack:
        retrieval = await stack.enter_async_context(open_retrieval(project))
        registry = await open_models(project.settings, retrieval.local, stack, root=project.root)
        found = await compare(
            registry, requests, names=names, repeat=repeat, concurrency=concurrency, progress=progress
        )
    settings = {
        **found.settings,
        "max_tokens": max_tokens,
        "seconds": seconds,
        "prompt": f"{template.name} {template.version}",
        "citeward": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
    }
    return replace(found, settings=settings)
