"""What citeward.toml may say. Read once at the edge and passed down; nothing reads the environment at import.

Every value can be overridden by an environment variable: `CITEWARD_STORE__PATH=/data/store` is `[store] path`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, SecretStr, Tag, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from citeward.declarations import read_toml


class Section(BaseModel):
    """A table of citeward.toml: frozen, and no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _by(field: str, default: str) -> Discriminator:
    """Tells the sections of a union apart by a field, which may be left out."""

    def tag(value: Any) -> str:
        return str(value.get(field, default) if isinstance(value, Mapping) else getattr(value, field, default))

    return Discriminator(tag)


class LanceDBSettings(Section):
    """The embedded store: a folder."""

    kind: Literal["lancedb"] = "lancedb"
    path: Path = Field(Path(".citeward/store"), description="the folder, relative to the project")


class WeaviateSettings(Section):
    """A Weaviate server or cluster."""

    kind: Literal["weaviate"] = "weaviate"
    url: str = Field("http://127.0.0.1:8080", description="address of its REST port; `embedded` starts a server here")
    grpc_port: int = Field(50051, ge=1, le=65535, description="port of its gRPC service, on the same host")
    grpc_host: str | None = Field(None, description="host of its gRPC service, where it is another")
    api_key: SecretStr | None = Field(None, description="sent as a bearer token; best set in the environment")
    collection: str = Field(
        "Citeward", pattern=r"^[A-Z][A-Za-z0-9]{0,100}$", description="prefix of the collections' names"
    )
    timeout: float = Field(30.0, gt=0, le=600, description="seconds that a query may take; a write may take thrice")
    skip_init_checks: bool = Field(False, description="connect without asking the server whether it is ready")
    replicas: int = Field(1, ge=1, le=32, description="replication factor of a collection made now")


StoreSettings: TypeAlias = Annotated[
    Annotated[LanceDBSettings, Tag("lancedb")] | Annotated[WeaviateSettings, Tag("weaviate")], _by("kind", "lancedb")
]
"""Where the documents are."""


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
    _by("kind", "minilm"),
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
    _by("kind", "maxsim"),
]
"""What puts the best of the found passages first."""


class IndexSettings(Section):
    """How documents are cut, and who may read them."""

    chunker: Literal["markdown", "recursive", "sentence"] = Field(
        "markdown", description="`markdown` cuts by headings and leaves code whole; other files are cut by paragraphs"
    )
    max_tokens: int = Field(220, ge=40, le=2000, description="largest passage, in tokens")
    min_tokens: int = Field(40, ge=1, le=1000, description="smaller neighbours of one section are merged")
    overlap: int = Field(0, ge=0, le=200, description="tokens repeated from the passage before")
    groups: dict[str, tuple[str, ...]] = Field(
        {}, description="who may read what: glob of document ids to groups; every glob that matches counts"
    )


class ExtractiveSettings(Section):
    """The embedded default: quotes what answers best."""

    provider: Literal["extractive"] = "extractive"
    tier: str = Field("small", description="the tier that agents name")
    tool_calls: Literal["needle", "none"] = Field(
        "needle", description="what decides tool calls for the extractive model; `needle` needs the extra of that name"
    )


class ServedSettings(Section):
    """What every model that is asked for words is told by."""

    model: str = Field(min_length=1, description="the model's name, as its server or its library knows it")
    tier: str = Field("large", description="the tier that agents name")
    location: Literal["local", "remote"] | None = Field(
        None, description="whether text leaves the team's machines; told by the address where None"
    )
    window: int = Field(8_192, ge=256, description="tokens of prompt and answer together")
    input_price: float = Field(0.0, ge=0, description="US dollars per million tokens of prompt")
    output_price: float = Field(0.0, ge=0, description="US dollars per million tokens of answer")
    tools: bool = Field(True, description="whether it can call tools")
    description: str = Field("", description="one sentence for people")


class EndpointModelSettings(ServedSettings):
    """A server that speaks the OpenAI chat protocol."""

    provider: Literal["openai", "vllm", "compatible"] = "compatible"
    url: str = Field("https://api.openai.com/v1", description="address up to and with the version")
    api_key: SecretStr | None = Field(None, description="sent as a bearer token; best set in the environment")
    connect_timeout: float = Field(5.0, gt=0, le=60, description="seconds for reaching the server")
    timeout: float = Field(60.0, gt=0, le=600, description="seconds without a byte before it counts as failed")
    retries: int = Field(2, ge=0, le=20, description="further tries before the first byte of an answer")
    headers: dict[str, str] = Field({}, description="sent with every request")
    extra: dict[str, Any] = Field({}, description="fields laid over the body of every request")


class LangChainModelSettings(ServedSettings):
    """Any chat model of LangChain."""

    provider: Literal["langchain"] = "langchain"
    use: str = Field(pattern=r"^[\w.]+:\w+$", description="module and class, as `langchain_xai:ChatXAI`")
    arguments: dict[str, Any] = Field({}, description="given to the class, beside `model`")


class AnthropicModelSettings(ServedSettings):
    """Anthropic's API, by the chat model of `langchain-anthropic`."""

    provider: Literal["anthropic"] = "anthropic"
    url: str = Field("https://api.anthropic.com", description="address without the version")
    api_key: SecretStr | None = Field(None, description="best set in the environment; else ANTHROPIC_API_KEY is read")
    timeout: float = Field(60.0, gt=0, le=600, description="seconds without a byte before it counts as failed")
    retries: int = Field(2, ge=0, le=20, description="further tries before the first byte of an answer")
    arguments: dict[str, Any] = Field({}, description="given to `ChatAnthropic` besides, as `thinking`")


class LocalModelSettings(ServedSettings):
    """A Hugging Face model that runs in this process."""

    provider: Literal["local"] = "local"
    model: str = Field(min_length=1, description="its folder, relative to the project, or its name on the hub")
    quantization: Literal["none", "8bit", "4bit"] = Field("none", description="of its weights, by bitsandbytes")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="type of the weights that are not quantized; that of its files where `auto`"
    )
    device: str = Field(
        "auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="`cpu`, `cuda`, `cuda:1`; `auto` takes all GPUs"
    )
    concurrency: int = Field(1, ge=1, le=64, description="answers written at the same time; further ones wait")
    revision: str | None = Field(None, description="branch, tag or commit of a model on the hub")
    trust_remote_code: bool = Field(False, description="whether Python that comes with its files may run")
    template: dict[str, Any] = Field({}, description="variables of its chat template, as `enable_thinking`")


ModelSettings: TypeAlias = Annotated[
    Annotated[ExtractiveSettings, Tag("extractive")]
    | Annotated[EndpointModelSettings, Tag("openai")]
    | Annotated[EndpointModelSettings, Tag("vllm")]
    | Annotated[EndpointModelSettings, Tag("compatible")]
    | Annotated[LangChainModelSettings, Tag("langchain")]
    | Annotated[AnthropicModelSettings, Tag("anthropic")]
    | Annotated[LocalModelSettings, Tag("local")],
    _by("provider", "extractive"),
]
"""One model that the router may choose."""


class RouterSettings(Section):
    """How a model is chosen among those that may answer."""

    fitted: Path | None = Field(None, description="what `citeward router fit` wrote; heuristics where None")
    threshold: float | None = Field(
        None, ge=0, le=1, description="difficulty from which the larger tier answers; the fitted one where None"
    )
    sticky: bool = Field(True, description="a thread keeps its model while it can")


class FallbackSettings(Section):
    """What is done where a model fails."""

    after_first_token: Literal["continue", "restart", "error"] = Field(
        "continue", description="`continue` lets the next model go on from the text so far"
    )
    failures: int = Field(
        3, ge=1, le=100, description="failures in a row after which a model is left alone for a while"
    )
    cooldown: float = Field(30.0, gt=0, le=3600, description="seconds for which it is left alone")


class BudgetSettings(Section):
    """What may be spent, in US dollars."""

    run: float | None = Field(None, gt=0, description="by one run")
    tenant_per_day: float | None = Field(None, gt=0, description="by one tenant in a day (UTC)")
    when_spent: Literal["downgrade", "stop"] = Field(
        "downgrade", description="`downgrade` leaves the models that cost nothing, `stop` answers no more"
    )


class StateSettings(Section):
    """Where threads are kept."""

    path: Path = Field(Path(".citeward/threads.sqlite"), description="SQLite file, relative to the project")


class CacheSettings(Section):
    """Answers that are given again."""

    entries: int = Field(1000, ge=0, description="answers kept; 0 turns the cache off")
    ttl: float = Field(3600.0, gt=0, description="seconds that an answer may be given again")
    url: str | None = Field(None, description="a Redis server that several processes share, as redis://127.0.0.1/0")
    semantic: bool = Field(True, description="also give the answer to a question that means the same")
    error_bound: float = Field(
        0.02, gt=0, le=0.5, description="share of semantic hits that may be wrong; the threshold follows from it"
    )


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
            # Another kind than the file's leaves nothing of the file's section that would fit it.
            for section, values in overrides().items():
                there = init_settings.init_kwargs.get(section)
                if not isinstance(values, Mapping) or not isinstance(there, Mapping):
                    continue
                if "kind" in values and values["kind"] != there.get("kind"):
                    init_settings.init_kwargs[section] = {}
            return overrides, init_settings

    return read_toml(path, Layered)
