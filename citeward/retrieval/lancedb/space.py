"""One embedder's tables within a store's folder."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.errors import SettingsError
from citeward.retrieval.lancedb.files import write_whole

KEYWORD = "keyword"
"""What the space without vectors is called, as a folder and in the list of what was retired."""
_FILE = "space.json"
_UNSAFE = re.compile(r"[^a-z0-9]+")
_SHAPE = re.compile(r"v[0-9]+-[a-z0-9-]*[0-9a-f]{12}|" + KEYWORD)


@dataclass(frozen=True, kw_only=True)
class Space:
    """Whose vectors: two embedders' never meet in one space.

    Raises:
        SettingsError: A name without dimensions, or the other way round.
    """

    embedder: str | None
    """Name of the embedder; None for a space that is searched by keyword only."""
    dimensions: int | None

    def __post_init__(self) -> None:
        if (self.embedder is None) != (self.dimensions is None) or (
            self.dimensions is not None and self.dimensions < 1
        ):
            raise SettingsError(
                f"embedder {self.embedder!r} with {self.dimensions!r} dimensions",
                hint="give both the embedder's name and its dimensions, or neither",
            )

    def __str__(self) -> str:
        return KEYWORD if self.embedder is None else f"{self.embedder!r} ({self.dimensions} dimensions)"

    @property
    def folder(self) -> str:
        """Name of its folder, always the same: a filling that was stopped is found again.

        >>> Space(embedder="all-MiniLM-L6-v2", dimensions=384).folder
        'v384-all-minilm-l6-v2-07db4e1f186d'
        """
        if self.embedder is None:
            return KEYWORD
        digest = hashlib.sha256(self.embedder.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        plain = _UNSAFE.sub("-", self.embedder.lower()).strip("-")[:40]
        return f"v{self.dimensions}-{plain}-{digest}"

    @classmethod
    def parse(cls, values: Any) -> Space:
        """The space that was written as JSON; ValueError where it is none."""
        match values:
            case {"embedder": str(name), "dimensions": int(size)} if size > 0:
                return cls(embedder=name, dimensions=size)
            case {"embedder": None, "dimensions": None}:
                return cls(embedder=None, dimensions=None)
        raise ValueError(values)


def make_space(root: Path, space: Space) -> None:
    """The space's folder, where it is not there, with a note of whose it is."""
    folder = root / space.folder
    if not (folder / _FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / _FILE, {"embedder": space.embedder, "dimensions": space.dimensions})


def noted(folder: Path) -> str | None:
    """The embedder whose space a folder is; None where it does not say."""
    try:
        space = Space.parse(json.loads((folder / _FILE).read_text("utf-8")))
    except (OSError, ValueError):
        return None
    return KEYWORD if space.embedder is None else space.embedder


def is_space(folder: Path) -> bool:
    """Whether the folder can only be a space of ours, be it whole or half deleted."""
    return folder.is_dir() and _SHAPE.fullmatch(folder.name) is not None


def has_tables(folder: Path) -> bool:
    """Whether any table was ever made in a space's folder."""
    return folder.is_dir() and any(folder.glob("*.lance"))
