"""Which space of a store one instance works with, and that no write is lost while another becomes current."""

from __future__ import annotations

from pathlib import Path

from citeward.contracts.retrieval import Vector
from citeward.errors import SettingsError, StoreError
from citeward.retrieval.checks import check_vector
from citeward.retrieval.lancedb.faults import faults
from citeward.retrieval.lancedb.manifest import Manifest, begin_manifest, read_manifest, write_manifest
from citeward.retrieval.lancedb.space import Space, has_tables, make_space

_REINDEX = "run `citeward reindex` to index the documents anew with this one, or go back to that embedder"


class Binding:
    """Binds an instance to a space: an ordinary one to what is current at its first use, one *beside* to its own.

    A write is `claim`, commit, `confirm`: what was committed while another space became current is not acknowledged.

    Args:
        folder: The store's.
        wanted: The space of the embedder that the caller has.
        beside: Work with that space, whichever is current.
    """

    def __init__(self, folder: Path, *, wanted: Space, beside: bool) -> None:
        self.folder = folder
        self.wanted = wanted
        self.beside = beside
        self._bound: Space | None = None

    def bound(self) -> Space | None:
        """The space to read; None where nothing is in it yet.

        Raises:
            SettingsError: The current space is another embedder's.
            StoreError: The space was retired, or the store's format is another.
            StoreCorrupt: The manifest is missing beside tables, or garbled.
        """
        with faults(self.folder):
            current = self._current()
            if self._bound is not None:
                if self._there(self._bound):
                    return self._bound
                if self.beside or current not in (None, self._bound):
                    raise retired(self.folder, self._bound)
                self._bound = None  # the whole folder was deleted, and the store begins anew
            if self.beside:
                self._bound = self.wanted if self._there(self.wanted) else None
            elif current is not None and self._fits(current):
                self._bound = current
            return self._bound

    def vector(self, vector: Vector | None) -> Vector | None:
        """The vector to search by; None where there is none, or the space holds none.

        Raises:
            InvalidInput: Another length than the stored ones, or a value that is not finite.
        """
        space = self.bound()
        if vector is None or space is None or space.embedder is None or space != self.wanted:
            return None
        return check_vector(vector, space.embedder, space.dimensions or 0)

    def claim(self) -> Space:
        """The space to write to, made where it is not there.

        Raises:
            SettingsError: It is another embedder's, or no longer current.
        """
        space = self.bound()
        with faults(self.folder):
            current = self._current()
            if self.beside:
                begin_manifest(self.folder)
                make_space(self.folder, self.wanted)
            else:
                self._check_current(space, current)
                if current not in (None, self.wanted) and has_tables(self.folder / current.folder):
                    raise SettingsError(
                        f"the store {str(self.folder)!r} was filled with the embedder {current}, "
                        f"and is now written with {self.wanted}",
                        hint=_REINDEX,
                    )
                make_space(self.folder, self.wanted)
                if current != self.wanted:
                    write_manifest(self.folder, Manifest(current=self.wanted))
            self._bound = self.wanted
            return self.wanted

    def confirm(self) -> None:
        """Nothing where what was just written is in a space that serves, or is going to.

        Raises:
            SettingsError: Another space became current meanwhile.
            StoreError: The space was retired meanwhile.
        """
        with faults(self.folder):
            if self._bound is not None and not self._there(self._bound):
                raise retired(self.folder, self._bound)
            if not self.beside:
                self._check_current(self._bound, self._current())

    def promote(self) -> None:
        """Make the instance's space the current one; see `Reindexable.promote`.

        Raises:
            SettingsError: An ordinary instance with another embedder than the current one.
            StoreError: The space was retired.
        """
        space = self.bound()
        with faults(self.folder):
            before = self._current()
            if space is None:
                space = self.wanted
                make_space(self.folder, space)
            if before == space:
                return
            write_manifest(self.folder, Manifest(current=space))
            self._bound = space
            if not self._there(space):  # retired at the same moment
                write_manifest(self.folder, Manifest(current=before))
                raise retired(self.folder, space)

    def _current(self) -> Space | None:
        manifest = read_manifest(self.folder)
        return manifest.current if manifest is not None else None

    def _there(self, space: Space) -> bool:
        return (self.folder / space.folder).is_dir()

    def _fits(self, current: Space) -> bool:
        """Whether an ordinary instance may read the current space; one that was never filled is anybody's."""
        if None in (current.embedder, self.wanted.embedder) or current == self.wanted:
            return True
        if not has_tables(self.folder / current.folder):
            return False
        raise SettingsError(
            f"the store {str(self.folder)!r} was filled with the embedder {current}, not {self.wanted}", hint=_REINDEX
        )

    def _check_current(self, space: Space | None, current: Space | None) -> None:
        if space is not None and current != space:
            raise SettingsError(
                f"the store {str(self.folder)!r} is now that of the embedder {current}; "
                f"what is written for {space} would be lost",
                hint="open the store again with that embedder; `citeward reindex` changed it",
            )


def retired(folder: Path, space: Space) -> StoreError:
    """The error for an instance whose space was deleted."""
    return StoreError(
        f"the space of the embedder {space} in the store {str(folder)!r} was retired", hint="open the store again"
    )
