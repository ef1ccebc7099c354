"""One fill of one store through `citeward.ingest.sync`, in a process of its own; prints what it took as JSON.

    python -m benchmarks.ingest_fill STORE PASSAGES FOLDER SEED [DOCUMENTS]

With DOCUMENTS, a `documents.jsonl`, real text is embedded by the real embedder. Without, documents come from a
generator and vectors from a stream of made-up ones, so that neither is ever whole in memory and the rate is that of
cutting and storing. The process does nothing else: its peak of memory is the fill's.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.sources import Stream, Tap, made_up, real
from benchmarks.stores import empty_store
from benchmarks.synthetic import world
from citeward.ingest.memory import return_freed_memory
from citeward.ingest.sync import SyncReport, sync
from citeward.retrieval.embedding.minilm import MiniLM


async def fill(name: str, passages: int, folder: Path, seed: int, texts: Path | None) -> dict[str, float]:
    """Fill an empty store with at least so many passages; bytes, seconds and counts by name."""
    of = world(seed)
    tap = Tap()
    embedder = Stream(of) if texts is None else MiniLM()
    written = 0.0
    await embedder.embed(["Opens the model."])

    def enough(report: SyncReport) -> None:
        nonlocal written
        tap.open = report.passages < passages
        if tap.open:
            written = peak_memory()

    async with empty_store(name, folder, embedder=embedder.name) as store:
        before = peak_memory()
        started = time.perf_counter()
        source = tap.through(made_up(of) if texts is None else real(texts, seed))
        report = await sync(source, store, embedder, roots=(), progress=enough)
        seconds = time.perf_counter() - started
        peak = peak_memory()
        count = await store.count()
    result = {
        "passages": report.passages,
        "stored": count,
        "seconds": seconds,
        "making_documents": tap.seconds,
        "memory_before": before,
        "memory_writing": written,
        "memory_peak": peak,
    }
    if name == "lancedb":
        result["disk"] = _size(folder)
        _drop_old_versions(folder)
        result["disk_later"] = _size(folder)
    return result


def peak_memory() -> int:
    """The process's greatest resident size so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux's `ru_maxrss` begins with what the parent had at the time of the fork; this does not.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _drop_old_versions(folder: Path) -> None:
    """What the store does by itself with versions older than ten minutes."""
    import warnings
    from datetime import timedelta

    import lancedb

    warnings.filterwarnings("ignore", message="optimize")  # that nobody else reads the store is known here
    for versions in folder.rglob("*.lance/_versions"):
        table = versions.parent
        lancedb.connect(table.parent).open_table(table.stem).optimize(cleanup_older_than=timedelta(0))


if __name__ == "__main__":
    name, passages, folder, seed, *texts = sys.argv[1:]
    path = Path(texts[0]) if texts else None
    return_freed_memory()  # as `citeward index` does
    print(json.dumps(asyncio.run(fill(name, int(passages), Path(folder), int(seed), path))))
