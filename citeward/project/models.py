"""The models that a project's settings name."""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import AsyncExitStack

from citeward.contracts.model import Location, Model, ModelInfo
from citeward.contracts.retrieval import TokenEmbedder
from citeward.contracts.tool import ToolDecider
from citeward.errors import ModelUnavailable, SettingsError
from citeward.models.extractive.model import ExtractiveModel
from citeward.models.langchain import LangChainModel
from citeward.models.needle.decider import NeedleDecider
from citeward.models.openai_compatible.dialect import GENERIC, OPENAI, VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel, location
from citeward.settings import (
    EndpointModelSettings,
    ExtractiveSettings,
    LangChainModelSettings,
    ServedSettings,
    Settings,
)

_DIALECTS = {"openai": OPENAI, "vllm": VLLM, "compatible": GENERIC}


async def open_models(settings: Settings, local: TokenEmbedder | None, stack: AsyncExitStack) -> dict[str, Model]:
    """Every model by its name, in the order of the settings; nothing is connected to yet.

    Args:
        settings: The project's.
        local: Compares sentences for the extractive model.
        stack: Takes what must be closed.

    Raises:
        SettingsError: An address, key or class that cannot be used.
        ModelUnavailable: A package that a model needs is not installed.
    """
    decider: ToolDecider | None = None
    extractive = [model for model in settings.models.values() if isinstance(model, ExtractiveSettings)]
    if needle_installed() and any(model.tool_calls == "needle" for model in extractive):
        needle = NeedleDecider()
        stack.callback(needle.close)
        decider = needle
    models: dict[str, Model] = {}
    for name, model in settings.models.items():
        if isinstance(model, ExtractiveSettings):
            chosen = decider if model.tool_calls == "needle" else None
            models[name] = ExtractiveModel(local, decider=chosen, name=name, tier=model.tier)
        elif isinstance(model, EndpointModelSettings):
            models[name] = _endpoint(name, model, stack)
        else:
            models[name] = _langchain(name, model)
    return models


def needle_installed() -> bool:
    """Whether the extra that decides tool calls is there."""
    return importlib.util.find_spec("needle") is not None


def _endpoint(name: str, settings: EndpointModelSettings, stack: AsyncExitStack) -> Model:
    model = OpenAICompatibleModel(
        settings.url,
        settings.model,
        info=_info(name, settings, location(settings.url)),
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        dialect=_DIALECTS[settings.provider],
        connect_timeout=settings.connect_timeout,
        timeout=settings.timeout,
        retries=settings.retries,
        headers=settings.headers,
        extra=settings.extra,
    )
    stack.push_async_callback(model.aclose)
    return model


def _langchain(name: str, settings: LangChainModelSettings) -> Model:
    from langchain_core.language_models import BaseChatModel

    module, _, attribute = settings.use.partition(":")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise ModelUnavailable(
            f"model {name!r} needs {module!r}, which is not installed: {error}",
            hint=f"pip install {module.split('.')[0].replace('_', '-')}",
        ) from error
    except AttributeError as error:
        raise SettingsError(f"{module!r} has no {attribute!r}", hint=f"Correct models.{name}.use.") from error
    if not (isinstance(kind, type) and issubclass(kind, BaseChatModel)):
        raise SettingsError(f"{settings.use!r} is no chat model of LangChain", hint=f"Correct models.{name}.use.")
    try:
        model = kind(**{"model": settings.model, **settings.arguments})
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"{settings.use!r} cannot be made with what models.{name} says: {error}",
            hint=f"Correct models.{name}.arguments; a missing key is best set in the environment.",
        ) from error
    return LangChainModel(model, info=_info(name, settings, Location.REMOTE))


def _info(name: str, settings: ServedSettings, place: Location) -> ModelInfo:
    return ModelInfo(
        name=name,
        description=settings.description or settings.model,
        tier=settings.tier,
        location=Location(settings.location) if settings.location else place,
        window=settings.window,
        input_price=settings.input_price,
        output_price=settings.output_price,
        tools=settings.tools,
    )
