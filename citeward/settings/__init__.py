"""What citeward.toml may say. Read once at the edge and passed down; nothing reads the environment at import.

Every value can be overridden by an environment variable: `CITEWARD_STORE__PATH=/data/store` is `[store] path`.
"""

from citeward.settings.index import IndexSettings, LimitSettings, WebSettings
from citeward.settings.models import (
    AnthropicModelSettings,
    EndpointModelSettings,
    ExtractiveSettings,
    LangChainModelSettings,
    LocalModelSettings,
    ModelSettings,
    ServedSettings,
)
from citeward.settings.read import read_settings
from citeward.settings.retrieval import (
    CrossEncoderSettings,
    EmbedderSettings,
    EmbeddingsEndpointSettings,
    EndpointSettings,
    MaxSimSettings,
    MiniLMSettings,
    NoEmbedderSettings,
    NoRerankerSettings,
    RerankEndpointSettings,
    RerankerSettings,
)
from citeward.settings.routing import BudgetSettings, FallbackSettings, RouterSettings
from citeward.settings.section import Section
from citeward.settings.service import CacheSettings, ServerSettings, StateSettings
from citeward.settings.store import LanceDBSettings, StoreSettings, WeaviateSettings
from citeward.settings.tree import Settings

__all__ = [
    "AnthropicModelSettings",
    "BudgetSettings",
    "CacheSettings",
    "CrossEncoderSettings",
    "EmbedderSettings",
    "EmbeddingsEndpointSettings",
    "EndpointModelSettings",
    "EndpointSettings",
    "ExtractiveSettings",
    "FallbackSettings",
    "IndexSettings",
    "LanceDBSettings",
    "LangChainModelSettings",
    "LimitSettings",
    "LocalModelSettings",
    "MaxSimSettings",
    "MiniLMSettings",
    "ModelSettings",
    "NoEmbedderSettings",
    "NoRerankerSettings",
    "RerankEndpointSettings",
    "RerankerSettings",
    "RouterSettings",
    "Section",
    "ServedSettings",
    "ServerSettings",
    "Settings",
    "StateSettings",
    "StoreSettings",
    "WeaviateSettings",
    "WebSettings",
    "read_settings",
]
