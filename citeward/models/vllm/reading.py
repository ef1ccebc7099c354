"""Options out of a table of settings, or out of `name=value` on a command line."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from citeward.errors import SettingsError
from citeward.models.vllm.options import VLLMOptions

_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def read_options(table: Mapping[str, Any]) -> VLLMOptions:
    """The options that a table names, as of a TOML file; text is turned into what the field takes.

    Raises:
        SettingsError: A name that is no option, or a value that it cannot take.

    Example:
        >>> read_options({"tensor_parallel_size": "2", "quantization": "awq"}).tensor_parallel_size
        2
    """
    kinds = _kinds()
    for name in table:
        if name not in kinds:
            raise SettingsError(f"{name!r} is no option of vLLM here", hint=f"The options are {', '.join(kinds)}.")
    return VLLMOptions(**{name: _read(name, value, kinds[name]) for name, value in table.items()})


def assigned(texts: Sequence[str]) -> dict[str, str]:
    """`name=value` each, as a table; the last of a name holds.

    Raises:
        SettingsError: One without a name or an equals sign.
    """
    table = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals):
            raise SettingsError(f"{text!r} sets nothing", hint="Write name=value, as tensor_parallel_size=2.")
        table[name.strip().replace("-", "_")] = value.strip()
    return table


def names() -> tuple[str, ...]:
    """Every option's name."""
    return tuple(_kinds())


@cache
def _kinds() -> dict[str, Any]:
    """By name, the type of each option, without its None."""
    hints = typing.get_type_hints(VLLMOptions)
    kinds = {}
    for one in fields(VLLMOptions):
        kind = hints[one.name]
        if isinstance(kind, types.UnionType):
            kind = next(arm for arm in typing.get_args(kind) if arm is not types.NoneType)
        kinds[one.name] = typing.get_origin(kind) or kind
    return kinds


def _read(name: str, value: Any, kind: Any) -> Any:
    text = value.strip() if isinstance(value, str) else value
    try:
        if kind is bool and isinstance(text, str):
            if text.lower() not in _TRUE | _FALSE:
                raise ValueError(text)  # noqa: TRY301  the one place that says what is wrong is below
            return text.lower() in _TRUE
        if kind in (int, float) and not isinstance(text, bool):
            return text if kind is int and isinstance(text, float) else kind(text)
        if kind is Path:
            return Path(text)
        if kind is tuple:
            return tuple(text.split() if isinstance(text, str) else text)
        if kind is Mapping and isinstance(text, str):
            return assigned_modules(text)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} {value!r} cannot be used", hint=f"Give {_told(kind)}.") from error
    good = isinstance(text, Mapping if kind is Mapping else kind)
    if not good:
        raise SettingsError(f"{name} {value!r} cannot be used", hint=f"Give {_told(kind)}.")
    return text


def assigned_modules(text: str) -> dict[str, str]:
    """`name=place` each, with commas between."""
    return {name.strip(): place.strip() for name, _, place in (one.partition("=") for one in text.split(","))}


def _told(kind: Any) -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path", tuple: "a list of flags"}
    return words.get(kind, "name=place, with commas between" if kind is Mapping else "a text")
