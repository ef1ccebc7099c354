"""Filters in Weaviate's terms, and the properties that they look at.

A comparison by equality asks for membership in `terms`; one by order asks a property of its own, named by
`names.range_property` and made when its key is first stored, so a key that nobody stored matches nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from citeward.contracts.retrieval import And, Filter, Not, Or, Where
from citeward.retrieval.filters import BUILT_IN, kind
from citeward.retrieval.terms import meta_term, reader_terms
from citeward.retrieval.weaviate.names import key, range_property

Condition: TypeAlias = Any
"""The client's own filter; it is imported only where one is made."""
_ORDER = {"gt": "greater_than", "gte": "greater_or_equal", "lt": "less_than", "lte": "less_or_equal"}


def where(filters: Filter | None, groups: Sequence[str] | None, properties: Collection[str]) -> Condition | bool:
    """The condition for a search; True where everything may be found, False where nothing can.

    Args:
        filters: Checked by `check_filter`.
        groups: The reader's; None for no restriction.
        properties: Those that the collection has.
    """
    conditions: list[Condition | bool] = [] if filters is None else [_compile(filters, properties)]
    if groups is not None:
        conditions.append(_any("access", map(key, reader_terms(groups))))
    return _all(conditions)


def without(condition: Condition | bool, versions: Collection[str]) -> Condition | bool:
    """The condition, and that a passage is of none of these versions."""
    return _all([condition, negated(_any("version", versions))])


def ordered_keys(filters: Filter | None) -> Iterator[str]:
    """The properties that a filter's comparisons by order look at."""
    match filters:
        case And(clauses=clauses) | Or(clauses=clauses):
            for clause in clauses:
                yield from ordered_keys(clause)
        case Not(clause=clause):
            yield from ordered_keys(clause)
        case Where(field=field, op=op) if op in _ORDER and field not in BUILT_IN:
            yield _range(filters)


def negated(condition: Condition | bool) -> Condition | bool:
    """The condition that it does not hold."""
    if isinstance(condition, bool):
        return not condition
    from weaviate.classes.query import Filter as Weaviate

    return Weaviate.not_(condition)


def _compile(filters: Filter, properties: Collection[str]) -> Condition | bool:
    match filters:
        case And(clauses=clauses):
            return _all([_compile(clause, properties) for clause in clauses])
        case Or(clauses=clauses):
            return _some([_compile(clause, properties) for clause in clauses])
        case Not(clause=clause):
            return negated(_compile(clause, properties))
    return _built_in(filters) if filters.field in BUILT_IN else _meta(filters, properties)


def _built_in(filters: Where) -> Condition | bool:
    name, value = f"{filters.field}_key", filters.value
    match filters.op:
        case "eq":
            return _any(name, [key(str(value))])
        case "ne":
            return negated(_any(name, [key(str(value))]))
        case "in" | "contains_any":
            return _any(name, map(key, value))  # type: ignore[arg-type]
    return _ordered(name, filters.op, key(str(value)))


def _meta(filters: Where, properties: Collection[str]) -> Condition | bool:
    field, value = filters.field, filters.value
    match filters.op:
        case "eq":
            return _any("terms", [meta_term("=", field, value)])
        case "ne":
            return negated(_any("terms", [meta_term("=", field, value)]))
        case "in":
            return _any("terms", [meta_term("=", field, one) for one in value])  # type: ignore[union-attr]
        case "contains_any":
            return _any("terms", [meta_term("@", field, one) for one in value])  # type: ignore[union-attr]
    name = _range(filters)
    if name not in properties:
        return False
    return _ordered(name, filters.op, float(value) if kind(value) == "number" else key(str(value)))  # type: ignore[arg-type]


def _range(filters: Where) -> str:
    return range_property(f"{'n' if kind(filters.value) == 'number' else 's'}:{filters.field}")


def _ordered(name: str, op: str, value: float | str) -> Condition:
    from weaviate.classes.query import Filter as Weaviate

    return getattr(Weaviate.by_property(name), _ORDER[op])(value)


def _any(name: str, values: Iterable[str]) -> Condition | bool:
    from weaviate.classes.query import Filter as Weaviate

    listed = list(dict.fromkeys(values))
    return Weaviate.by_property(name).contains_any(listed) if listed else False


def _all(conditions: Sequence[Condition | bool]) -> Condition | bool:
    from weaviate.classes.query import Filter as Weaviate

    rest: list[Condition] = [condition for condition in conditions if condition is not True]
    if any(condition is False for condition in rest):
        return False
    return Weaviate.all_of(rest) if len(rest) > 1 else rest[0] if rest else True


def _some(conditions: Sequence[Condition | bool]) -> Condition | bool:
    from weaviate.classes.query import Filter as Weaviate

    rest: list[Condition] = [condition for condition in conditions if condition is not False]
    if any(condition is True for condition in rest):
        return True
    return Weaviate.any_of(rest) if len(rest) > 1 else rest[0] if rest else False
