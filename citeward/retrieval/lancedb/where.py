"""Filters in the SQL of Lance, and the columns that they look at.

Each passage carries the values of its `meta` twice, in forms that SQL can ask about: `terms`, where equality is
membership, served by a label index; and `ranges`, a JSON object of what can be ordered.

Values enter the SQL only through `quoted`. Every comparison is wrapped so that a missing value is false, not unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from citeward.contracts.retrieval import And, Filter, Not, Or, Where
from citeward.retrieval.filters import BUILT_IN, kind
from citeward.retrieval.terms import meta_term, reader_terms

_SYMBOL = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def where(filters: Filter | None, groups: Sequence[str] | None) -> str | None:
    """The condition for a search; None where everything may be found.

    Args:
        filters: Checked by `check_filter`.
        groups: The reader's; None for no restriction.
    """
    conditions = [] if filters is None else [_compile(filters)]
    if groups is not None:
        conditions.append(_any("access", reader_terms(groups)))
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
            return _any("terms", [meta_term("=", key, value)])
        case "ne":
            return f"NOT ({_any('terms', [meta_term('=', key, value)])})"
        case "in":
            return _any("terms", [meta_term("=", key, one) for one in value])  # type: ignore[union-attr]
        case "contains_any":
            return _any("terms", [meta_term("@", key, one) for one in value])  # type: ignore[union-attr]
    if kind(value) == "number":
        left, right = f"json_get_float(ranges, {quoted('n:' + key)})", f"{float(value)!r}"  # type: ignore[arg-type]
    else:
        left, right = f"json_get_string(ranges, {quoted('s:' + key)})", quoted(str(value))
    return f"coalesce({left} {_SYMBOL[filters.op]} {right}, false)"


def _any(column: str, values: Sequence[str]) -> str:
    listed = ", ".join(quoted(value) for value in values)
    return f"coalesce(array_has_any({column}, [{listed}]), false)" if listed else "false"
