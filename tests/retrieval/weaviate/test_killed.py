"""A server of our own that is killed amid writes and started again; CITEWARD_TEST_WEAVIATE_BINARY names its program."""

import asyncio
import os
import random
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import pytest

from citeward.contracts.retrieval import Chunk, Document, Vector, Vectors
from citeward.retrieval.weaviate import WeaviateStore

DIMENSIONS = 128
DOCUMENTS, PASSAGES = 60, 20
KILLS = 2


class Server:
    """One node, on free ports, with its data in a folder."""

    def __init__(self, program: str, folder: Path) -> None:
        with ExitStack() as stack:
            listeners = [stack.enter_context(socket.socket()) for _ in range(8)]
            for listener in listeners:
                listener.bind(("127.0.0.1", 0))
            self.port, self.grpc_port, *inner = (listener.getsockname()[1] for listener in listeners)
        names = ("GOSSIP_BIND", "DATA_BIND")
        self._command = [program, "--host", "127.0.0.1", "--port", str(self.port), "--scheme", "http"]
        self._folder = folder
        self._environment = {
            **os.environ,
            **{f"CLUSTER_{name}_PORT": str(port) for name, port in zip(names, inner, strict=False)},
            "RAFT_PORT": str(inner[2]),
            "RAFT_INTERNAL_RPC_PORT": str(inner[3]),
            "PROFILING_PORT": str(inner[4]),
            "PERSISTENCE_DATA_PATH": str(folder / "data"),
            "GRPC_PORT": str(self.grpc_port),
            "CLUSTER_HOSTNAME": "node1",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
            "DEFAULT_VECTORIZER_MODULE": "none",
            "DISABLE_TELEMETRY": "true",
            "LOG_LEVEL": "error",
        }
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=self._folder, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    async def ready(self) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                try:
                    if (await client.get(f"{self.url}/v1/.well-known/ready")).is_success:
                        return
                except httpx.TransportError:
                    assert self._process.poll() is None, (self._folder / "server.log").read_text()[-2000:]
                await asyncio.sleep(0.1)
        pytest.fail("the server does not start")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that may be killed."""
    program = os.environ.get("CITEWARD_TEST_WEAVIATE_BINARY")
    if not program:
        pytest.skip("CITEWARD_TEST_WEAVIATE_BINARY names no program")
    server = Server(program, tmp_path)
    try:
        await server.ready()
        yield server
    finally:
        server.kill()


def store_at(server: Server, **more: object) -> WeaviateStore:
    return WeaviateStore(
        server.url,
        embedder="random",
        dimensions=DIMENSIONS,
        grpc_port=server.grpc_port,
        **more,  # type: ignore[arg-type]
    )


def corpus(version: int) -> tuple[list[Document], list[list[Chunk]], list[Vectors]]:
    """Documents whose passages have a word and a direction of their own."""
    values = np.random.default_rng(version).normal(size=(DOCUMENTS, PASSAGES, DIMENSIONS)).astype(np.float32)
    vectors = list(values / np.linalg.norm(values, axis=2, keepdims=True))
    documents, chunks = [], []
    for number in range(DOCUMENTS):
        texts = [f"v{version}d{number}p{part} fox" for part in range(PASSAGES)]
        starts = [sum(len(text) + 1 for text in texts[:part]) for part in range(PASSAGES)]
        chunks.append(
            [
                Chunk(ordinal=part, text=text, start=start, end=start + len(text))
                for part, (text, start) in enumerate(zip(texts, starts, strict=True))
            ]
        )
        documents.append(Document(id=f"d{number}", text=" ".join(texts), source="s", content_hash=str(version)))
    return documents, chunks, vectors


async def not_found(store: WeaviateStore, version: int) -> list[str]:
    """Passages that a search by their own vector, or by their own word, does not give."""

    async def look(document: Document, piece: Chunk, row: Vector) -> list[str]:
        lost = []
        for alpha in (0.0, 1.0):
            hits = await store.search(piece.text.split()[0], row, alpha=alpha, limit=10)
            if (document.id, piece.text) not in {(hit.passage.document_id, hit.passage.text) for hit in hits}:
                lost.append(f"{document.id}#{piece.ordinal} at alpha {alpha:g}")
        return lost

    lost: list[str] = []
    for document, pieces, rows in zip(*corpus(version), strict=True):
        looks = (look(document, piece, row) for piece, row in zip(pieces, rows, strict=True))
        lost += [name for names in await asyncio.gather(*looks) for name in names]
    return lost


async def test_killed_amid_writing_and_started_again_everything_acknowledged_is_found(own: Server) -> None:
    moments = random.Random(11)
    async with store_at(own) as store:
        for version in range(1, KILLS + 1):
            write = asyncio.create_task(store.upsert(*corpus(version)))
            await asyncio.sleep(moments.uniform(0.1, 0.8))
            own.kill()
            own.start()
            await write
            assert await not_found(store, version) == []
            assert await store.count() == DOCUMENTS * PASSAGES
            assert await store.unverified() == [] and await store.verify() == []


async def test_killed_for_longer_than_a_write_may_take_the_next_one_repairs_it(own: Server) -> None:
    async with store_at(own, timeout=2.0) as store:
        await store.upsert(*corpus(1))
        write = asyncio.create_task(store.upsert(*corpus(2)))
        await asyncio.sleep(0.3)
        own.kill()
        (error,) = await asyncio.gather(write, return_exceptions=True)
        own.start()
        await own.ready()
        hashes = {one.content_hash async for one in store.documents()}
        assert error is not None or hashes == {"2"}
        assert hashes <= {"1", "2"}
        await store.upsert(*corpus(2))
        assert await not_found(store, 2) == []
        assert await store.count() == DOCUMENTS * PASSAGES
