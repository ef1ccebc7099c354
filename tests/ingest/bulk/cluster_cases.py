"""On a cluster of two nodes on this machine, started once: workers are killed, and a node is taken away.

`test_run.py` runs these cases in a process of their own: where Ray's native part loses its node it ends the process
that it is in, without an exception, and every test that was to follow there would be lost with it.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.retrieval import Document, StoredDocument, Vectors
from citeward.errors import ModelUnavailable
from citeward.ingest.bulk import sync_with_ray
from citeward.ingest.load import Skipped, find, read
from citeward.ingest.sync import SyncReport, sync
from citeward.retrieval.lancedb import LanceStore
from citeward.testing.embedding import HashEmbedder

pytest.importorskip("ray", reason="the extra `ray` is not installed")
pytestmark = [
    pytest.mark.slow,
    # Ray's own threads and sockets end with the process.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FILES = 120


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    # The workers have not got this file: what it defines goes to them by value.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100_000_000})
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    base = tmp_path / "base"
    for number in range(FILES):
        path = base / "docs" / f"d{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# D{number}\n\n" + f"red fox {number} and a brown bear. " * 60)
    (base / "docs" / "broken.md").write_bytes(b"not\0text")
    return base


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LanceStore]:
    async with LanceStore(tmp_path / "store", embedder="hash", dimensions=64) as opened:
        yield opened


class Dying(HashEmbedder):
    """Kills its worker's process, as the kernel would, the first time that it is asked for anything."""

    def __init__(self, marker: Path) -> None:
        super().__init__()
        self.marker = marker

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        try:
            self.marker.touch(exist_ok=False)
        except FileExistsError:
            return await super().embed(texts, queries=queries)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


class Gone(HashEmbedder):
    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        raise ModelUnavailable("the endpoint is gone", hint="Start it.")


def _opened(make: Callable[[], HashEmbedder]) -> nullcontext[HashEmbedder]:
    return nullcontext(make())


async def _with_ray(cluster: Any, store: LanceStore, base: Path, **more: Any) -> SyncReport:
    files = list(find(base / "docs", base=base))
    make = more.pop("make", HashEmbedder)
    return await sync_with_ray(
        files,
        partial(read, base=base),
        store,
        HashEmbedder(),
        partial(_opened, make),
        roots=["docs"],
        address=cluster.address,
        **more,
    )


async def _here(store: LanceStore, base: Path) -> SyncReport:
    found = (item for file in find(base / "docs", base=base) for item in _read(file, base))
    return await sync(found, store, HashEmbedder(), roots=["docs"])


def _read(file: Path | Skipped, base: Path) -> Iterator[Document | Skipped]:
    if isinstance(file, Skipped):
        yield file
    else:
        yield from read(file, base=base)


async def _listed(store: LanceStore) -> list[StoredDocument]:
    return sorted([one async for one in store.documents()], key=lambda one: one.id)


async def _found(store: LanceStore) -> list[tuple[str, int, int, str, float | None, float | None]]:
    """What a search in both legs gives, scores and all: it tells texts, offsets, words and vectors apart."""
    (vector,) = await HashEmbedder().embed(["red fox 7 bear"])
    hits = await store.search("red fox 7 bear", vector, limit=500)
    return sorted(
        (hit.passage.id, hit.passage.start, hit.passage.end, hit.passage.text, hit.keyword_score, hit.vector_score)
        for hit in hits
    )


async def test_a_worker_killed_and_a_node_lost_leave_the_same_store_as_one_process(
    cluster: Any, store: LanceStore, base: Path, tmp_path: Path
) -> None:
    lost: list[Any] = []

    def lose_a_node(report: SyncReport) -> None:
        if report.passages and not lost:
            lost.append(sorted(cluster.worker_nodes, key=lambda node: node.node_id)[0])
            cluster.remove_node(lost[0], allow_graceful=False)

    report = await _with_ray(
        cluster, store, base, make=partial(Dying, tmp_path / "died"), progress=lose_a_node, workers=2
    )
    cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
    assert (tmp_path / "died").exists() and lost, "nothing was lost on the way"
    async with LanceStore(tmp_path / "here", embedder="hash", dimensions=64) as other:
        here = await _here(other, base)
        assert report.added == sorted(here.added) and len(report.added) == FILES
        assert (report.passages, report.bytes, report.seen) == (here.passages, here.bytes, here.seen)
        assert report.skipped == here.skipped
        assert await _listed(store) == await _listed(other)
        assert await _found(store) == await _found(other)


async def test_the_second_time_only_what_changed_is_embedded(cluster: Any, store: LanceStore, base: Path) -> None:
    await _here(store, base)
    (base / "docs" / "d1.md").write_text("# D1\n\na green frog")
    (base / "docs" / "d2.md").unlink()
    would = await _with_ray(cluster, store, base, make=Gone, dry_run=True)
    assert (would.changed, would.deleted, would.unchanged) == (["docs/d1.md"], ["docs/d2.md"], FILES - 2)
    assert len(await _listed(store)) == FILES
    did = await _with_ray(cluster, store, base)
    assert (did.changed, did.deleted, did.unchanged, did.passages) == (would.changed, would.deleted, FILES - 2, 1)


async def test_an_embedder_that_fails_in_a_worker_ends_the_run_with_its_own_error(
    cluster: Any, store: LanceStore, base: Path
) -> None:
    with pytest.raises(ModelUnavailable, match="the endpoint is gone") as raised:
        await _with_ray(cluster, store, base, make=Gone)
    assert raised.value.hint == "Start it."
