"""Documents with meta of every kind, and which of them each filter lets through."""

from __future__ import annotations

from collections.abc import Mapping

from citeward.contracts.retrieval import And, Filter, MetaValue, Not, Or, Where

STOCK: Mapping[str, Mapping[str, MetaValue]] = {
    "one": {"n": 1, "s": "apple", "b": True, "tags": ("x", "y"), "date": "2024-05-01"},
    "two": {"n": 2.5, "s": "pear", "b": False, "tags": ("y",), "date": "2025-01-01"},
    "ten": {"n": 10, "s": "it's; --", "tags": (), "odd key's \"$.[0]": 7},
    "text": {"n": "1", "s": "Apple", "b": 1, "tags": "x"},
    "none": {},
}
"""Meta by document id. A document's title is its id in capitals."""


def _where(field: str, op: str, value: object) -> Where:
    return Where(field=field, op=op, value=value)  # type: ignore[arg-type]


FILTERS: tuple[tuple[Filter, tuple[str, ...]], ...] = (
    (_where("n", "eq", 1), ("one",)),
    (_where("n", "eq", 1.0), ("one",)),
    (_where("n", "eq", "1"), ("text",)),
    (_where("n", "ne", 1), ("two", "ten", "text", "none")),
    (_where("n", "in", (1, 2.5, "1")), ("one", "two", "text")),
    (_where("n", "in", ()), ()),
    (_where("n", "gt", 1), ("two", "ten")),
    (_where("n", "gte", 1), ("one", "two", "ten")),
    (_where("n", "lt", 10), ("one", "two")),
    (_where("n", "lte", 2.5), ("one", "two")),
    (_where("n", "gt", -1e300), ("one", "two", "ten")),
    (_where("s", "eq", "apple"), ("one",)),
    (_where("s", "eq", "it's; --"), ("ten",)),
    (_where("s", "eq", "' OR 1=1 --"), ()),
    (_where("s", "ne", "apple"), ("two", "ten", "text", "none")),
    (_where("date", "gte", "2024-06-01"), ("two",)),
    (_where("date", "lt", "2024-06-01"), ("one",)),
    (_where("b", "eq", True), ("one",)),
    (_where("b", "eq", 1), ("text",)),
    (_where("b", "eq", False), ("two",)),
    (_where("tags", "eq", ("x", "y")), ("one",)),
    (_where("tags", "eq", ()), ("ten",)),
    (_where("tags", "eq", "x"), ("text",)),
    (_where("tags", "contains_any", ("x",)), ("one", "text")),
    (_where("tags", "contains_any", ("y", "z")), ("one", "two")),
    (_where("tags", "contains_any", ()), ()),
    (_where("odd key's \"$.[0]", "gt", 6), ("ten",)),
    (_where("odd key's \"$.[0]", "eq", 7), ("ten",)),
    (_where("never there", "lt", 5), ()),
    (_where("document_id", "eq", "two"), ("two",)),
    (_where("document_id", "in", ("two", "none", "gone")), ("two", "none")),
    (_where("document_id", "ne", "two"), ("one", "ten", "text", "none")),
    (_where("title", "eq", "TEN"), ("ten",)),
    (_where("title", "gt", "TEN"), ("text", "two")),
    (_where("source", "contains_any", ("source of one",)), ("one",)),
    (And(clauses=()), tuple(STOCK)),
    (Or(clauses=()), ()),
    (Not(clause=_where("n", "gt", 1)), ("one", "text", "none")),
    (And(clauses=(_where("n", "gt", 0), Not(clause=_where("tags", "contains_any", ("x",))))), ("two", "ten")),
    (Or(clauses=(_where("s", "eq", "pear"), _where("b", "eq", True))), ("one", "two")),
)
"""Each filter, with the ids that it lets through."""
