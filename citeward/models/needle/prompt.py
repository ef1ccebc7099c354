"""What Needle 3 is told: the tools in the schema that it was trained on, and the date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from citeward.contracts.tool import ToolSpec
from citeward.models.needle.calls import overlap

MOST_TOOLS = 16
"""Tools that it chooses from; of more, those that share the most words with the question are kept."""
_DESCRIPTION = 400
_KEPT = ("type", "description", "enum", "default", "required")


def system_text(now: datetime) -> str:
    """The facts of a prompt. The date alone, because every change costs as much as a call."""
    return f"date: {now:%Y-%m-%d %a}"


def shortlist(question: str, specs: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
    """At most `MOST_TOOLS`, in the order given."""
    if len(specs) <= MOST_TOOLS:
        return tuple(specs)
    best = sorted(specs, key=lambda spec: -overlap(question, spec))[:MOST_TOOLS]
    return tuple(spec for spec in specs if spec in best)


def tools_json(specs: Sequence[ToolSpec]) -> str:
    """The tools as the engine takes them, each described by its first paragraph: it was trained on short ones."""
    return json.dumps(
        [
            {
                "name": spec.name,
                "description": spec.description.partition("\n\n")[0][:_DESCRIPTION],
                "parameters": _plain(spec.parameters, spec.parameters.get("$defs", {})),
            }
            for spec in specs
        ]
    )


def _plain(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The schema in the few words that the model knows: references resolved, `null` and constraints left out."""
    if "$ref" in schema:
        schema = {**defs.get(str(schema["$ref"]).rpartition("/")[2], {}), **schema}
    variants = [variant for variant in schema.get("anyOf", ()) if variant.get("type") != "null"]
    if variants:
        schema = {**schema, **variants[0]}
    if depth > 6:  # a schema that holds itself
        return {"type": schema.get("type", "string")}
    plain: dict[str, Any] = {key: schema[key] for key in _KEPT if schema.get(key) is not None}
    if isinstance(plain.get("type"), list):
        plain["type"] = next((kind for kind in plain["type"] if kind != "null"), "string")
    if isinstance(schema.get("items"), Mapping):
        plain["items"] = _plain(schema["items"], defs, depth + 1)
    if "properties" in schema:
        plain["properties"] = {name: _plain(inner, defs, depth + 1) for name, inner in schema["properties"].items()}
    return plain
