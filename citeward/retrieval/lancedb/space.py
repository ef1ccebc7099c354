"""Whose vectors a store holds, and whose it is asked to search or write."""

from __future__ import annotations

from pathlib import Path

from citeward.contracts.retrieval import Vector
from citeward.errors import SettingsError
from citeward.retrieval.checks import check_vector
from citeward.retrieval.lancedb.faults import faults
from citeward.retrieval.lancedb.manifest import Manifest, has_tables, read_manifest, write_manifest


class Space:
    """Guards one folder: vectors of two embedders never meet in it.

    Args:
        folder: The store's.
        embedder: Name of the embedder that the caller has; None for keyword only.
        dimensions: Length of its vectors.

    Raises:
        SettingsError: A name without dimensions, or the other way round.
    """

    def __init__(self, folder: Path, *, embedder: str | None, dimensions: int | None) -> None:
        if (embedder is None) != (dimensions is None) or (dimensions is not None and dimensions < 1):
            raise SettingsError(
                f"embedder {embedder!r} with {dimensions!r} dimensions",
                hint="give both the embedder's name and its dimensions, or neither",
            )
        self.folder = folder
        self.wanted = Manifest(embedder=embedder, dimensions=dimensions)

    def stored(self) -> Manifest | None:
        """The folder's manifest; None where nothing was ever written.

        Raises:
            SettingsError: Another embedder filled the folder.
            StoreCorrupt: The manifest is missing beside tables, or garbled.
        """
        with faults(self.folder):
            stored = read_manifest(self.folder)
            if stored is None or None in (stored.embedder, self.wanted.embedder) or stored == self.wanted:
                return stored
            if not has_tables(self.folder):
                return stored
        raise SettingsError(
            f"the store {str(self.folder)!r} was filled with the embedder {stored.embedder!r} "
            f"({stored.dimensions} dimensions), not {self.wanted.embedder!r} ({self.wanted.dimensions})",
            hint="go back to that embedder, or delete the folder and run `citeward index` again",
        )

    def vector(self, vector: Vector | None) -> Vector | None:
        """The vector to search by; None where there is none, or the store holds none.

        Raises:
            InvalidInput: Another length than the stored ones, or a value that is not finite.
        """
        stored = self.stored()
        if vector is None or stored is None or stored.embedder is None or stored != self.wanted:
            return None
        return check_vector(vector, stored.embedder, stored.dimensions or 0)

    def claim(self) -> None:
        """Write the manifest of a folder that is still empty; refuse to mix two kinds of rows in one that is not."""
        stored = self.stored()
        if stored == self.wanted:
            return
        if stored is not None and has_tables(self.folder):
            raise SettingsError(
                f"the store {str(self.folder)!r} was filled with the embedder {stored.embedder!r}, "
                f"and is now written with {self.wanted.embedder!r}",
                hint="bring that embedder back, or delete the folder and run `citeward index` again",
            )
        with faults(self.folder):
            write_manifest(self.folder, self.wanted)
