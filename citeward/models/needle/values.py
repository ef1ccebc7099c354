"""Values as a JSON schema wants them, from values as a model or a question writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

Schema: TypeAlias = Mapping[str, Any]
Arguments: TypeAlias = dict[str, Any]


def coerce(value: Any, schema: Schema) -> Any:
    """The value in the type that the schema wants, where nothing is lost by it ("5" as 5, 5.0 as 5, "a" as ["a"])."""
    kinds = kinds_of(schema)
    if isinstance(value, str):
        return _coerce_text(value, schema, kinds)
    if isinstance(value, float) and value.is_integer() and "integer" in kinds and "number" not in kinds:
        return int(value)
    if is_number(value) and kinds == ["string"]:
        return str(value)
    if isinstance(value, list) and "array" in kinds:
        return [coerce(item, schema.get("items", {})) for item in value]
    if isinstance(value, dict) and "object" in kinds:
        inner: Mapping[str, Schema] = schema.get("properties", {})
        return {name: coerce(item, inner.get(name, {})) for name, item in value.items()}
    return value


def _coerce_text(value: str, schema: Schema, kinds: Sequence[str]) -> Any:
    text = value.replace(",", "").strip()
    if "integer" in kinds and re.fullmatch(r"[-+]?\d{1,300}(?:\.0+)?", text):
        return int(text.partition(".")[0])
    if "number" in kinds and re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)", text):
        return float(text)
    if "boolean" in kinds and text.lower() in ("true", "false", "yes", "no"):
        return text.lower() in ("true", "yes")
    if "array" in kinds and "string" not in kinds:
        return [coerce(value, schema.get("items", {}))]
    for allowed in schema.get("enum", ()):
        if isinstance(allowed, str) and allowed.casefold() == value.casefold():
            return allowed
    return value


def kinds_of(schema: Schema) -> list[str]:
    """The types that a schema allows, `null` left out; [""] where it allows any."""
    if "anyOf" in schema:
        return [kind for variant in schema["anyOf"] for kind in kinds_of(variant)] or [""]
    kind = schema.get("type", "")
    return [one for one in (kind if isinstance(kind, list) else [kind]) if one != "null"]


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(value: object) -> str:
    """A value as a question would write it: 5.0 as 5."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
