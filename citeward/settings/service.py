"""`[state]`, `[cache]` and `[server]`: what a project keeps, and where it is reached."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from citeward.settings.section import Section


class StateSettings(Section):
    """Where threads are kept."""

    kind: Literal["sqlite", "postgres"] = Field("sqlite", description="a file, or a server that many processes share")
    path: Path = Field(Path(".citeward/threads.sqlite"), description="SQLite file, relative to the project")
    url: SecretStr | None = Field(
        None, description="of the Postgres server, as postgresql://user:password@host/database; best in the environment"
    )
    connections: int = Field(10, ge=2, le=1000, description="to Postgres, at most; one of them is kept for leases")
    key: SecretStr | None = Field(
        None,
        description="encrypts threads: 32 bytes in base64, best set in the environment; a file beside `path` else, "
        "which Postgres has not",
    )
    old_keys: tuple[SecretStr, ...] = Field((), description="keys that older threads were encrypted with")
    keep_days: float | None = Field(
        None, gt=0, description="days after which a silent thread is deleted; None keeps all"
    )


class CacheSettings(Section):
    """Answers that are given again."""

    entries: int = Field(1000, ge=0, description="answers kept; 0 turns the cache off")
    ttl: float = Field(3600.0, gt=0, description="seconds that an answer may be given again")
    url: str | None = Field(None, description="a Redis server that several processes share, as redis://127.0.0.1/0")
    semantic: bool = Field(True, description="also give the answer to a question that means the same")
    error_bound: float = Field(
        0.02, gt=0, le=0.5, description="share of semantic hits that may be wrong; the threshold follows from it"
    )
    fitted: Path | None = Field(None, description="what `citeward cache fit` wrote; its threshold is used")
    threshold: float | None = Field(
        None, gt=0, le=1, description="least cosine of a semantic hit; what was fitted, or ships, where None"
    )


class ServerSettings(Section):
    """The HTTP server."""

    host: str = Field("127.0.0.1", description="address to bind")
    port: int = Field(8000, ge=0, le=65535, description="port; 0 takes a free one")
    max_body: int = Field(1_000_000, ge=1024, description="largest request body in bytes")
    body_seconds: float = Field(30.0, gt=0, description="how long one request body may take to arrive")
    max_buffered: int = Field(
        32_000_000, ge=1024, description="bytes that all request bodies that have not arrived whole may hold together"
    )
    shutdown_seconds: float = Field(
        10.0, ge=0, description="how long requests in progress may go on after SIGTERM; then they are ended"
    )
    ready_timeout: float = Field(1.5, gt=0, le=60, description="seconds that `/health/ready` waits for the store")
