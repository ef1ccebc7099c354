"""Ingest speed and memory: two sizes of made-up documents, to show that memory is bounded, and real text.

    python -m benchmarks --only ingest

Made-up documents come with vectors that cost nothing, so the rate is that of cutting and storing; real text is cut,
embedded by the embedder of the house and stored. Each fill runs in a process of its own (see `ingest_fill`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.parts import ROOT
from benchmarks.stores import store_names
from citeward.errors import StoreError

SIZES = (25_000, 100_000)
REMOTE_SIZES = (25_000,)
"""Of a store on a server, whose memory is elsewhere."""
REAL = 2_000
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What one fill took."""

    store: str
    kind: str
    """`made-up` or `real`."""
    size: int
    """Passages that were wanted; the fill ends with the batch that reaches them."""
    passages: int
    seconds: float
    making_documents: float
    """Seconds of a thread that the made-up documents themselves cost; part of `seconds` unless they overlap."""
    memory_before: float
    """Bytes resident before the first document, libraries and models included."""
    memory_writing: float
    """Peak until the last batch; what comes after is the indexing of what was written."""
    memory_peak: float
    disk: float | None
    """Bytes a passage right after the fill, replaced versions included; None where it is a server's."""
    disk_later: float | None
    """Bytes a passage once replaced versions are dropped, ten minutes later."""

    @property
    def rate(self) -> float:
        """Passages a second, from the first document until everything is indexed."""
        return self.passages / self.seconds

    def to_metrics(self) -> dict[str, dict[str, float]]:
        values = {
            "passages_per_second": self.rate,
            "seconds": self.seconds,
            "making_documents_seconds": self.making_documents,
            "memory_mb.before": self.memory_before / MB,
            "memory_mb.writing": self.memory_writing / MB,
            "memory_mb.peak": self.memory_peak / MB,
            "disk_bytes_a_passage": self.disk,
            "disk_bytes_a_passage.later": self.disk_later,
        }
        prefix = f"{self.store}.{self.kind}.{self.size}"
        return {f"{prefix}.{name}": {"value": value} for name, value in values.items() if value is not None}


def run(scratch: Path, texts: Path | None, *, sizes: Sequence[int] = SIZES, seed: int = 0) -> list[Filled]:
    """Fill every store there is, each time an empty one.

    Args:
        scratch: A folder that the caller throws away.
        texts: A `documents.jsonl` with real text; None leaves that out.
        sizes: Passages of made-up text; stores on a server get those of REMOTE_SIZES only.
        seed: Of what is made up.

    Raises:
        StoreError: A fill failed.
    """
    found = [
        _fill(store, size, scratch, seed)
        for store in store_names()
        for size in sizes
        if store == "lancedb" or size in REMOTE_SIZES
    ]
    if texts is not None:
        found.append(_fill("lancedb", REAL, scratch, seed, texts))
    return found


def to_dict(filled: Sequence[Filled], seed: int) -> dict[str, Any]:
    """As every benchmark's JSON."""
    return {
        "part": "ingest",
        "items": sum(one.passages for one in filled),
        "metrics": {name: value for one in filled for name, value in one.to_metrics().items()},
        "settings": {"sizes": [one.size for one in filled], "seed": seed},
    }


def show(filled: Sequence[Filled]) -> None:
    """One row a fill."""
    from rich.console import Console
    from rich.table import Table

    caption = "MB resident: before the first document / most while writing / most in all; disk: bytes a passage"
    table = Table("store", "text", title="ingest", title_justify="left", caption=caption)
    for column in ("passages", "seconds", "passages a second", "MB before", "writing", "peak", "disk", "10 min later"):
        table.add_column(column, justify="right")
    for one in filled:
        memory = [f"{value / MB:,.0f}" for value in (one.memory_before, one.memory_writing, one.memory_peak)]
        disk = [f"{value:,.0f}" if value is not None else "" for value in (one.disk, one.disk_later)]
        rate = [f"{one.passages:,}", f"{one.seconds:.1f}", f"{one.rate:,.0f}"]
        table.add_row(one.store, one.kind, *rate, *memory, *disk)
    Console(width=110).print(table)


def _fill(store: str, size: int, scratch: Path, seed: int, texts: Path | None = None) -> Filled:
    folder = scratch / f"ingest-{store}-{size}"
    command = [sys.executable, "-m", "benchmarks.ingest_fill", store, str(size), str(folder), str(seed)]
    done = subprocess.run(
        command + ([str(texts)] if texts else []), cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
    )
    shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        raise StoreError(f"filling {store!r} with {size!r} passages failed", hint="See the message above.")
    took = json.loads(done.stdout.splitlines()[-1])
    passages = took["passages"]
    if took["stored"] != passages:
        raise StoreError(
            f"{store!r} holds {took['stored']!r} passages where {passages!r} were written", hint="Report it."
        )
    return Filled(
        store=store,
        kind="real" if texts else "made-up",
        size=size,
        passages=passages,
        **{name: took[name] for name in ("seconds", "making_documents")},
        **{name: took[name] for name in ("memory_before", "memory_writing", "memory_peak")},
        disk=took["disk"] / passages if "disk" in took else None,
        disk_later=took["disk_later"] / passages if "disk_later" in took else None,
    )
