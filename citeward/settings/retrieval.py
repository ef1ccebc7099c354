"""`[embedder]` and `[reranker]`: how passages are embedded, found and put in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, SecretStr, Tag, field_validator

from citeward.settings.section import Section, by


class MiniLMSettings(Section):
    """The embedded embedder."""

    kind: Literal["minilm"] = "minilm"
    cache: Path | None = Field(None, description="folder for the faster graph; the user's cache folder by default")


class EndpointSettings(Section):
    """A model behind an HTTP endpoint."""

    url: str = Field(description="address up to and with the version, as http://127.0.0.1:8001/v1")
    model: str = Field(min_length=1, description="the model's name there")
    api_key: SecretStr | None = Field(None, description="sent as a bearer token; best set in the environment")
    timeout: float = Field(30.0, gt=0, le=600, description="seconds that one request may take, retries not counted")
    retries: int = Field(4, ge=0, le=20, description="further tries where the endpoint is busy or unreachable")


class EmbeddingsEndpointSettings(EndpointSettings):
    """Any `/v1/embeddings` endpoint."""

    kind: Literal["endpoint"] = "endpoint"
    dimensions: int = Field(ge=1, le=65_536, description="length of the model's vectors")
    ask_dimensions: bool = Field(False, description="send `dimensions`, for models that can give shorter vectors")
    batch: int = Field(64, ge=1, le=2048, description="texts a request")
    concurrency: int = Field(4, ge=1, le=256, description="requests at a time")
    requests_per_minute: int | None = Field(None, ge=1, description="rate limit")
    tokens_per_minute: int | None = Field(None, ge=1, description="rate limit, tokens estimated")
    max_tokens: int = Field(8_000, ge=16, description="longest text that the model takes; longer ones are cut")
    query_prefix: str = Field("", description="put before a question, for models that were trained so")
    passage_prefix: str = Field("", description="put before a passage, for models that were trained so")
    cache: Path | None = Field(
        Path(".citeward/embeddings.sqlite"), description="file of vectors that were paid for; empty for none"
    )

    @field_validator("cache", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if value == "" else value


class NoEmbedderSettings(Section):
    """Search by keyword only."""

    kind: Literal["none"] = "none"


EmbedderSettings: TypeAlias = Annotated[
    Annotated[MiniLMSettings, Tag("minilm")]
    | Annotated[EmbeddingsEndpointSettings, Tag("endpoint")]
    | Annotated[NoEmbedderSettings, Tag("none")],
    by("kind", "minilm"),
]
"""What turns text into vectors."""


class MaxSimSettings(Section):
    """Late interaction over MiniLM's token vectors, stored with the passages; nothing where there is no embedder."""

    kind: Literal["maxsim"] = "maxsim"


class RerankEndpointSettings(EndpointSettings):
    """A `/v1/rerank` endpoint (vLLM, TEI, Cohere)."""

    kind: Literal["endpoint"] = "endpoint"


class CrossEncoderSettings(Section):
    """A cross-encoder run in this process by sentence-transformers."""

    kind: Literal["cross-encoder"] = "cross-encoder"
    model: str = Field(min_length=1, description="name or folder of the model")
    device: str | None = Field(None, description="as `cpu` or `cuda`; chosen by itself where None")


class NoRerankerSettings(Section):
    """Passages stay in the order of the search."""

    kind: Literal["none"] = "none"


RerankerSettings: TypeAlias = Annotated[
    Annotated[MaxSimSettings, Tag("maxsim")]
    | Annotated[RerankEndpointSettings, Tag("endpoint")]
    | Annotated[CrossEncoderSettings, Tag("cross-encoder")]
    | Annotated[NoRerankerSettings, Tag("none")],
    by("kind", "maxsim"),
]
"""What puts the best of the found passages first."""
