"""Search speed: each store, filled with 10,000 and then 100,000 made-up passages, with and without filters.

    python -m benchmarks --only search

One client at first, then several at a time on one event loop. The peers' hybrid search, which is in memory and scans
every passage, is timed over the same passages and questions, for as many questions as fit into its budget of time.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus import Corpus, write_corpus
from benchmarks.latencies import Latencies, Timed
from benchmarks.peers import run_peers
from benchmarks.stores import empty_store, store_names
from benchmarks.synthetic import PASSAGES, Made, Query, World, documents, queries, world
from citeward.contracts.retrieval import Store, Where

SIZES = (10_000, 100_000)
"""Passages."""
QUERIES = 300
WARM = 30
LIMIT = 10
CLIENTS = (1, 4, 16, 64)
BATCH = 64
"""Documents an upsert."""
PEER_SYSTEMS = ("langchain:ensemble", "haystack:distribution join")
PEER_SECONDS = 20.0
KINDS: Mapping[str, Mapping[str, Any]] = {
    "hybrid": {},
    "keyword": {"alpha": 0.0},
    "vector": {"alpha": 1.0},
    "hybrid, lang = de": {"filters": Where(field="lang", op="eq", value="de")},
    "hybrid, year >= 2015": {"filters": Where(field="year", op="gte", value=2015)},
    "hybrid, one group's": {"groups": ("legal",)},
}
"""What is asked for, as arguments of `search`."""


def run(scratch: Path, *, sizes: Sequence[int] = SIZES, seed: int = 0) -> Latencies:
    """Fill every store there is to each size in turn, and time it; then the peers."""
    made = world(seed)
    asked = queries(made, QUERIES + WARM)
    result = Latencies(settings={"sizes": list(sizes), "queries": QUERIES, "limit": LIMIT, "seed": seed})
    for name in store_names():
        asyncio.run(_store(name, made, asked, sizes, scratch / name, result))
    corpus = write_corpus(_corpus(made, asked[WARM:], max(sizes)), scratch / "search-corpus")
    for size in sizes:
        for peer in run_peers(corpus, depth=LIMIT, systems=PEER_SYSTEMS, seconds=PEER_SECONDS, limit=size):
            for system, answers in peer.systems.items():
                times = [second * 1000 for second in answers.seconds]
                name = f"{peer.name} {system}"
                result.timed.append(Timed(store=name, passages=size, kind="hybrid", milliseconds=times))
                result.fill[f"{name}.{size}"] = answers.build
            if peer.title not in result.titles:
                result.titles.append(peer.title)
    return result


async def _store(
    name: str, made: World, asked: Sequence[Query], sizes: Sequence[int], folder: Path, result: Latencies
) -> None:
    async with empty_store(name, folder) as store:
        filled = 0
        for size in sizes:
            started = time.perf_counter()
            await _fill(store, documents(made, filled // PASSAGES, (size - filled) // PASSAGES))
            filled = size
            result.fill[f"{name}.{size}"] = time.perf_counter() - started
            print(f"{name}: {size:,} passages after {result.fill[f'{name}.{size}']:.0f} s", flush=True)
            for kind, arguments in KINDS.items():
                search = _search(store, arguments)
                await _timed(search, asked[:WARM])
                times = await _timed(search, asked[WARM:])
                result.timed.append(Timed(store=name, passages=size, kind=kind, milliseconds=times))
            for clients in CLIENTS:
                started = time.perf_counter()
                times = await _together(_search(store, {}), asked[WARM:], clients)
                rate = len(times) / (time.perf_counter() - started)
                result.timed.append(
                    Timed(
                        store=name, passages=size, kind="hybrid", milliseconds=times, clients=clients, per_second=rate
                    )
                )


async def _fill(store: Store, source: Iterator[Made]) -> None:
    while batch := list(itertools.islice(source, BATCH)):
        await store.upsert(
            [one.document for one in batch], [one.chunks for one in batch], [one.vectors for one in batch]
        )
    await store.optimize()


def _search(store: Store, arguments: Mapping[str, Any]) -> Callable[[Query], Awaitable[object]]:
    async def search(query: Query) -> object:
        return await store.search(query.text, query.vector, limit=LIMIT, **arguments)

    return search


async def _timed(search: Callable[[Query], Awaitable[object]], asked: Iterable[Query]) -> list[float]:
    """Milliseconds of each, one after another."""
    times = []
    for query in asked:
        started = time.perf_counter()
        await search(query)
        times.append((time.perf_counter() - started) * 1000)
    return times


async def _together(search: Callable[[Query], Awaitable[object]], asked: Sequence[Query], clients: int) -> list[float]:
    """Milliseconds of each, where each client asks its next question once it has its answer."""
    # All clients take from one iterator, so that none is left alone at the end for long.
    waiting = iter(asked)
    return list(itertools.chain.from_iterable(await asyncio.gather(*(_timed(search, waiting) for _ in range(clients)))))


def _corpus(made: World, asked: Sequence[Query], size: int) -> Corpus:
    ids: dict[str, str] = {}
    texts: list[str] = []
    vectors = np.empty((size, asked[0].vector.shape[0]), np.float32)
    for one in documents(made, 0, size // PASSAGES):
        vectors[len(texts) : len(texts) + len(one.chunks)] = one.vectors
        ids |= {f"{one.document.id}#{chunk.ordinal}": one.document.id for chunk in one.chunks}
        texts += [f"{one.document.title}\n{chunk.text}" for chunk in one.chunks]
    return Corpus(
        documents=ids,
        texts=texts,
        vectors=vectors,
        questions=[query.text for query in asked],
        question_vectors=np.vstack([query.vector for query in asked]),
    )
