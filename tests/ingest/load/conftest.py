from collections.abc import Callable
from pathlib import Path

import pytest

from citeward.contracts.retrieval import Document
from citeward.ingest.load import Skipped, read

Reading = Callable[..., list[Document | Skipped]]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Writes a file and reads it."""

    def read_file(name: str, content: str | bytes, **access: object) -> list[Document | Skipped]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read(path, base=tmp_path, **access))  # type: ignore[arg-type]

    return read_file
