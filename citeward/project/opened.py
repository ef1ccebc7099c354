"""A project at work: its store, models, threads and agents, opened together and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel, SecretStr

from citeward.agents.agent import Agent
from citeward.agents.build import Parts, build_agent
from citeward.citations.evidence import WordVerifier
from citeward.contracts.retrieval import Embedder, TokenEmbedder
from citeward.graphs.state import checkpoint_serializer
from citeward.guardrails.build import build_rails
from citeward.guardrails.policy import Rails, load_policy
from citeward.models.breaker import Breakers
from citeward.models.fallback.policy import Fallback
from citeward.models.registry import Registry
from citeward.models.router.build import build_router
from citeward.project.cache import open_cache
from citeward.project.declared import Project, find_project, read_project
from citeward.project.models import open_models, open_monitor
from citeward.project.retrieval import Retrieval, open_retrieval
from citeward.project.spending import open_meter, routing_budget
from citeward.project.threads import open_threads


@dataclass(frozen=True, kw_only=True)
class OpenProject:
    """What a project runs with. Get it from `open_project`."""

    project: Project
    retrieval: Retrieval
    models: Registry
    rails: Rails
    agents: Mapping[str, Agent]

    def agent(self, name: str | None = None) -> Agent:
        """The agent of that name; the default one where None. Raises NotFound with the names there are."""
        return self.agents[self.project.agent(name).name]


@asynccontextmanager
async def open_project(
    root: Project | Path | str | None = None, *, keep_threads: bool = True
) -> AsyncIterator[OpenProject]:
    """Open a project for as long as the `async with` block lasts.

    Args:
        root: The folder with citeward.toml, found from the working folder upwards where None; or a project that was
            read already.
        keep_threads: Keep threads in the project's SQLite file; False keeps them in memory.

    Raises:
        ProjectError: A file of the project cannot be used; it names file and line.
        StoreError: The store cannot be opened.
        CheckpointError: The file of threads cannot be opened, or not with the keys at hand.
        SettingsError: A key for threads that is none.
    """
    if not isinstance(root, Project):
        root = read_project(Path(root) if root is not None else find_project())
    async with AsyncExitStack() as stack:
        yield await _open(root, stack, keep_threads=keep_threads)


async def _open(project: Project, stack: AsyncExitStack, *, keep_threads: bool) -> OpenProject:
    settings = project.settings
    retrieval = await stack.enter_async_context(open_retrieval(project))
    models = await open_models(settings, retrieval.local, stack, root=project.root)
    rails = open_rails(project, retrieval.local)
    stack.push_async_callback(rails.aclose)
    meter = open_meter(settings, stack)
    cache = open_cache(project, retrieval.local)
    if cache is not None:
        stack.push_async_callback(cache.close)
    infos = {name: model.info for name, model in models.items()}
    parts = Parts(
        models=models,
        router=build_router(
            settings.router,
            infos,
            root=project.root,
            embedder=retrieval.local,
            monitor=open_monitor(settings, stack),
            budget=routing_budget(meter, infos.values()),
        ),
        fallback=Fallback(after_first_token=settings.fallback.after_first_token),
        breakers=Breakers(failures=settings.fallback.failures, cooldown=settings.fallback.cooldown),
        meter=meter,
        rails=rails,
        prompts=project.prompts,
        tools=project.tools,
        graphs=project.graphs,
        store=retrieval.store,
        embedder=retrieval.embedder,
        local=retrieval.local,
        reranker=retrieval.reranker,
        cache=cache,
        checkpointer=await open_threads(project, stack)
        if keep_threads
        else InMemorySaver(serde=checkpoint_serializer()),
    )
    # Loading takes seconds; done here and side by side, no question has to wait for it.
    await asyncio.gather(rails.warm(), _warm(retrieval.local))
    agents = {name: build_agent(spec, parts) for name, spec in project.agents.items()}
    return OpenProject(project=project, retrieval=retrieval, models=models, rails=rails, agents=agents)


def open_rails(project: Project, embedder: Embedder | None) -> Rails:
    """The guards of the project's policy; of the shipped one where it names none.

    The keys that stand in the settings are among the secrets that never leave.

    Args:
        project: Whose settings are read.
        embedder: What compares texts on this machine, for the guards that read meaning.
    """
    policy = project.settings.policy
    return build_rails(
        load_policy(project.path(policy) if policy else None),
        embedder=embedder,
        secrets=_secrets(project.settings),
        verifier=WordVerifier(embedder),
    )


def _secrets(settings: object) -> Iterator[str]:
    """Every secret value in a tree of settings."""
    if isinstance(settings, SecretStr):
        yield settings.get_secret_value()
    elif isinstance(settings, BaseModel):
        for name in type(settings).model_fields:
            yield from _secrets(getattr(settings, name))
    elif isinstance(settings, Mapping):
        for value in settings.values():
            yield from _secrets(value)
    elif isinstance(settings, (tuple, list)):
        for value in settings:
            yield from _secrets(value)


async def _warm(embedder: TokenEmbedder | None) -> None:
    if embedder is not None:
        await embedder.embed(["warm"])
