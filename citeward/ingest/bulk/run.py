"""A sync on a Ray cluster, from beginning to end."""

from __future__ import annotations

import math
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from citeward.contracts.retrieval import Embedder, Store, TokenPacker
from citeward.errors import RunError
from citeward.ingest.bulk.cluster import connected
from citeward.ingest.bulk.stages import Embedding, Failure, Opening, Parcel, Read, cut, unpacked
from citeward.ingest.chunk import Chunker
from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import Batch, Brought, batches
from citeward.ingest.sync.pipeline import ahead, in_thread, until
from citeward.ingest.sync.recipe import Cutter, Recipe
from citeward.ingest.sync.report import Progress, SyncReport
from citeward.ingest.sync.run import finish, stored_hashes
from citeward.ingest.sync.vectors import embedded

CPUS = 0.5
"""Of a worker's task: one that loads and one that embeds find room on a node of one core."""
FILES = 64
"""At most, in one task."""


async def sync_with_ray(
    files: Sequence[Path | Skipped],
    read: Read,
    store: Store,
    embedder: Embedder | None,
    open_embedder: Opening,
    *,
    roots: Sequence[str],
    chunker: Cutter | None = None,
    packer: TokenPacker | None = None,
    tenant: str = "default",
    address: str | None = None,
    workers: int | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """`sync`, with loading, cutting and embedding on the workers of a Ray cluster; the store ends up the same.

    Workers see the files under the same paths, and have Citeward installed. Unchanged documents are left out by their
    hash before anything is embedded. What a lost worker had in hand is made again on another one. This process
    writes, batch by batch, and keeps what it has written when the run is stopped.

    Args:
        files: From `find`; also what is known to be unreadable.
        read: The documents of one file; sent to the workers, so an importable function or a `functools.partial` of
            one. Called in a worker.
        store: What is kept in step; used in this process only.
        embedder: Asked for its name only: nothing is embedded here.
        open_embedder: Opens the same embedder in a worker, once for each; sent there likewise.
        roots: As for `sync`.
        chunker: Likewise; sent to the workers.
        packer: Likewise.
        tenant: As for `sync`.
        address: Of the cluster's head; see `connected`.
        workers: Embedders that are opened; one a node by default, as each uses all the cores of its node.
        dry_run: As for `sync`; nothing is embedded.
        progress: As for `sync`.

    Raises:
        SettingsError: Ray is not installed.
        RunError: The cluster cannot be reached, or gives up.
    """
    recipe = Recipe.of(chunker or Chunker(), embedder, packer)
    stored = await stored_hashes(store, tenant=tenant, dry_run=dry_run)
    brought = Brought()
    stop = threading.Event()
    with connected(address) as ray:
        made = embedder is not None and not dry_run
        data = _cut(ray, [path for path in files if isinstance(path, Path)], read, recipe, stored)
        if data is not None and made:
            data = data.map_batches(
                Embedding,
                fn_constructor_args=(open_embedder, packer),
                batch_size=1,
                batch_format="numpy",
                compute=ray.data.ActorPoolStrategy(size=workers or _nodes(ray), max_concurrent_calls_per_actor=1),
                num_cpus=CPUS,
            )
        unreadable = tuple(item for item in files if isinstance(item, Skipped))
        received = in_thread(until(stop, _received(ray, data, unreadable)), stop)
        async with ahead(received) as parcels:
            ready = _batches(parcels, brought)
            report = await finish(
                ready if made else embedded(ready, None, None),
                store,
                stored,
                brought,
                roots=roots,
                tenant=tenant,
                dry_run=dry_run,
                progress=progress,
            )
    report.added.sort()
    report.changed.sort()
    return report


def _cut(ray: Any, paths: Sequence[Path], read: Read, recipe: Recipe, stored: dict[str, str]) -> Any | None:
    """The lazy dataset of parcels; None where there are no files."""
    if not paths:
        return None
    cores = int(ray.cluster_resources().get("CPU", 1))
    tasks = max(math.ceil(len(paths) / FILES), min(len(paths), 4 * cores))
    data = ray.data.from_items([{"path": str(path)} for path in paths], override_num_blocks=tasks)
    return data.map_batches(
        partial(cut, read=read, recipe=recipe, stored=ray.put(stored)),
        batch_size=None,
        batch_format="numpy",
        num_cpus=CPUS,
    )


def _nodes(ray: Any) -> int:
    """Nodes that take work."""
    return max(1, len([node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= CPUS]))


def _received(ray: Any, data: Any | None, unreadable: tuple[Skipped, ...]) -> Iterator[Parcel]:
    """What the workers made, as it comes in."""
    if unreadable:
        yield unreadable
    if data is None:
        return
    try:
        for rows in data.iter_batches(batch_size=1, batch_format="numpy", prefetch_batches=0):
            yield from unpacked(rows)
    except ray.exceptions.RayError as error:
        lines = [line for line in str(error).strip().splitlines() if line.strip()] or [type(error).__name__]
        raise RunError(
            f"Ray gave up: {lines[-1].strip()}",
            hint="See the cluster's logs; run the command again to go on from what is finished.",
        ) from error


async def _batches(parcels: AsyncIterator[Parcel], brought: Brought) -> AsyncGenerator[Batch]:
    """Parcels as batches; a worker's failure ends them, after what came in before it."""
    async for parcel in parcels:
        if isinstance(parcel, Failure):
            raise parcel.error()
        for batch in batches(parcel, brought):
            yield batch
