"""A whole agent on real parts: the embedded store, the shipped policy, a scripted model."""

import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import aiosqlite
import pytest

from citeward.cache.exact import ExactCache
from citeward.contracts.model import Model
from citeward.contracts.retrieval import Document
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.threads import SqliteThreads
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


class Store:
    """A database of threads: opened with keys, and changed behind their back."""

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def is_file(self) -> bool:
        return not self.address.startswith("postgresql:")

    @asynccontextmanager
    async def opened(self, *keys: Key) -> AsyncIterator[Any]:
        cipher = Cipher(keys or (Key(b"k" * 32),))
        if self.is_file:
            async with aiosqlite.connect(self.address) as connection:
                threads = SqliteThreads(connection, cipher)
                await threads.setup()
                yield threads
                threads.close()
            return
        from citeward.graphs.postgres import PostgresThreads, connection_pool

        async with connection_pool(self.address, connections=4) as pool:
            postgres = PostgresThreads(pool, cipher)
            await postgres.setup()
            yield postgres
            await postgres.aclose()

    @asynccontextmanager
    async def unbound(self, serde: Any) -> AsyncIterator[Any]:
        """LangGraph's own checkpointer, as older versions used it."""
        if self.is_file:
            from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

            async with aiosqlite.connect(self.address) as connection:
                yield AsyncSqliteSaver(connection, serde=serde)
            return
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        async with AsyncPostgresSaver.from_conn_string(self.address, serde=serde) as saver:
            await saver.setup()
            yield saver

    async def change(self, *statements: str) -> list[Any]:
        """Run statements as whoever can write the database would; the rows of the last."""
        if self.is_file:
            async with aiosqlite.connect(self.address) as connection:
                for statement in statements:
                    cursor = await connection.execute(statement)
                    rows = list(await cursor.fetchall())
                await connection.commit()
            return rows
        import psycopg

        async with await psycopg.AsyncConnection.connect(self.address, autocommit=True) as connection:
            for statement in statements:
                done = await connection.execute(statement)
                rows = await done.fetchall() if done.description else []
        return rows

    async def everything(self) -> bytes:
        """All that stands in the database."""
        if self.is_file:
            path = Path(self.address)
            return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))
        tables = await self.change("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await self.change(f"SELECT t::text FROM {table} AS t") for (table,) in tables]
        hexed = [await self.change(f"SELECT blob FROM {name}") for name in ("checkpoint_blobs", "checkpoint_writes")]
        return repr(rows).encode() + b"".join(row[0] for found in hexed for row in found if row[0] is not None)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    file = str(tmp_path / "threads.sqlite")
    return Store(file if request.param == "sqlite" else request.getfixturevalue("postgres"))
