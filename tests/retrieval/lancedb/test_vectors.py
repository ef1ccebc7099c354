from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest

from citeward.contracts.retrieval import Where
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.space import Space
from citeward.testing.suites.retriever import sample

SIZE = 48
SPACE = Space(embedder="clusters", dimensions=SIZE)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citeward.retrieval.lancedb.vectors.FLAT", 300)


def store_in(folder: Path) -> LanceStore:
    return LanceStore(folder, embedder="clusters", dimensions=SIZE)


def vectors(rows: int, seed: int) -> np.ndarray:
    """Around forty centres, as texts on forty subjects would be."""
    centres = np.random.default_rng(0).normal(size=(40, SIZE))
    random = np.random.default_rng(seed)
    found = centres[random.integers(40, size=rows)] + random.normal(size=(rows, SIZE)) * 0.6
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


async def write(store: LanceStore, name: str, rows: np.ndarray) -> None:
    document, chunks = sample(name, *(f"text {number}" for number in range(len(rows))), meta={"name": name})
    await store.upsert([document], [chunks], [rows])


async def indexes(folder: Path) -> list[Any]:
    table = await (await lancedb.connect_async(folder / SPACE.folder)).open_table("t_default")
    return [index for index in await table.list_indices() if index.columns == ["vector"]]


async def test_few_vectors_are_compared_one_by_one(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        await write(store, "a", vectors(300, 1))
        await store.optimize()
        assert await indexes(tmp_path) == []


async def test_the_index_is_built_anew_when_the_table_has_outgrown_it(tmp_path: Path) -> None:
    async with store_in(tmp_path) as store:
        names = []
        for number, rows in enumerate((400, 100, 300)):
            await write(store, f"d{number}", vectors(rows, number))
            await store.optimize()
            (index,) = await indexes(tmp_path)
            assert index.num_unindexed_rows == 0, "new rows are taken in meanwhile"
            names.append(index.name)
        assert names == ["vector_of_400", "vector_of_400", "vector_of_800"]


async def test_what_is_nearest_is_found_with_an_index_too(tmp_path: Path) -> None:
    stored = np.concatenate([vectors(1500, 1), vectors(40, 2), vectors(100, 3)])
    async with store_in(tmp_path) as store:
        await write(store, "most", stored[:1500])
        await write(store, "few", stored[1500:1540])
        await store.optimize()
        assert len(await indexes(tmp_path)) == 1
        await write(store, "late", stored[1540:])
        for filters, among in (
            (None, np.arange(1640)),
            (Where(field="name", op="eq", value="few"), np.arange(1500, 1540)),
        ):
            hit = 0
            asked = vectors(40, 9)
            for query in asked:
                best = among[np.argsort(-(stored[among] @ query))[:10]]
                found = await store.search("", query, alpha=1.0, filters=filters)
                starts = {"most": 0, "few": 1500, "late": 1540}
                names = [hit.passage.id.split("#") for hit in found]
                hit += len({starts[name] + int(ordinal) for name, ordinal in names} & set(best.tolist()))
                similarities = [one.vector_score or 0.0 for one in found]
                assert np.allclose(similarities, np.sort(stored[among] @ query)[::-1][:10], atol=0.05)
            assert hit / (10 * len(asked)) >= 0.98, filters
