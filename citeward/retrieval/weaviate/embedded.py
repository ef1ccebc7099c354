"""The client's embedded mode: a server of our own, from a binary that lies on this machine."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from citeward.errors import StoreError

MINIMUM = (1, 33, 0)
"""The oldest server that has what is asked of it: aliases, and filters that negate."""
_NAME = re.compile(r"weaviate-v(\d+)\.(\d+)\.(\d+)-([0-9a-f]{64})")


def embedded_options() -> Any:
    """The client's EmbeddedOptions for the newest binary in its folder; nothing is downloaded.

    Raises:
        StoreError: There is none that is new enough.
    """
    from weaviate.embedded import EmbeddedOptions

    folder = Path(EmbeddedOptions().binary_path)
    version = newest(folder)
    if version is None:
        least = ".".join(map(str, MINIMUM))
        raise StoreError(
            f"no Weaviate binary of version {least} or newer in {str(folder)!r}, and none is downloaded",
            hint=f"put one there as {binary_name(least)!r}, or name a server with [store] url",
        )
    return EmbeddedOptions(version=version, additional_env_vars={"DISABLE_TELEMETRY": "true", "LOG_LEVEL": "error"})


def newest(folder: Path) -> str | None:
    """The newest version among the binaries in a folder; None where none is new enough."""
    versions = []
    for path in folder.glob("weaviate-v*"):
        if match := _NAME.fullmatch(path.name):
            version = ".".join(match.group(1, 2, 3))
            if path.name == binary_name(version):
                versions.append(tuple(map(int, match.group(1, 2, 3))))
    best = max(versions, default=(0, 0, 0))
    return ".".join(map(str, best)) if best >= MINIMUM else None


def binary_name(version: str) -> str:
    """What the client calls the binary of a version."""
    return f"weaviate-v{version}-{hashlib.sha256(f'v{version}'.encode()).hexdigest()}"
