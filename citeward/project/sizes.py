"""How much memory the models that a project names take, as far as this machine can tell."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from citeward.errors import CitewardError
from citeward.models.footprint.architecture import read_architecture
from citeward.models.footprint.size import Size, size
from citeward.models.needle.process import find_needle
from citeward.project.declared import Project
from citeward.settings import (
    AnthropicModelSettings,
    ExtractiveSettings,
    LangChainModelSettings,
    LocalModelSettings,
    ModelSettings,
)

_HUB = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Sized:
    """One model's size, or why it is not known."""

    name: str
    size: Size | None = None
    disk: int | None = None
    """Bytes of its files, for a model that is not built as a decoder is."""
    note: str = ""
    """Where the figure comes from, or why there is none."""


def model_sizes(project: Project) -> list[Sized]:
    """The size of each model of the settings, in order; nothing is loaded and nothing is downloaded."""
    return [_sized(name, model, project.root) for name, model in project.settings.models.items()]


def config_size(path: Path, *, weights: str | None = None, cache: str | None = None) -> Sized:
    """The size of the model whose `config.json` (or folder) `path` is.

    Args:
        path: The file or folder.
        weights: How its weights are to be held; as the config says where None.
        cache: Type of the KV cache.

    Raises:
        DataError: The config cannot be read or counted.
        InvalidInput: An unknown type.
    """
    architecture = read_architecture(path)
    name = path.name if path.is_dir() else path.resolve().parent.name
    held = weights or architecture.quantization or architecture.dtype
    return Sized(name=name, size=size(architecture, weights=weights, cache=cache), note=f"{held}, from {path}")


def find_config(model: str, root: Path | None = None) -> Path | None:
    """The config of a model by its folder, or by its name in the Hugging Face cache of this machine; None if neither.

    The cache is where `HF_HUB_CACHE` or `HF_HOME` say, else in ~/.cache/huggingface.

    Args:
        model: Folder or name.
        root: What the folder is relative to; the working folder where None.
    """
    folder = (root or Path()) / Path(model).expanduser()
    if (folder / "config.json").is_file():
        return folder / "config.json"
    if not _HUB.fullmatch(model):
        return None
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    found = sorted((hub / f"models--{model.replace('/', '--')}" / "snapshots").glob("*/config.json"))
    return found[-1] if found else None


def _sized(name: str, settings: ModelSettings, root: Path) -> Sized:
    if isinstance(settings, ExtractiveSettings):
        return _extractive(name, settings)
    if isinstance(settings, LangChainModelSettings | AnthropicModelSettings):
        return Sized(name=name, note="as its package and its provider have it")
    local = isinstance(settings, LocalModelSettings)
    config = find_config(settings.model, root if local else None)
    if config is None:
        where = "not on this machine yet" if local else "on its server"
        return Sized(name=name, note=f"{settings.model} is {where}; for an estimate, give its config.json")
    try:
        found = config_size(config, weights=_held(settings) if isinstance(settings, LocalModelSettings) else None)
    except CitewardError as error:
        return Sized(name=name, note=error.message)
    return Sized(name=name, size=found.size, note=found.note)


def _held(settings: LocalModelSettings) -> str | None:
    """How a model that runs in this process holds its weights; None as its files do."""
    quantized = {"8bit": "int8", "4bit": "int4"}.get(settings.quantization)
    return quantized or (None if settings.dtype == "auto" else settings.dtype)


def _extractive(name: str, settings: ExtractiveSettings) -> Sized:
    if settings.tool_calls != "needle":
        return Sized(name=name, disk=0, note="has no weights of its own")
    try:
        files = find_needle()
    except CitewardError as error:
        return Sized(name=name, disk=0, note=f"has no weights of its own; {error.message}")
    held = sum(file.stat().st_size for file in (files.library, files.weights))
    return Sized(name=name, disk=held, note="Needle's files; the worker's process takes somewhat more")
