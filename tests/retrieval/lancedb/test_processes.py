"""Several processes at one store, and what is left of it when one of them is killed."""

import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citeward.contracts.retrieval import Where
from citeward.retrieval.lancedb import LanceStore
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, found, sample

EMBEDDER = HashEmbedder()
DOCUMENTS = 12
HEAD = """
    import asyncio, os, signal, sys, threading
    from citeward.contracts.retrieval import Where
    from citeward.retrieval.lancedb import LanceStore
    from citeward.testing.embedding import HashEmbedder
    from citeward.testing.suites.retriever import fill, sample

    folder, embedder = sys.argv[1], HashEmbedder()

    def killed_after(seconds):
        timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
"""
WRITER = """
    from citeward.retrieval.lancedb import upkeep
    upkeep._FILES = 4

    async def main(first, seconds):
        async with LanceStore(folder, embedder="hash", dimensions=64) as store:
            for version in range(first, 10_000):
                texts = [f"fox number{part} version{version}" for part in range(version % 5 + 1)]
                meta = {"version": version, f"key{version}": version}
                batch = [sample(f"d{n}", *texts, content_hash=str(version), meta=meta) for n in range(12)]
                await fill(store, embedder, *batch)
                print(version, flush=True)
                if version == first and seconds:
                    killed_after(seconds)

    asyncio.run(main(int(sys.argv[2]), float(sys.argv[3])))
"""
READER = """
    async def main():
        async with LanceStore(folder, embedder="hash", dimensions=64, read_only=True) as store:
            seen, (vector,) = set(), await embedder.embed(["fox"])
            while len(seen) < 4:
                for alpha in (0.0, 0.5, 1.0):
                    hits = await store.search("fox", vector, alpha=alpha, limit=100,
                                              filters=Where(field="version", op="gt", value=0))
                    (version,) = {int(hit.passage.text.rpartition("version")[2]) for hit in hits}
                    assert len(hits) == 12 * (version % 5 + 1), (version, len(hits))
                    seen.add(version)
                document = await store.document("d7")
                version = int(document.content_hash)
                assert document.text.count(f"version{version}") == version % 5 + 1
                listed = [(one.content_hash, one.passages) async for one in store.documents()]
                assert len(listed) == 12 and len(set(listed)) == 1, listed

    asyncio.run(main())
"""
SWAPPER = """
    async def main(seconds):
        while True:
            for name in ("one", "other"):
                space = LanceStore(folder, embedder=name, dimensions=64, beside=True)
                await fill(space, embedder, sample("a", f"fox of {name}"))
                print(name, flush=True)
                if seconds:
                    killed_after(seconds)
                    seconds = 0
                await space.promote()
                await space.retire()

    asyncio.run(main(float(sys.argv[2])))
"""


async def test_two_processes_read_whole_documents_while_a_third_writes(tmp_path: Path) -> None:
    with _running(WRITER, tmp_path, 1, 0) as writer:
        assert writer.stdout is not None and writer.stdout.readline()
        with _running(READER, tmp_path) as one, _running(READER, tmp_path) as other:
            assert (one.wait(), other.wait()) == (0, 0)


async def test_killed_amid_writing_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    delays, last = random.Random(4), 0
    for _ in range(3):
        with _running(WRITER, tmp_path, last + 1, delays.uniform(0.01, 0.4)) as writer:
            assert writer.stdout is not None
            last = max(int(line) for line in writer.stdout)
        async with LanceStore(tmp_path, embedder="hash", dimensions=64) as store:
            listed = [document async for document in store.documents()]
            (version,) = {int(document.content_hash) for document in listed}
            assert len(listed) == DOCUMENTS and version in (last, last + 1), "one batch is one commit"
            assert await store.count() == DOCUMENTS * (version % 5 + 1)
            only = Where(field="version", op="gte", value=version)
            hits = await found(store, EMBEDDER, f"version{version}", alpha=0, limit=1000, filters=only)
            assert len(hits) == await store.count()
            await _found_by_vector(store, version)
            await fill(store, EMBEDDER, sample("new", "written at once"))
            assert await store.delete(["new"]) == 1
        last = version


async def test_killed_amid_a_swap_one_of_the_spaces_is_current_and_whole(tmp_path: Path) -> None:
    delays = random.Random(5)
    for _ in range(2):
        with _running(SWAPPER, tmp_path, delays.uniform(0.0, 0.3)) as swapper:
            swapper.wait()
        async with LanceStore(tmp_path) as store:
            if await store.count():  # killed before the very first was promoted, nothing is current
                assert "fox of" in (await store.document("a")).text
                await store.retire()
                assert _folders(tmp_path) == 1
                assert await store.count() == 1


async def _found_by_vector(store: LanceStore, version: int) -> None:
    """Every passage, by its own vector alone, in all documents: in indexes that are built as they are and anew."""
    for _ in range(2):
        for part in range(version % 5 + 1):
            text = f"fox number{part} version{version}"
            hits = await store.search("", (await EMBEDDER.embed([text]))[0], alpha=1, limit=1000)
            same = [hit.passage.document_id for hit in hits if hit.passage.text == text]
            assert sorted(same) == sorted(f"d{n}" for n in range(DOCUMENTS))
        await store.optimize()


def _folders(folder: Path) -> int:
    return sum(path.is_dir() for path in folder.iterdir())


@contextmanager
def _running(script: str, folder: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    code = textwrap.dedent(HEAD) + textwrap.dedent(script)
    command = [sys.executable, "-c", code, str(folder), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
