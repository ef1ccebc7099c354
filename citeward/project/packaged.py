"""Models that a package brings: it is imported, and what it holds is loaded, by their first call."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from citeward.contracts.model import Location, Model, ModelInfo
from citeward.errors import CitewardError, ModelUnavailable, SettingsError
from citeward.logs import masked
from citeward.models.anthropic import chat_anthropic
from citeward.models.anthropic import missing as no_anthropic
from citeward.models.health import Health, HealthState, Probe
from citeward.models.langchain import LangChainModel
from citeward.models.lazy import LazyModel
from citeward.models.local.files import Told, read_files
from citeward.models.local.load import installed, load_local, missing
from citeward.models.local.options import LocalOptions
from citeward.models.registry import Entry
from citeward.project.sizes import find_config
from citeward.settings import AnthropicModelSettings, LangChainModelSettings, LocalModelSettings, ServedSettings

_SECRET = re.compile("key|token|secret|password", re.IGNORECASE)
"""Names of arguments whose values no error repeats."""
_Packaged: TypeAlias = LangChainModelSettings | AnthropicModelSettings | LocalModelSettings


def langchain_entry(name: str, settings: LangChainModelSettings) -> Entry:
    """A chat model of any of LangChain's packages."""
    module = settings.use.partition(":")[0]

    def lacks() -> ModelUnavailable | None:
        there = importlib.util.find_spec(module.partition(".")[0]) is not None
        return None if there else _missing(name, module, "no module of that name")

    info = _chat_info(name, settings, Location.REMOTE)
    model = LazyModel(info, functools.partial(_chat_model, name, settings, info))
    # Some run where they are called (a local pipeline), and the package itself takes memory in any case.
    return _entry(model, settings, lacks)


def anthropic_entry(name: str, settings: AnthropicModelSettings) -> Entry:
    """A model of Anthropic's API."""

    def load() -> Model:
        key = {"api_key": settings.api_key.get_secret_value()} if settings.api_key else {}
        given = {"timeout": settings.timeout, "max_retries": settings.retries, **key, **settings.arguments}
        try:
            chat = chat_anthropic(name, model=settings.model, base_url=settings.url, **given)
        except CitewardError:
            raise
        except Exception as error:  # pydantic's, and the package's own
            raise _unmade(name, "langchain_anthropic:ChatAnthropic", error, given) from error
        return LangChainModel(chat, info=info, tells_end=True)

    def lacks() -> ModelUnavailable | None:
        there = importlib.util.find_spec("langchain_anthropic") is not None
        return None if there else no_anthropic(name, "no module of that name")

    info = _chat_info(name, settings, Location.of(settings.url))
    return _entry(LazyModel(info, load), settings, lacks)


def local_entry(name: str, settings: LocalModelSettings, root: Path) -> Entry:
    """A model that transformers runs in this process.

    Args:
        name: The model's.
        settings: What is said of it.
        root: The folder to which its own is relative.
    """
    config = find_config(settings.model, root)
    told = Told() if config is None else read_files(config.parent)
    info = replace(
        info_of(name, settings, Location.LOCAL),
        window=min(settings.window, told.window or settings.window),
        tools=settings.tools and told.form.calls,
        continues="exactly",
        schemas=False,
    )
    folder = root / Path(settings.model).expanduser()
    options = LocalOptions(
        quantization=settings.quantization,
        dtype=settings.dtype,
        device=settings.device,
        concurrency=settings.concurrency,
        revision=settings.revision,
        trust_remote_code=settings.trust_remote_code,
        template=settings.template,
    )
    load = functools.partial(load_local, str(folder) if folder.is_dir() else settings.model, info=info, options=options)
    model = LazyModel(info, load)

    def lacks() -> ModelUnavailable | None:
        return None if installed() else missing(name, "they are not installed")

    return _entry(model, settings, lacks, "" if config is not None else "downloaded and ")


def info_of(name: str, settings: ServedSettings, place: Location) -> ModelInfo:
    """What the settings say of a model.

    Args:
        name: The model's.
        settings: Its own.
        place: Where it is, unless the settings say otherwise.
    """
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


def _chat_info(name: str, settings: ServedSettings, place: Location) -> ModelInfo:
    # Each of LangChain's packages takes a JSON schema in a way of its own, so the adapter refuses them.
    return replace(info_of(name, settings, place), schemas=False)


def _chat_model(name: str, settings: LangChainModelSettings, info: ModelInfo) -> Model:
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
        raise _unmade(name, settings.use, error, settings.arguments) from error
    return LangChainModel(model, info=info)


def _entry(
    model: LazyModel, settings: _Packaged, lacks: Callable[[], ModelUnavailable | None], before: str = ""
) -> Entry:
    return Entry(
        model=model,
        provider=settings.provider,
        served=settings.model,
        in_process=True,
        probe=_probe(model, lacks, f"{before}loaded by its first call"),
    )


def _probe(model: LazyModel, lacks: Callable[[], ModelUnavailable | None], later: str) -> Probe:
    """Whether the package is there, without importing it: a listing must not take the seconds that it takes."""

    async def probe(within: float) -> Health:
        del within  # nothing is waited for
        if model.loaded:
            return Health(state=HealthState.READY)
        if (error := lacks()) is not None:
            return Health(state=HealthState.FAILED, detail=f"{error.message}; {error.hint}")
        return Health(state=HealthState.NOT_LOADED, detail=later)

    return probe


def _missing(name: str, module: str, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"model {name!r} needs {module!r}, which is not installed",
        hint=f"pip install {module.split('.')[0].replace('_', '-')}",
        detail=masked(reason),
    )


def _unmade(name: str, use: str, error: Exception, arguments: Mapping[str, Any]) -> SettingsError:
    return SettingsError(
        f"{use!r} cannot be made with what models.{name} says",
        hint=f"Correct models.{name}.arguments; a missing key is best set in the environment.",
        detail=masked(_told(error, arguments)),
    )


def _told(error: Exception, arguments: Mapping[str, Any]) -> str:
    """What the error says, less what is secret: pydantic's own text repeats the values that it was given."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'model'}: {one['msg']}" for one in found)
    else:
        text = str(error) or type(error).__name__
    for name, value in arguments.items():
        if isinstance(value, str) and value and _SECRET.search(name):
            text = text.replace(value, "***")
    return text[:300]
