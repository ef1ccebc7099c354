"""The models that a project's settings name."""

from __future__ import annotations

import importlib.util
from contextlib import AsyncExitStack
from pathlib import Path

from citeward.contracts.model import Location
from citeward.contracts.retrieval import TokenEmbedder
from citeward.contracts.tool import ToolDecider
from citeward.models.extractive.model import ExtractiveModel
from citeward.models.health import endpoint_probe
from citeward.models.needle.decider import NeedleDecider
from citeward.models.openai_compatible.dialect import GENERIC, OPENAI, VLLM
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.models.registry import Entry, Registry
from citeward.models.vllm.monitor import VLLMMonitor
from citeward.project.packaged import anthropic_entry, info_of, langchain_entry, local_entry
from citeward.settings import (
    AnthropicModelSettings,
    EndpointModelSettings,
    ExtractiveSettings,
    LocalModelSettings,
    Settings,
)

_DIALECTS = {"openai": OPENAI, "vllm": VLLM, "compatible": GENERIC}


async def open_models(
    settings: Settings, local: TokenEmbedder | None, stack: AsyncExitStack, *, root: Path | None = None
) -> Registry:
    """Every model by its name, in the order of the settings; nothing is loaded or connected to yet.

    Args:
        settings: The project's.
        local: Compares sentences for the extractive model.
        stack: Takes what must be closed.
        root: The project's folder, to which those of models are relative; the working folder where None.

    Raises:
        SettingsError: An address, key or header that cannot be used. A class, package or folder that cannot be used
            is told by the model's first call, and by its health.
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
        elif isinstance(model, LocalModelSettings):
            entries[name] = local_entry(name, model, root or Path())
        elif isinstance(model, AnthropicModelSettings):
            entries[name] = anthropic_entry(name, model)
        else:
            entries[name] = langchain_entry(name, model)
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
        info=info_of(name, settings, Location.of(settings.url)),
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
