"""Reads JSON Lines, and says in which file and line something is wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from citeward.errors import DataError, LocatedError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Line(BaseModel):
    """One line of labelled data. Further columns are the owner's business; numbers are taken as ids."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


def read_jsonl(path: Path, model: type[M], *, error: type[LocatedError] = DataError) -> list[M]:
    """Every line of the file as a `model`; empty lines are passed over.

    Args:
        path: UTF-8 text, one JSON object a line; a byte order mark is allowed.
        model: What a line must be.
        error: DataError for data, ProjectError where the file is part of a project.

    Raises:
        LocatedError: As `error`, with file and line: a file that cannot be read or has no line, a line that is not
            JSON or not a `model`.
    """
    try:
        text = path.read_bytes()
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise error(f"cannot be read: {reason}", hint="Name a readable JSON Lines file.", path=str(path)) from failure
    items: list[M] = []
    for number, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            items.append(model.model_validate_json(line))
        except ValidationError as failure:
            raise error(_problem(failure), hint=_hint(model), path=str(path), line=number) from failure
    if not items:
        raise error("holds no line of data", hint=_hint(model), path=str(path))
    return items


def unique(items: Sequence[M], path: Path, *, key: str = "id", error: type[LocatedError] = DataError) -> None:
    """Raise `error` where two items share the same `key`."""
    seen: set[object] = set()
    for item in items:
        value = getattr(item, key)
        if value in seen:
            raise error(f"{key} {value!r} stands there twice", hint=f"Give every line its own {key}.", path=str(path))
        seen.add(value)


def sample(items: Sequence[T], limit: int | None, seed: int) -> list[T]:
    """At most `limit` items drawn at random, in their order in the file; the same seed draws the same ones.

    The first N would not do: files are often sorted by topic.
    """
    if limit is None or limit >= len(items):
        return list(items)
    return [items[index] for index in sorted(random.Random(seed).sample(range(len(items)), limit))]


def _problem(failure: ValidationError) -> str:
    first = failure.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return f"not valid JSON: {first['msg'].removeprefix('Invalid JSON: ')}"
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"{field!r} is missing"
    value = repr(first.get("input"))
    shown = value if len(value) <= 80 else f"{value[:77]}..."
    return f"{field or 'the line'} = {shown}: {first['msg'].removeprefix('Value error, ')}"


def _hint(model: type[BaseModel]) -> str:
    fields = ", ".join(name if field.is_required() else f"{name}?" for name, field in model.model_fields.items())
    return f"Each line is one JSON object {{{fields}}}."
