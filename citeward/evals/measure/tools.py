"""Tool calls measured alone: are they the right ones, and are there none where none is right?

- exact: items with calls where the calls made are the expected ones, each once, in any order.
- name: items with calls where the names called are the expected ones.
- arguments: items with the right names where every argument is right too.
- missed: items with calls where no call was made.
- false_calls: items without calls where one was made.

What makes a call right is in `citeward.evals.measure.calls`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import Field, field_validator

from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import CitewardError
from citeward.evals.dataset import Line, read_jsonl, sample
from citeward.evals.measure.calls import calls_match, names_match
from citeward.evals.measure.measurement import Measurement, Progress, latency
from citeward.evals.statistics import proportion

Decide: TypeAlias = Callable[[str, Sequence[ToolSpec]], Awaitable[Sequence[ToolCall]]]
"""Decides which of the tools to call for a question; an empty list is a decision too."""

_TYPES = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "list": "array",
    "int": "integer",
    "str": "string",
    "bool": "boolean",
}


class ToolItem(Line):
    """One line of the data."""

    question: str = Field(min_length=1)
    functions: tuple[dict[str, Any], ...] = Field(min_length=1)
    """`{name, description, parameters}`, bare or inside OpenAI's `{type: function, function: …}`."""
    calls: tuple[dict[str, dict[str, list[Any]]], ...]

    @field_validator("functions")
    @classmethod
    def _named(cls, value: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        functions = tuple(one["function"] if isinstance(one.get("function"), dict) else one for one in value)
        for one in functions:
            if not isinstance(one.get("name"), str) or not isinstance(one.get("parameters", {}), dict):
                raise ValueError("a function needs a name and its parameters as a JSON schema")  # noqa: TRY004 - pydantic's way
        return functions

    @field_validator("calls")
    @classmethod
    def _single(cls, value: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        if any(len(call) != 1 for call in value):
            raise ValueError("each call is an object with one key, the function's name")
        return value

    def specs(self) -> tuple[ToolSpec, ...]:
        """The functions as tools."""
        return tuple(
            ToolSpec(
                name=one["name"],
                description=str(one.get("description", "")),
                parameters=json_schema(one.get("parameters") or {"type": "object", "properties": {}}),
            )
            for one in self.functions
        )


async def measure_tools(
    path: Path, *, decide: Decide, limit: int | None = None, seed: int = 0, progress: Progress | None = None
) -> Measurement:
    """Let `decide` decide about every question of the file, one after another.

    Args:
        path: JSON Lines {question, functions, calls}.
        decide: What is measured. An error of it counts as wrong: no right call, and no false one either.
        limit: Items to draw; None takes all.
        seed: Of the drawing.
        progress: Told after each item.

    Returns:
        The shares that the module names, `ms.p50`, `ms.p99`; `errors` where there were any.

    Raises:
        DataError: With file and line.
    """
    items = sample(read_jsonl(path, ToolItem), limit, seed)
    exact = name = missed = false = errors = with_calls = 0
    seconds: list[float] = []
    first_error = ""
    for done, item in enumerate(items, 1):
        specs = item.specs()
        with_calls += bool(item.calls)
        started = time.perf_counter()
        try:
            made = await decide(item.question, specs)
        except CitewardError as error:
            errors += 1
            first_error = first_error or error.message
            continue
        finally:
            seconds.append(time.perf_counter() - started)
            if progress is not None:
                progress(done, len(items))
        if not item.calls:
            false += bool(made)
            continue
        missed += not made
        if names_match(made, item.calls):
            name += 1
            exact += calls_match(made, item.calls)
    metrics = {}
    if with_calls:
        metrics["exact"] = proportion(exact, with_calls)
        metrics["name"] = proportion(name, with_calls)
        if name:
            metrics["arguments"] = proportion(exact, name)
        metrics["missed"] = proportion(missed, with_calls)
    if with_calls < len(items):
        metrics["false_calls"] = proportion(false, len(items) - with_calls)
    if errors:
        metrics["errors"] = proportion(errors, len(items))
    metrics |= latency(seconds)
    settings: dict[str, Any] = {"data": path.name, "with_calls": with_calls, "seed": seed}
    if first_error:
        settings["first_error"] = first_error
    return Measurement(part="tools", items=len(items), metrics=metrics, settings=settings)


def json_schema(schema: Any) -> Any:
    """The schema with Python's names of types (`dict`, `float`, `tuple` …) as JSON Schema's; `any` becomes no type."""
    if isinstance(schema, list):
        return [json_schema(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "type" and isinstance(value, str):
            if value != "any":
                changed[key] = _TYPES.get(value, value)
        elif key == "properties" and isinstance(value, Mapping):
            # A property may itself be called `type`.
            changed[key] = {name: json_schema(one) for name, one in value.items()}
        elif key in ("default", "enum", "const", "examples"):
            changed[key] = value
        else:
            changed[key] = json_schema(value)
    return changed
