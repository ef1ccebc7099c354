"""What a filter means, whatever store applies it.

A field is `document_id`, `source` or `title`, or else a key of the passage's `meta`. Every comparison is either true or
false, never unknown: a passage that lacks the field matches nothing but `ne` (and `Not`).

- `eq`, `ne`, `in` compare values of the same kind; 1 equals 1.0, but neither true nor "1".
- `gt`, `gte`, `lt`, `lte` compare numbers (as 64-bit floats) with numbers and text with text, by code point; dates
  written as 2026-11-21 sort rightly as text.
- `contains_any` asks whether a list of texts shares one with the value's; a single text counts as a list of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, get_args

from citeward.contracts.retrieval import And, Filter, MetaValue, Not, Operator, Or, Where
from citeward.errors import InvalidInput

BUILT_IN = frozenset({"document_id", "source", "title"})
"""Fields that every passage has; they are text, and hide a key of `meta` of the same name."""
_OPERATORS = frozenset(get_args(Operator))
_ORDER = frozenset({"gt", "gte", "lt", "lte"})
_MAX_DEPTH = 64
_MAX_VALUES = 10_000

Scalar: TypeAlias = str | int | float | bool


def check_filter(filters: Filter, *, _depth: int = 0) -> None:
    """Nothing where the filter can be applied.

    Raises:
        InvalidInput: An operator that is not there, or a value that the operator cannot compare with.
    """
    if _depth > _MAX_DEPTH:
        raise InvalidInput(
            f"the filter is nested deeper than {_MAX_DEPTH!r}",
            hint="And and Or take any number of clauses side by side",
        )
    match filters:
        case And(clauses=clauses) | Or(clauses=clauses):
            for clause in clauses:
                check_filter(clause, _depth=_depth + 1)
        case Not(clause=clause):
            check_filter(clause, _depth=_depth + 1)
        case Where():
            _check_where(filters)
        case _:
            raise InvalidInput(f"{filters!r} is no filter", hint="build it from Where, And, Or and Not")


def check_meta(meta: Mapping[str, MetaValue], owner: str) -> None:
    """Nothing where the values can be stored and filtered on; InvalidInput names `owner` and the key otherwise."""
    for key, value in meta.items():
        texts = [key, *(value if isinstance(value, (tuple, list)) else (value,))]
        if not isinstance(key, str) or (
            isinstance(value, (tuple, list)) and not all(isinstance(v, str) for v in value)
        ):
            raise InvalidInput(f"meta {key!r} of {owner!r} is {value!r}", hint="a list in meta holds texts only")
        if not isinstance(value, (str, int, float, tuple, list)) or not _finite(value):
            raise InvalidInput(
                f"meta {key!r} of {owner!r} is {value!r}",
                hint="use text, finite numbers, true or false, or a list of texts",
            )
        for text in texts:
            if isinstance(text, str):
                check_text(text, f"meta {key!r} of {owner!r}")


def check_text(text: str, what: str) -> None:
    """Nothing where the text can be written as UTF-8; InvalidInput says `what` cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"{what} holds half a character, {text[error.start]!r}, at offset {error.start}",
            hint="remove lone surrogates, as with text.encode('utf-8', 'replace').decode()",
        ) from None


def matches(filters: Filter, fields: Mapping[str, str], meta: Mapping[str, MetaValue]) -> bool:
    """Whether a passage matches: the definition that stores are tested against, and all that a small one needs.

    Args:
        filters: Checked by `check_filter`.
        fields: The built-in fields' values.
        meta: The passage's own.
    """
    match filters:
        case And(clauses=clauses):
            return all(matches(clause, fields, meta) for clause in clauses)
        case Or(clauses=clauses):
            return any(matches(clause, fields, meta) for clause in clauses)
        case Not(clause=clause):
            return not matches(clause, fields, meta)
    stored: Any = fields.get(filters.field, "") if filters.field in BUILT_IN else meta.get(filters.field)
    return _compare(filters.op, stored, filters.value)


def kind(value: object) -> str:
    """`boolean`, `number`, `text` or `list`: values of different kinds are never equal."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "list"


def _compare(op: str, stored: Any, value: Any) -> bool:
    if op == "ne":
        return not _compare("eq", stored, value)
    if stored is None:
        return False
    if op == "eq":
        return _equal(stored, value)
    if op == "in":
        return any(_equal(stored, one) for one in value)
    if op == "contains_any":
        return bool(
            set(value) & set((stored,) if isinstance(stored, str) else stored if kind(stored) == "list" else ())
        )
    if kind(stored) != kind(value):
        return False
    left, right = (float(stored), float(value)) if kind(value) == "number" else (stored, value)
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return compare[op](left, right)


def _equal(stored: Any, value: Any) -> bool:
    if kind(stored) != kind(value):
        return False
    return tuple(stored) == tuple(value) if kind(value) == "list" else bool(stored == value)


def _check_where(where: Where) -> None:
    op, value = where.op, where.value
    if op not in _OPERATORS:
        raise InvalidInput(f"{op!r} is no operator", hint=f"use one of {', '.join(sorted(_OPERATORS))}")
    check_text(where.field, "the filter's field")
    if op in ("in", "contains_any"):
        allowed: type | tuple[type, ...] = str if op == "contains_any" or where.field in BUILT_IN else (str, int, float)
        if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(v, allowed) for v in value):
            raise _bad(where, "a list of texts" if allowed is str else "a list of texts or numbers")
        if len(value) > _MAX_VALUES:
            raise InvalidInput(
                f"{op!r} on {where.field!r} has {len(value)!r} values",
                hint=f"{_MAX_VALUES} at most; filter on a wider field",
            )
    elif where.field in BUILT_IN:
        if not isinstance(value, str):
            raise _bad(where, "text")
    elif op in _ORDER:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise _bad(where, "a number or text")
    elif not isinstance(value, (str, int, float)) and not (
        isinstance(value, (tuple, list)) and all(isinstance(v, str) for v in value)
    ):
        raise _bad(where, "text, a number, true or false, or a list of texts")
    for one in value if isinstance(value, (tuple, list)) else (value,):
        if not _finite(one):
            raise _bad(where, "finite numbers")
        if isinstance(one, str):
            check_text(one, f"the filter on {where.field!r}")


def _bad(where: Where, wanted: str) -> InvalidInput:
    return InvalidInput(
        f"{where.op!r} cannot compare {where.field!r} with {where.value!r}",
        hint=f"{where.op} on {where.field!r} takes {wanted}",
    )


def _finite(value: object) -> bool:
    try:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    except OverflowError:  # an int past the range of floats cannot be compared with one
        return False
