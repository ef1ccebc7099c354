"""`[models]`: what may write an answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, SecretStr, Tag

from citeward.settings.section import Section, by


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
    by("provider", "extractive"),
]
"""One model that the router may choose."""
