"""The arguments of a tool: read from a function, described to a model, and what is wrong with some."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from citeward.contracts.tool import ToolSpec
from citeward.errors import InvalidInput, ToolError

_SECTION = re.compile(r"(args|arguments|parameters|returns?|yields?|raises|examples?|notes?):\s*", re.IGNORECASE)
_ARGUMENT = re.compile(r"(\w+)(?:\s*\([^)]*\))?:\s*(.*)")


def read_docstring(docstring: str) -> tuple[str, dict[str, str]]:
    """The description (all before the first section) and, by argument, what ``Args:`` says of it."""
    description: list[str] = []
    notes: dict[str, str] = {}
    section = argument = ""
    margin: int | None = None
    for line in inspect.cleandoc(docstring).splitlines():
        text = line.strip()
        heading = _SECTION.fullmatch(text) if line == line.lstrip() else None
        if heading:
            section, margin, argument = heading[1].lower(), None, ""
        elif text.startswith(">>>"):
            section = "examples"  # for people: a model would take the prompt for part of the sentence
        elif not section:
            description.append(text)
        elif text and section in ("args", "arguments", "parameters"):
            indent = len(line) - len(line.lstrip())
            margin = indent if margin is None else margin
            named = _ARGUMENT.fullmatch(text) if indent == margin else None
            if named:
                argument, notes[named[1]] = named[1], named[2]
            elif argument:
                notes[argument] += " " + text
    paragraphs = "\n".join(description).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).strip(), notes


def untitled(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without the titles that pydantic derives from names: they cost tokens and say nothing."""

    def clean(node: Any) -> Any:
        if isinstance(node, list):
            return [clean(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {key: _cleaned(key, value) for key, value in node.items() if key != "title"}

    def _cleaned(key: str, value: Any) -> Any:
        if key in ("properties", "$defs", "patternProperties"):
            return {name: clean(item) for name, item in value.items()}
        return value if key in ("default", "const", "enum", "examples") else clean(value)

    cleaned: dict[str, Any] = clean(dict(schema))
    cleaned.setdefault("properties", {})
    return cleaned


def invalid_arguments(spec: ToolSpec, problems: list[str]) -> InvalidInput:
    """The error that goes back to the model: what is wrong, and what the tool takes."""
    properties: Mapping[str, Mapping[str, Any]] = spec.parameters.get("properties", {})
    required = spec.parameters.get("required", ())
    takes = ", ".join(
        f"{name} ({'|'.join(_types(schema))}, {'required' if name in required else 'optional'})"
        for name, schema in properties.items()
    )
    hint = f"{spec.name} takes: {takes}." if takes else f"{spec.name} takes no arguments."
    return InvalidInput("; ".join(problems), hint=hint)


def explain(error: ValidationError) -> list[str]:
    """What pydantic found, one phrase an argument, each naming the argument and what was expected."""
    problems = []
    for found in error.errors(include_url=False):
        place = ".".join(str(part) for part in found["loc"])
        if found["type"] == "missing":
            problems.append(f"argument {place!r} is missing")
        elif found["type"] == "extra_forbidden":
            problems.append(f"there is no argument {place!r}")
        elif found["type"] == "string_pattern_mismatch":
            problems.append(f"argument {place!r}: {_short(found['input'])} is not of the form that it must have")
        else:
            message = found["msg"][:1].lower() + found["msg"][1:]
            problems.append(f"argument {place!r}: {message}, got {_short(found['input'])}")
    return problems


def arguments_model(
    name: str, function: Callable[..., Any], notes: Mapping[str, str]
) -> tuple[type[BaseModel], dict[str, str]]:
    """A model of the arguments, and which of its fields stands for which argument.

    The fields are named by number and carry the argument's name as their alias, because an argument may well be
    called `json` or `copy`, which a field of a pydantic model must not be.
    """
    annotated: Any = function if inspect.isroutine(function) else type(function).__call__
    try:
        types = typing.get_type_hints(annotated, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
    except (NameError, TypeError, ValueError) as error:
        raise ToolError(
            f"the arguments of tool {name!r} cannot be read: {error}",
            hint="Annotate them with types that can be imported where the function is defined.",
        ) from error
    fields: dict[str, Any] = {}
    for number, parameter in enumerate(parameters):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ToolError(
                f"tool {name!r} takes {str(parameter)!r}", hint="Name each argument: a model calls tools by name."
            )
        if parameter.name not in types:
            raise ToolError(
                f"argument {parameter.name!r} of tool {name!r} has no type", hint=f"Write {parameter.name}: str, say."
            )
        annotation = types[parameter.name]
        note = None if _described(annotation) else notes.get(parameter.name)
        default: Any = ... if parameter.default is parameter.empty else parameter.default
        told: dict[str, Any] = {} if note is None else {"description": note}
        fields[f"argument_{number}"] = (annotation, Field(default, alias=parameter.name, **told))
    try:
        model = create_model(name, __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **fields)
    except Exception as error:  # pydantic raises several kinds, none with a common base
        raise ToolError(
            f"the arguments of tool {name!r} cannot be described: {error}",
            hint="Use str, int, float, bool, list, dict, Literal, an Enum, or a pydantic model.",
        ) from error
    return model, {field: parameter.name for field, parameter in zip(fields, parameters, strict=True)}


def _described(annotation: Any) -> bool:
    if typing.get_origin(annotation) is not Annotated:
        return False
    return any(isinstance(note, FieldInfo) and note.description for note in annotation.__metadata__)


def _types(schema: Mapping[str, Any]) -> list[str]:
    if "enum" in schema:
        return [repr(value) for value in schema["enum"]]
    if "anyOf" in schema:
        return [name for variant in schema["anyOf"] for name in _types(variant)]
    kind = schema.get("type", "any")
    return list(kind) if isinstance(kind, list) else [str(kind)]


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
