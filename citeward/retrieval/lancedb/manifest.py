"""`store.json`: which embedder's vectors a store's folder holds."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from citeward.errors import StoreError
from citeward.retrieval.lancedb.faults import corrupt

FORMAT = 1
"""Of the tables; raised when an older Citeward could not read them."""
_FILE = "store.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What every table of a store has in common."""

    embedder: str | None
    """Name of the embedder; None for a store that is searched by keyword only."""
    dimensions: int | None
    format: int = FORMAT


def read_manifest(folder: Path) -> Manifest | None:
    """The store's manifest; None for a folder that is not there or empty.

    Raises:
        StoreCorrupt: It is missing beside tables, or garbled.
        StoreError: A newer Citeward wrote it.
    """
    path = folder / _FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if has_tables(folder):
            raise corrupt(folder, f"{_FILE!r} is missing") from None
        return None
    except UnicodeDecodeError:
        raise corrupt(folder, f"{_FILE!r} is garbled") from None
    try:
        values = json.loads(text)
        version, embedder, dimensions = values["format"], values["embedder"], values["dimensions"]
    except (ValueError, KeyError, TypeError):
        raise corrupt(folder, f"{_FILE!r} is garbled") from None
    if isinstance(version, int) and version > FORMAT:
        raise StoreError(
            f"the store {str(folder)!r} has format {version!r}; this Citeward reads {FORMAT!r}", hint="upgrade citeward"
        )
    named = isinstance(embedder, str) and isinstance(dimensions, int) and dimensions > 0
    if version != FORMAT or not (named or (embedder is None and dimensions is None)):
        raise corrupt(folder, f"{_FILE!r} is garbled")
    return Manifest(embedder=embedder, dimensions=dimensions)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into the folder, which is made where it is not there; never half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=_FILE, suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)
        try:
            json.dump(asdict(manifest), file)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(folder / _FILE)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def has_tables(folder: Path) -> bool:
    """Whether any table was ever made there."""
    return folder.is_dir() and any(folder.glob("*.lance"))
