"""The chat graph: the library's, with the team's own nodes.

`build` is what agents with `graph: chat` run. `assistant` is the entry point that langgraph.json names.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from citeward import ChatGraph, CompiledChatGraph, Services, build_chat_graph, open_project


def build(services: Services) -> ChatGraph:
    """The graph, uncompiled: add a node, wrap one, or replace one by name before you return it."""
    return build_chat_graph(services)


@asynccontextmanager
async def assistant() -> AsyncIterator[CompiledChatGraph]:
    """The default agent's compiled graph, with its store and models open for as long as it is used."""
    async with open_project(Path(__file__).parents[1]) as project:
        yield project.agent().graph
