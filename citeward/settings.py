"""What citeward.toml may say. Read once at the edge and passed down; nothing reads the environment at import.

Every value can be overridden by an environment variable: `CITEWARD_STORE__PATH=/data/store` is `[store] path`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from citeward.declarations import read_toml


class Section(BaseModel):
    """A table of citeward.toml: frozen, and no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(Section):
    """Where the documents are."""

    kind: Literal["lancedb"] = Field("lancedb", description="the store's engine")
    path: Path = Field(Path(".citeward/store"), description="folder of the embedded store, relative to the project")


class EmbedderSettings(Section):
    """What turns text into vectors."""

    kind: Literal["minilm", "none"] = Field("minilm", description="`none` searches by keyword only")
    cache: Path | None = Field(None, description="folder for the faster graph; the user's cache folder by default")


class IndexSettings(Section):
    """How documents are cut."""

    max_tokens: int = Field(220, ge=40, le=2000, description="largest passage, in tokens")
    min_tokens: int = Field(40, ge=1, le=1000, description="smaller neighbours of one section are merged")
    overlap: int = Field(0, ge=0, le=200, description="tokens repeated from the passage before")


class ModelSettings(Section):
    """One model that the router may choose."""

    provider: Literal["extractive"] = Field("extractive", description="what serves it")
    tier: str = Field("small", description="the tier that agents name")
    tool_calls: Literal["needle", "none"] = Field(
        "needle", description="what decides tool calls for the extractive model; `needle` needs the extra of that name"
    )


class StateSettings(Section):
    """Where threads are kept."""

    path: Path = Field(Path(".citeward/threads.sqlite"), description="SQLite file, relative to the project")


class CacheSettings(Section):
    """Answers that are given again."""

    entries: int = Field(1000, ge=0, description="answers kept in process; 0 turns the cache off")
    ttl: float = Field(3600.0, gt=0, description="seconds that an answer may be given again")


class ServerSettings(Section):
    """The HTTP server."""

    host: str = Field("127.0.0.1", description="address to bind")
    port: int = Field(8000, ge=0, le=65535, description="port; 0 takes a free one")
    max_body: int = Field(1_000_000, ge=1024, description="largest request body in bytes")


class Settings(BaseSettings):
    """The whole of citeward.toml."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="CITEWARD_", env_nested_delimiter="__", env_ignore_empty=True
    )

    name: str = Field("citeward", description="the project's name")
    default_agent: str = Field("assistant", description="the agent that answers where none is named")
    policy: Path | None = Field(None, description="guardrail policy file; the shipped one by default")
    documents: list[Path] = Field([Path("docs")], description="what `citeward index` indexes where no path is given")
    store: StoreSettings = StoreSettings()
    embedder: EmbedderSettings = EmbedderSettings()
    index: IndexSettings = IndexSettings()
    models: dict[str, ModelSettings] = Field({"extractive": ModelSettings()}, description="by name", min_length=1)
    state: StateSettings = StateSettings()
    cache: CacheSettings = CacheSettings()
    server: ServerSettings = ServerSettings()

    @field_validator("models", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and (bad := [name for name in value if not str(name).strip()]):
            raise ValueError(f"a model needs a name, not {bad[0]!r}")
        return value

    @model_validator(mode="after")
    def _sizes(self) -> Settings:
        if self.index.min_tokens > self.index.max_tokens:
            raise ValueError(
                f"index.min_tokens {self.index.min_tokens} is more than max_tokens {self.index.max_tokens}"
            )
        return self


class _File(BaseModel):
    """The file before the environment is laid over it."""

    model_config = ConfigDict(extra="allow")


def read_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """citeward.toml with the environment over it.

    Args:
        path: The file.
        environ: Variables to read instead of the process's own.

    Raises:
        ProjectError: With file and line, where a key is unknown or a value out of range.
    """
    variables = os.environ if environ is None else environ

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, **_: Any) -> Any:  # type: ignore[override]
            overrides = EnvSettingsSource(settings_cls)
            overrides.env_vars = {key.lower(): value for key, value in variables.items() if key.startswith("CITEWARD_")}
            return overrides, init_settings

    return read_toml(path, Layered)
