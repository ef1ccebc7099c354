"""The models that a project's settings name."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
from contextlib import AsyncExitStack
from dataclasses import replace

from citeward.contracts.model import Location, Model, ModelInfo
from citeward.contracts.retrieval import TokenEmbedder
from citeward.contracts.tool import ToolDecider
from citeward.errors import CitewardError, ModelUnavailable, SettingsError
from citeward.models.extractive.model import ExtractiveModel
from citeward.models.health import Health, HealthState, Probe, endpoint_probe
from citeward.models.langchain import LangChainModel
from citeward.models.lazy import LazyModel
from citeward.models.needle.decider import NeedleDecider
from citeward.models.openai_compatible.dialect import GENERIC, OPENAI, VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.models.registry import Entry, Registry
from citeward.models.vllm.monitor import VLLMMonitor
from citeward.settings import (
    EndpointModelSettings,
    ExtractiveSettings,
    LangChainModelSettings,
    ServedSettings,
    Settings,
)

_DIALECTS = {"openai": OPENAI, "vllm": VLLM, "compatible": GENERIC}
_SECRET = re.compile("key|token|secret|password", re.IGNORECASE)
"""Names of arguments whose values no error repeats."""


async def open_models(settings: Settings, local: TokenEmbedder | None, stack: AsyncExitStack) -> Registry:
    """Every model by its name, in the order of the settings; nothing is loaded or connected to yet.

    Args:
        settings: The project's.
        local: Compares sentences for the extractive model.
        stack: Takes what must be closed.

    Raises:
        SettingsError: An address, key or header that cannot be used. A class or package of LangChain that cannot be
            used is told by the model's first call, and by its health.
        ModelUnavailable: The extra for tool calls is installed without its model.
    """
    decider: ToolDecider | None = None
    extractive = [model for model in settings.models.values() if isinstance(model, ExtractiveSettings)]
    if needle_installed() and any(model.tool_calls == "needle" for model in extractive):
        needle = NeedleDecider()
        stack.callback(needle.close)
        decider = needle
    entries: dict[str, Entry] = {}
    for name, model in settings.models.items():
        if isinstance(model, ExtractiveSettings):
            entries[name] = _extractive(name, model, local, decider)
        elif isinstance(model, EndpointModelSettings):
            entries[name] = _endpoint(name, model)
        else:
            entries[name] = _langchain(name, model)
    registry = Registry(entries)
    stack.push_async_callback(registry.aclose)
    return registry


def open_monitor(settings: Settings, stack: AsyncExitStack) -> VLLMMonitor | None:
    """What reads the load of the vLLM servers that the settings name; None where they name none."""
    servers = {
        name: model.url
        for name, model in settings.models.items()
        if isinstance(model, EndpointModelSettings) and model.provider == "vllm"
    }
    if not servers:
        return None
    monitor = VLLMMonitor(servers)
    stack.push_async_callback(monitor.aclose)
    return monitor


def needle_installed() -> bool:
    """Whether the extra that decides tool calls is there."""
    return importlib.util.find_spec("needle") is not None


def _extractive(
    name: str, settings: ExtractiveSettings, local: TokenEmbedder | None, decider: ToolDecider | None
) -> Entry:
    chosen = decider if settings.tool_calls == "needle" else None
    model = ExtractiveModel(local, decider=chosen, name=name, tier=settings.tier)
    return Entry(model=model, provider="extractive", in_process=True)


def _endpoint(name: str, settings: EndpointModelSettings) -> Entry:
    key = settings.api_key.get_secret_value() if settings.api_key else None
    model = OpenAICompatibleModel(
        settings.url,
        settings.model,
        info=_info(name, settings, Location.of(settings.url)),
        api_key=key,
        dialect=_DIALECTS[settings.provider],
        connect_timeout=settings.connect_timeout,
        timeout=settings.timeout,
        retries=settings.retries,
        headers=settings.headers,
        extra=settings.extra,
    )
    probe = endpoint_probe(
        settings.url,
        settings.model,
        api_key=key,
        headers=settings.headers,
        lists_all=settings.provider != "compatible",
    )
    return Entry(model=model, provider=settings.provider, served=settings.model, probe=probe)


def _langchain(name: str, settings: LangChainModelSettings) -> Entry:
    model = LazyModel(_langchain_info(name, settings), functools.partial(_chat_model, name, settings))
    return Entry(
        model=model,
        provider="langchain",
        served=settings.model,
        # Some run where they are called (a local pipeline), and the package itself takes memory in any case.
        in_process=True,
        probe=_package_probe(name, settings, model),
    )


def _chat_model(name: str, settings: LangChainModelSettings) -> Model:
    """The chat model, its package imported; some take seconds for that."""
    from langchain_core.language_models import BaseChatModel

    module, _, attribute = settings.use.partition(":")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise _missing(name, module, str(error)) from error
    except AttributeError as error:
        raise SettingsError(f"{module!r} has no {attribute!r}", hint=f"Correct models.{name}.use.") from error
    if not (isinstance(kind, type) and issubclass(kind, BaseChatModel)):
        raise SettingsError(f"{settings.use!r} is no chat model of LangChain", hint=f"Correct models.{name}.use.")
    try:
        model = kind(**{"model": settings.model, **settings.arguments})
    except CitewardError:
        raise
    except Exception as error:  # each package has errors of its own for a missing key
        raise SettingsError(
            f"{settings.use!r} cannot be made with what models.{name} says: {_told(error, settings)}",
            hint=f"Correct models.{name}.arguments; a missing key is best set in the environment.",
        ) from error
    return LangChainModel(model, info=_langchain_info(name, settings))


def _package_probe(name: str, settings: LangChainModelSettings, model: LazyModel) -> Probe:
    """Whether the package is there, without importing it: a listing must not take the seconds that it takes."""
    module = settings.use.partition(":")[0]

    async def probe(within: float) -> Health:
        del within  # nothing is waited for
        if model.loaded:
            return Health(state=HealthState.READY)
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            missing = _missing(name, module, "no module of that name")
            return Health(state=HealthState.FAILED, detail=f"{missing.message}; {missing.hint}")
        return Health(state=HealthState.NOT_LOADED, detail="loaded by its first call")

    return probe


def _missing(name: str, module: str, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"model {name!r} needs {module!r}, which is not installed: {reason}",
        hint=f"pip install {module.split('.')[0].replace('_', '-')}",
    )


def _told(error: Exception, settings: LangChainModelSettings) -> str:
    """What the error says, less what is secret: pydantic's own text repeats the values that it was given."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'model'}: {one['msg']}" for one in found)
    else:
        text = str(error) or type(error).__name__
    for name, value in settings.arguments.items():
        if isinstance(value, str) and value and _SECRET.search(name):
            text = text.replace(value, "***")
    return text[:300]


def _langchain_info(name: str, settings: LangChainModelSettings) -> ModelInfo:
    # Each of LangChain's packages takes a JSON schema in a way of its own, so the adapter refuses them.
    return replace(_info(name, settings, Location.REMOTE), schemas=False)


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
