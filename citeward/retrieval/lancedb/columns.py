"""Columns for what can be ordered: one a key and kind of `meta`, added to a table as keys appear.

Comparing a column of numbers costs a millisecond at 100,000 rows, decoding the JSON in each row sixty. Every row says
itself which columns its writer knew (`known`, a count: columns are only ever added) and, in its `terms`, which of its
values are in no column, so that a row is found rightly whoever else added columns while it was written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from citeward.contracts.retrieval import And, Filter, Not, Or
from citeward.retrieval.filters import BUILT_IN, kind

MOST = 48
"""Columns a table; what comes after stays in `ranges`, and costs what JSON costs."""
LONGEST = 64
"""Characters of the texts that are worth a column: dates, versions, names; never an abstract."""
_LONGEST_NAME = 100
_PLAIN = re.compile(r"[^a-z0-9]")
_ORDERS = frozenset({"gt", "gte", "lt", "lte"})


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What one version of a table has of such columns."""

    names: tuple[str, ...] = ()
    """In the order in which they were added."""
    mixed: frozenset[str] = frozenset()
    """Keys, as in `ranges`, whose column is not right by itself: some row's value is in none, or is an older one's."""


def column_name(key: str) -> str:
    """The column of a key of `ranges`; safe in SQL without quotes, and another for each key.

    >>> column_name("n:year"), column_name("s:A b")
    ('n_year', 's__41__20_b')
    """
    sort, _, rest = key.partition(":")
    name = f"{sort}_" + _PLAIN.sub(lambda match: f"_{ord(match[0]):x}_", rest)
    return name if len(name) <= _LONGEST_NAME else f"{sort}d_{hashlib.sha256(rest.encode()).hexdigest()}"


def column_names(schema: Iterable[str]) -> tuple[str, ...]:
    """Those of a table's columns, in their order."""
    return tuple(name for name in schema if name.startswith(("n_", "s_", "nd_", "sd_")))


def missing(ranges: Sequence[Mapping[str, float | str]], names: Sequence[str]) -> list[str]:
    """The columns to add for rows with these values: numbers first, then short texts, as far as there is room."""
    fit: dict[str, bool] = {}
    for row in ranges:
        for key, value in row.items():
            fit[key] = fit.get(key, True) and not (isinstance(value, str) and len(value) > LONGEST)
    new = {column_name(key): None for key in sorted(fit) if fit[key]}
    return [name for name in new if name not in names][: max(0, MOST - len(names))]


def loose_term(key: str) -> str:
    """The term of a row whose value of this key is in no column; no value's own term equals it."""
    return json.dumps(["~", key], ensure_ascii=False, separators=(",", ":"))


def ordered_keys(filters: Filter | None) -> set[str]:
    """The keys, as in `ranges`, that a filter compares by order."""
    match filters:
        case None:
            return set()
        case And(clauses=clauses) | Or(clauses=clauses):
            return {key for clause in clauses for key in ordered_keys(clause)}
        case Not(clause=clause):
            return ordered_keys(clause)
    return (
        {range_key(filters.field, filters.value)} if filters.op in _ORDERS and filters.field not in BUILT_IN else set()
    )


def range_key(field: str, value: object) -> str:
    """The key of `ranges` that values are compared with: `n:` and a number's, `s:` and a text's."""
    return f"{'n' if kind(value) == 'number' else 's'}:{field}"
