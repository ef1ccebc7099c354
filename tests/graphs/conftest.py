"""A whole agent on real parts: the embedded store, the shipped policy, a scripted model."""

import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from citeward.cache.exact import ExactCache
from citeward.contracts.model import Model
from citeward.contracts.retrieval import Document
from citeward.guardrails.build import build_rails
from citeward.ingest.sync import sync
from citeward.models.router.rules import RuleRouter
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.retrieval.lancedb import LanceStore
from citeward.tools.toolset import FunctionToolset, tool

GUIDE = """# Guide

## Ports

The server listens on port 8080 by default. Write to help@example.com if it does not.

## Colours

The sky in this guide is green, because the author is colour-blind.
"""
PROMPT = Template.model_validate(
    {
        "name": "t",
        "version": "1",
        "variables": ["passages"],
        "messages": [{"role": "system", "content": "Answer from these.\n{{passages}}"}],
    }
)


def add(a: int, b: int) -> int:
    """The sum of two numbers.

    Args:
        a: One number.
        b: Another number.
    """
    return a + b


@tool(dangerous=True)
def launch(target: str) -> str:
    """Launch something.

    Args:
        target: Where to.
    """
    return f"launched at {target}"


def failing() -> str:
    """Always fails."""
    raise RuntimeError("out of order")


def leaking() -> str:
    """Gives something private."""
    return "Ask ada@example.org about it."


Make = Callable[..., Awaitable[Services]]


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    return MiniLM()


@pytest.fixture
async def make_services(tmp_path: Path, embedder: MiniLM) -> AsyncIterator[Make]:
    stores: list[LanceStore] = []

    async def make(*models: Model, documents: dict[str, str] | None = None, **changes: Any) -> Services:
        store = LanceStore(tmp_path / "store", embedder=embedder.name, dimensions=embedder.dimensions)
        stores.append(store)
        texts = {"guide.md": GUIDE} if documents is None else documents
        await sync(
            [Document(id=name, text=text, source=name) for name, text in texts.items()], store, embedder, roots=()
        )
        named = {model.info.name: model for model in models}
        toolset = FunctionToolset([add, launch, failing, leaking])
        services = Services(
            agent="test",
            version="1",
            prompt=PROMPT,
            models=named,
            router=RuleRouter({name: model.info for name, model in named.items()}),
            rails=build_rails(),
            store=store,
            embedder=embedder,
            tools=lambda _: toolset,
            cache=ExactCache(),
        )
        return replace(services, **changes)

    yield make
    for store in stores:
        await store.close()


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of an empty database on a real server."""
    url = os.environ.get("CITEWARD_TEST_POSTGRES")
    if not url:
        pytest.skip("CITEWARD_TEST_POSTGRES names no Postgres server; .ci/postgres runs one")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: pip install 'citeward[postgres]'")
    import psycopg

    name = f"t_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
