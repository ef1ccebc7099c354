"""Which tools a server may be told to hold the model's arguments to.

With `strict` on a function, the server lets the model write no arguments but those that its schema allows. It does so
by a grammar made of the schema, and not every schema can be made one: a request with one that cannot is refused as a
whole. So a tool is strict only where its schema is known to be taken. Arguments are checked here in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

Strictness: TypeAlias = Literal["never", "plain", "closed"]
"""What a server takes as strict: nothing; schemas of plain keywords; of those, the ones in which every object names all
of its fields, requires each of them and allows no other."""

_BOTH = frozenset("type properties required additionalProperties items enum const anyOf $ref $defs description".split())
_ALSO_OPEN = frozenset("default title minimum maximum minLength maxLength minItems maxItems".split())
_NAMED = ("properties", "$defs")
"""Keywords whose values are schemas by name."""


def strict(schema: Mapping[str, Any], strictness: Strictness) -> bool:
    """Whether calls of a tool with these parameters can be held to them.

    >>> strict({"type": "object", "properties": {"n": {"type": "integer"}}}, "plain")
    True
    >>> strict({"type": "object", "properties": {"n": {"type": "integer"}}}, "closed")
    False
    """
    if strictness == "never":
        return False
    return schema.get("type") == "object" and _taken(schema, closed=strictness == "closed")


def without_patterns(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema less `pattern` and `format`, within it too: vLLM 0.32 refuses a request whose grammar would need one
    that it does not know, also where its own `--tool-strict-level` asks for the grammar.

    >>> without_patterns({"type": "object", "properties": {"pattern": {"type": "string", "pattern": "a"}}})
    {'type': 'object', 'properties': {'pattern': {'type': 'string'}}}
    """
    made = {key: value for key, value in schema.items() if key not in ("pattern", "format")}
    for key in _NAMED:
        if isinstance(made.get(key), Mapping):
            made[key] = {name: _loosened(one) for name, one in made[key].items()}
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = _loosened(made[key])
    if "anyOf" in made:
        made["anyOf"] = [_loosened(one) for one in made["anyOf"]]
    return made


def _loosened(schema: Any) -> Any:
    return without_patterns(schema) if isinstance(schema, Mapping) else schema


def _taken(schema: Any, *, closed: bool) -> bool:
    if not isinstance(schema, Mapping) or not schema:  # `true`, or an empty one: anything at all
        return False
    if not set(schema) <= (_BOTH if closed else _BOTH | _ALSO_OPEN):
        return False
    if closed and schema.get("type") == "object" and not _is_closed(schema):
        return False
    named = [one for key in _NAMED for one in schema.get(key, {}).values()]
    others = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        others.append(extra)
    return all(_taken(one, closed=closed) for one in (*named, *others))


def _is_closed(schema: Mapping[str, Any]) -> bool:
    return schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(
        schema.get("properties", {})
    )
