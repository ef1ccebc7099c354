"""Filters in the SQL of Lance, and the columns that they look at.

Each passage carries the values of its `meta` in forms that SQL can ask about: `terms`, where equality is membership,
served by a label index; and what can be ordered in columns, see `columns`, or past their number in `ranges`, as JSON.

Values enter the SQL only through `quoted`. Where a value may be missing the comparison is wrapped, so that it is false,
not unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from citeward.contracts.retrieval import And, Filter, Not, Or, Where
from citeward.retrieval.filters import BUILT_IN
from citeward.retrieval.lancedb.columns import Ordered, column_name, loose_term, range_key
from citeward.retrieval.terms import meta_term, reader_terms

_SYMBOL = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_NONE = Ordered()


def where(filters: Filter | None, groups: Sequence[str] | None, ordered: Ordered = _NONE) -> str | None:
    """The condition for a search; None where everything may be found.

    Args:
        filters: Checked by `check_filter`.
        groups: The reader's; None for no restriction.
        ordered: The columns of the version that is searched.
    """
    conditions = [] if filters is None else [_compile(filters, ordered)]
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


def _compile(filters: Filter, ordered: Ordered) -> str:
    match filters:
        case And(clauses=clauses):
            return " AND ".join(f"({_compile(clause, ordered)})" for clause in clauses) or "true"
        case Or(clauses=clauses):
            return " OR ".join(f"({_compile(clause, ordered)})" for clause in clauses) or "false"
        case Not(clause=clause):
            return f"NOT ({_compile(clause, ordered)})"
    return _built_in(filters) if filters.field in BUILT_IN else _meta(filters, ordered)


def _built_in(filters: Where) -> str:
    column, value = filters.field, filters.value
    match filters.op:
        case "eq" | "ne":
            return f"{column} {'=' if filters.op == 'eq' else '<>'} {quoted(str(value))}"
        case "in" | "contains_any":
            return among(column, value)  # type: ignore[arg-type]
    return f"{column} {_SYMBOL[filters.op]} {quoted(str(value))}"


def _meta(filters: Where, ordered: Ordered) -> str:
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
    return _order(range_key(key, value), f"{_SYMBOL[filters.op]} {_literal(value)}", ordered)


def _order(key: str, comparison: str, ordered: Ordered) -> str:
    decoded = f"json_get_{'float' if key.startswith('n') else 'string'}(ranges, {quoted(key)})"
    by_json = f"coalesce({decoded} {comparison}, false)"
    name = column_name(key)
    if name not in ordered.names:
        return by_json
    if key not in ordered.mixed:
        return f"({name} IS NOT NULL AND {name} {comparison})"
    by_column = f"(known > {ordered.names.index(name)} AND {name} IS NOT NULL AND {name} {comparison})"
    return f"({by_column} OR ({has_term(loose_term(key))} AND {by_json}))"


def mixed_rows(key: str, names: Sequence[str]) -> tuple[str, str]:
    """The conditions of the rows for which a key's column is not right by itself.

    One was written by a process that did not know the column yet: its value is in none, or the column still holds that
    of the row which it replaced.
    """
    name = column_name(key)
    return has_term(loose_term(key)), f"known <= {names.index(name)} AND {name} IS NOT NULL"


def has_term(term: str) -> str:
    """The condition that a row has this term."""
    return _any("terms", [term])


def _literal(value: object) -> str:
    # Zero has no sign here, as in what is stored: Arrow puts -0.0 before 0.0.
    return quoted(value) if isinstance(value, str) else repr(float(value) + 0.0)  # type: ignore[arg-type]


def _any(column: str, values: Sequence[str]) -> str:
    """Both columns hold a list in every row, so that this is never unknown, and the label index alone answers it."""
    listed = ", ".join(quoted(value) for value in values)
    return f"array_has_any({column}, [{listed}])" if listed else "false"
