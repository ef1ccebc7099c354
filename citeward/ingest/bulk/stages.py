"""What Ray's workers do with files: load and cut them, and embed what was cut.

What goes from stage to stage is pickled here, so that Ray moves bytes and needs to know nothing of them.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from citeward.contracts.retrieval import Document, Embedder, TokenPacker
from citeward.errors import CitewardError
from citeward.ingest.load import Skipped
from citeward.ingest.sync.batches import BATCH_CHUNKS, BATCH_DOCUMENTS
from citeward.ingest.sync.recipe import Cut, Judged, Recipe
from citeward.ingest.sync.vectors import embed_each

Read: TypeAlias = Callable[[Path], Iterable[Document | Skipped]]
Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Embedder | None]]
Rows: TypeAlias = dict[str, Any]
"""A batch of Ray Data's, column by column."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error of ours on its way from a worker."""

    kind: type[CitewardError]
    message: str
    hint: str
    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, error: CitewardError) -> Failure:
        """The error, so that it can be pickled."""
        return cls(kind=type(error), message=error.message, hint=error.hint, attributes=vars(error))

    def error(self) -> CitewardError:
        """The error as it was."""
        error = self.kind.__new__(self.kind)
        CitewardError.__init__(error, self.message, hint=self.hint)
        vars(error).update(self.attributes)
        return error


Parcel: TypeAlias = "tuple[Judged, ...] | Failure"


def cut(rows: Rows, *, read: Read, recipe: Recipe, stored: Any) -> Iterator[Rows]:
    """Load files, leave out what is stored just so, cut the rest.

    Args:
        rows: `path`, one a row.
        read: The documents of a file.
        recipe: How they are cut and hashed.
        stored: Ray's reference to the content hashes of what the store holds, by id.
    """
    import ray

    hashes: Mapping[str, str] = ray.get(stored)
    parcel: list[Judged] = []
    chunks = 0
    try:
        for path in rows["path"]:
            for item in read(Path(str(path))):
                judged = recipe.judge(item, hashes)
                size = len(judged.chunks) if isinstance(judged, Cut) else 0
                if parcel and (len(parcel) == BATCH_DOCUMENTS or chunks + size > BATCH_CHUNKS):
                    yield packed(tuple(parcel))
                    parcel, chunks = [], 0
                parcel.append(judged)
                chunks += size
    except CitewardError as error:
        yield packed(tuple(parcel))
        yield packed(Failure.of(error))
        return
    if parcel:
        yield packed(tuple(parcel))


class Embedding:
    """An actor that holds an embedder.

    Args:
        open_embedder: Called once in the actor's process.
        packer: Packs token vectors into each passage, where the embedder gives any.
    """

    def __init__(self, open_embedder: Opening, packer: TokenPacker | None) -> None:
        self._runner = asyncio.Runner()  # one loop for the actor's life: an endpoint's connections belong to it
        self._opened = open_embedder()  # kept open; it ends with the process
        self._embedder = self._runner.run(self._open())
        self._packer = packer

    async def _open(self) -> Embedder | None:
        return await self._opened.__aenter__()

    def __call__(self, rows: Rows) -> Rows:
        """The parcels with vectors; an outage of the embedder comes in the place of the parcel that met it."""
        return packed(*(self._embedded(parcel) for parcel in unpacked(rows)))

    def _embedded(self, parcel: Parcel) -> Parcel:
        if isinstance(parcel, Failure):
            return parcel
        cuts = [item for item in parcel if isinstance(item, Cut)]
        try:
            made = iter(self._runner.run(embed_each(cuts, self._embedder, self._packer)))
        except CitewardError as error:
            return Failure.of(error)
        return tuple(next(made) if isinstance(item, Cut) else item for item in parcel)


def packed(*parcels: Parcel) -> Rows:
    """Parcels as rows of Ray Data's."""
    column = np.empty(len(parcels), dtype=object)
    column[:] = [pickle.dumps(parcel, pickle.HIGHEST_PROTOCOL) for parcel in parcels]
    return {"parcel": column}


def unpacked(rows: Rows) -> Iterator[Parcel]:
    """The parcels of rows that `packed` made."""
    for parcel in rows["parcel"]:
        yield pickle.loads(parcel)
