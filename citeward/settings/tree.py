"""The whole of citeward.toml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from citeward.settings.index import IndexSettings
from citeward.settings.models import ExtractiveSettings, ModelSettings
from citeward.settings.retrieval import (
    EmbedderSettings,
    MaxSimSettings,
    MiniLMSettings,
    RerankerSettings,
)
from citeward.settings.routing import BudgetSettings, FallbackSettings, RouterSettings
from citeward.settings.service import CacheSettings, ServerSettings, StateSettings
from citeward.settings.store import LanceDBSettings, StoreSettings


class Settings(BaseSettings):
    """The whole of citeward.toml."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="CITEWARD_", env_nested_delimiter="__", env_ignore_empty=True
    )

    name: str = Field("citeward", description="the project's name")
    default_agent: str = Field("assistant", description="the agent that answers where none is named")
    policy: Path | None = Field(None, description="guardrail policy file; the shipped one by default")
    documents: list[Path] = Field([Path("docs")], description="what `citeward index` indexes where no path is given")
    store: StoreSettings = LanceDBSettings()
    embedder: EmbedderSettings = MiniLMSettings()
    reranker: RerankerSettings = MaxSimSettings()
    index: IndexSettings = IndexSettings()
    models: dict[str, ModelSettings] = Field(
        {"extractive": ExtractiveSettings()}, description="by name, smallest first", min_length=1
    )
    router: RouterSettings = RouterSettings()
    fallback: FallbackSettings = FallbackSettings()
    budget: BudgetSettings = BudgetSettings()
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
        if self.index.overlap > self.index.max_tokens // 2:
            raise ValueError(
                f"index.overlap {self.index.overlap} is more than half of max_tokens {self.index.max_tokens}"
            )
        return self
