"""Filters in the SQL of Lance, and the columns that they look at.

`meta` has no fixed schema, so each passage carries its values twice in forms that SQL can ask about:

- `terms`, a list of texts, each the JSON of a key and a value: `["=","lang","en"]` for a whole value,
  `["@","tags","a"]` for a text in a list (or alone). Equality is membership, served by a label index.
- `ranges`, a JSON object with the kind in each key (`n:year`, `s:date`), so that a number is never compared with text.

Values enter the SQL only through `quoted`. Every comparison is wrapped so that a missing value is false, not unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from citeward.contracts.retrieval import And, Filter, MetaValue, Not, Or, Where
from citeward.retrieval.filters import BUILT_IN, kind

EVERYONE = "*"
"""Stands in the `access` column of a document that any reader of the tenant may see."""
_GROUP = "g:"
_SYMBOL = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def terms(meta: Mapping[str, MetaValue]) -> list[str]:
    """The `terms` column of a passage with this meta."""
    found = []
    for key, value in meta.items():
        found.append(_term("=", key, value))
        if kind(value) in ("text", "list"):
            found += [_term("@", key, one) for one in ((value,) if isinstance(value, str) else value)]  # type: ignore[union-attr]
    return found


def ranges(meta: Mapping[str, MetaValue]) -> str:
    """The `ranges` column of a passage with this meta."""
    ordered: dict[str, float | str] = {}
    for key, value in meta.items():
        if isinstance(value, str):
            ordered["s:" + key] = value
        elif kind(value) == "number":
            ordered["n:" + key] = float(value)  # type: ignore[arg-type]
    return json.dumps(ordered, ensure_ascii=False)


def access(groups: Sequence[str]) -> list[str]:
    """The `access` column of a document with these groups."""
    return [_GROUP + group for group in groups] or [EVERYONE]


def where(filters: Filter | None, groups: Sequence[str] | None) -> str | None:
    """The condition for a search; None where everything may be found.

    Args:
        filters: Checked by `check_filter`.
        groups: The reader's; None for no restriction.
    """
    conditions = [] if filters is None else [_compile(filters)]
    if groups is not None:
        conditions.append(_any("access", [EVERYONE, *(_GROUP + group for group in groups)]))
    return " AND ".join(f"({condition})" for condition in conditions) or None


def among(column: str, values: Iterable[str]) -> str:
    """The condition that a text column holds one of the values."""
    listed = ", ".join(quoted(value) for value in values)
    return f"{column} IN ({listed})" if listed else "false"


def quoted(text: str) -> str:
    """A text as an SQL literal; within quotes only the quote itself means anything."""
    return "'" + text.replace("'", "''") + "'"


def _compile(filters: Filter) -> str:
    match filters:
        case And(clauses=clauses):
            return " AND ".join(f"({_compile(clause)})" for clause in clauses) or "true"
        case Or(clauses=clauses):
            return " OR ".join(f"({_compile(clause)})" for clause in clauses) or "false"
        case Not(clause=clause):
            return f"NOT ({_compile(clause)})"
    return _built_in(filters) if filters.field in BUILT_IN else _meta(filters)


def _built_in(filters: Where) -> str:
    column, value = filters.field, filters.value
    match filters.op:
        case "eq" | "ne":
            return f"{column} {'=' if filters.op == 'eq' else '<>'} {quoted(str(value))}"
        case "in" | "contains_any":
            return among(column, value)  # type: ignore[arg-type]
    return f"{column} {_SYMBOL[filters.op]} {quoted(str(value))}"


def _meta(filters: Where) -> str:
    key, value = filters.field, filters.value
    match filters.op:
        case "eq":
            return _any("terms", [_term("=", key, value)])
        case "ne":
            return f"NOT ({_any('terms', [_term('=', key, value)])})"
        case "in":
            return _any("terms", [_term("=", key, one) for one in value])  # type: ignore[union-attr]
        case "contains_any":
            return _any("terms", [_term("@", key, one) for one in value])  # type: ignore[union-attr]
    if kind(value) == "number":
        left, right = f"json_get_float(ranges, {quoted('n:' + key)})", f"{float(value)!r}"  # type: ignore[arg-type]
    else:
        left, right = f"json_get_string(ranges, {quoted('s:' + key)})", quoted(str(value))
    return f"coalesce({left} {_SYMBOL[filters.op]} {right}, false)"


def _any(column: str, values: Sequence[str]) -> str:
    listed = ", ".join(quoted(value) for value in values)
    return f"coalesce(array_has_any({column}, [{listed}]), false)" if listed else "false"


def _term(sign: str, key: str, value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 equals 1
    return json.dumps([sign, key, value], ensure_ascii=False, separators=(",", ":"))
