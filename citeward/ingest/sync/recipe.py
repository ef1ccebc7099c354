"""What stored passages are made by, and whether a document has to be made anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from citeward.contracts.retrieval import Chunk, Document, Embedder, TokenPacker, Vectors
from citeward.errors import CitewardError
from citeward.ingest.load import Skipped
from citeward.retrieval.analysis import VERSION


class Cutter(Protocol):
    """Cuts documents into passages."""

    @property
    def version(self) -> str:
        """Changes with what decides where documents are cut."""
        ...

    def __call__(self, document: Document, /) -> Sequence[Chunk]:
        """The document's passages in order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A document to be written, with its passages."""

    document: Document
    """With its content hash."""
    chunks: tuple[Chunk, ...]
    new: bool
    """False where it replaces an earlier version."""
    vectors: Vectors | None = None
    """float32[len(chunks), d], once they are embedded."""


@dataclass(frozen=True, kw_only=True)
class Same:
    """A document that the store already holds just so."""

    id: str
    content_hash: str


Judged: TypeAlias = Cut | Same | Skipped


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What decides how a document's passages come out, besides the document; can be pickled where the cutter can."""

    cutter: Cutter
    embedder: str | None
    """Name of the embedder; None where there are no vectors."""
    packer: str | None
    """Name of the packer of token vectors; None where none are stored."""

    @classmethod
    def of(cls, cutter: Cutter, embedder: Embedder | None, packer: TokenPacker | None) -> Recipe:
        """The recipe of these parts; a packer means something only beside an embedder that gives token vectors."""
        packing = packer is not None and hasattr(embedder, "embed_both")
        return cls(
            cutter=cutter,
            embedder=embedder.name if embedder else None,
            packer=packer.name if packer and packing else None,
        )

    def content_hash(self, document: Document) -> str:
        """sha256 of everything that the document's stored passages are made from."""
        parts = [document.text, document.title, document.source, sorted(document.meta.items()), sorted(document.groups)]
        made_by = [self.cutter.version, VERSION, self.embedder] + ([self.packer] if self.packer else [])
        made = json.dumps([*parts, *made_by], default=list)
        return hashlib.sha256(made.encode("utf-8", "surrogatepass")).hexdigest()

    def judge(self, item: Document | Skipped, stored: Mapping[str, str]) -> Judged:
        """The document cut, where it has to be written; a document that cannot be cut is skipped with the reason.

        Args:
            item: As loaded.
            stored: Content hashes of what the store holds, by id.
        """
        if isinstance(item, Skipped):
            return item
        content_hash = self.content_hash(item)
        if stored.get(item.id) == content_hash:
            return Same(id=item.id, content_hash=content_hash)
        try:
            chunks = tuple(self.cutter(item))
        except CitewardError as error:
            return Skipped(id=item.id, source=item.source, reason=f"cannot be cut: {error.message}")
        except Exception as error:  # noqa: BLE001 - whatever one text does to a cutter, the others are indexed
            return Skipped(id=item.id, source=item.source, reason=f"cannot be cut: {type(error).__name__}: {error}")
        return Cut(document=replace(item, content_hash=content_hash), chunks=chunks, new=item.id not in stored)
