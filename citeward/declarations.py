"""Reads a declaration (a YAML or TOML file) into a pydantic model, and says on which line it is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, Tag, ValidationError

from citeward.errors import ProjectError

M = TypeVar("M", bound=BaseModel)
Location = tuple[str | int, ...]


def read_yaml(path: Path, model: type[M]) -> M:
    """The file as a `model`; ProjectError with file and line where it is not one."""
    text = read_text(path)
    try:
        data = yaml.safe_load(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ProjectError(
            f"not valid YAML: {error.problem}",
            hint="Check the indentation and the quotes there.",
            path=str(path),
            line=line,
        ) from error
    except yaml.YAMLError as error:
        raise ProjectError("not valid YAML", hint=str(error).replace("\n", " "), path=str(path)) from error
    if not isinstance(data, dict):
        raise ProjectError(
            f"expected a mapping of fields, found {type(data).__name__}",
            hint=f"It needs at least: {', '.join(_required(model))}.",
            path=str(path),
            line=1,
        )
    return _validated(data, model, path, lambda location: _yaml_line(root, location))


def read_toml(path: Path, model: type[M]) -> M:
    """The file as a `model`; ProjectError with file and line where it is not one."""
    text = read_text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ProjectError(
            f"not valid TOML: {error}",
            hint="Check the quotes and brackets there.",
            path=str(path),
            line=int(found[1]) if found else None,
        ) from error
    return _validated(data, model, path, lambda location: _toml_line(text, location))


def line_of(path: Path, *location: str | int) -> int | None:
    """The line of a YAML file where the field at `location` stands; None where it cannot be told."""
    return _yaml_line(yaml.compose(read_text(path), Loader=yaml.SafeLoader), location)


def read_text(path: Path) -> str:
    """The file's text; ProjectError where it is missing, unreadable or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ProjectError(
            "no such file", hint="Run `citeward init` to get a whole project.", path=str(path)
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"cannot be read: {error}", hint="It must be a readable UTF-8 file.", path=str(path)
        ) from error


def _validated(data: Any, model: type[M], path: Path, line_of: Any) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        location, parent = _walked(model, tuple(first["loc"]))
        field = ".".join(str(part) for part in location) or "the file"
        value = first.get("input")
        if first["type"] == "extra_forbidden":
            message, hint = f"unknown field {field!r}", f"Known here: {', '.join(sorted(parent.model_fields))}."
        elif first["type"] == "missing":
            message, hint = f"{field!r} is missing", f"Add `{location[-1]}:`."
        elif first["type"] == "union_tag_invalid":
            kinds = first["ctx"]["expected_tags"].replace("'", "")
            told = "provider" if isinstance(value, dict) and "provider" in value else "kind"
            message, hint = f"{field}.{told} = {first['ctx']['tag']!r} is not known", f"Use one of {kinds}."
            location = (*location, told)
        else:
            message = f"{field} = {value!r}: {first['msg'].removeprefix('Value error, ')}"
            hint = f"Correct {field!r}."
        more = error.error_count() - 1
        raise ProjectError(
            message + (f" (and {more} more)" if more else ""), hint=hint, path=str(path), line=line_of(location)
        ) from error


def _required(model: type[BaseModel]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _walked(model: type[BaseModel], location: Location) -> tuple[Location, type[BaseModel]]:
    """The location as it stands in the file, without the tags of unions, and the model that its last part is in."""
    here: Any = model
    names: list[str | int] = []
    parent = model
    for part in location:
        variants = _variants(here)
        if str(part) in variants:
            here = variants[str(part)]
            continue
        names.append(part)
        found = next((kind for kind in (here, *get_args(here)) if _is_model(kind)), None)
        if get_origin(here) in (dict, list, tuple):
            here = get_args(here)[-1 if get_origin(here) is dict else 0]
        elif found is not None:
            parent = found
            field = found.model_fields.get(str(part))
            here = field.annotation if field else None
    return tuple(names), parent


def _variants(annotation: Any) -> dict[str, type[BaseModel]]:
    """The models of a tagged union by their tag; none for anything else."""
    union = annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation
    found: dict[str, type[BaseModel]] = {}
    for one in get_args(union):
        for extra in getattr(one, "__metadata__", ()):
            if isinstance(extra, Tag):
                found[extra.tag] = get_args(one)[0]
    return found


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _yaml_line(node: yaml.Node | None, location: Location) -> int | None:
    """The line of the deepest node on the way to `location`, from 1."""
    line = node.start_mark.line + 1 if node else None
    for part in location:
        following: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, following = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            following = node.value[part]
            line = following.start_mark.line + 1
        if following is None:
            break
        node = following
    return line


def _toml_line(text: str, location: Location) -> int | None:
    """The line of the last key on the way to `location`, found by table headers; None where it stands inline."""
    names = [part for part in location if isinstance(part, str)]
    table: list[str] = []
    found = None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+([^\]]+)\]+", line)
        if header:
            table = [part.strip().strip('"') for part in header[1].split(".")]
            if table == names[: len(table)]:
                found = number
            continue
        key = re.match(r'\s*"?([\w.-]+)"?\s*=', line)
        if key and [*table, *key[1].split(".")] == names[: len(table) + len(key[1].split("."))]:
            return number
    return found
