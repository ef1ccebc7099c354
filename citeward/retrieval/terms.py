"""Meta values and groups as lists of texts, so that a filter is a question of membership.

`meta` has no fixed schema. Each value becomes a text, the JSON of a key and a value: `["=","lang","en"]` for a whole
value, `["@","tags","a"]` for a text in a list (or alone). Any engine that can index a list of texts can then compare.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from citeward.contracts.retrieval import MetaValue
from citeward.retrieval.filters import kind

EVERYONE = "*"
"""Stands for a document that any reader of the tenant may see; a group's own term never equals it."""
_GROUP = "g:"


def meta_terms(meta: Mapping[str, MetaValue]) -> list[str]:
    """Every term of a passage with this meta."""
    found = []
    for key, value in meta.items():
        found.append(meta_term("=", key, value))
        if kind(value) in ("text", "list"):
            found += [meta_term("@", key, one) for one in ((value,) if isinstance(value, str) else value)]  # type: ignore[union-attr]
    return found


def meta_term(sign: Literal["=", "@"], key: str, value: Any) -> str:
    """One term: `=` for a whole value, `@` for a text within one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 equals 1
    return json.dumps([sign, key, value], ensure_ascii=False, separators=(",", ":"))


def meta_ranges(meta: Mapping[str, MetaValue]) -> dict[str, float | str]:
    """The values that can be ordered, the kind before the key (`n:year`, `s:date`): a number never meets a text."""
    ordered: dict[str, float | str] = {}
    for key, value in meta.items():
        if isinstance(value, str):
            ordered["s:" + key] = value
        elif kind(value) == "number":
            ordered["n:" + key] = float(value)  # type: ignore[arg-type]
    return ordered


def access_terms(groups: Sequence[str]) -> list[str]:
    """Who may see a document with these groups."""
    return [_GROUP + group for group in groups] or [EVERYONE]


def reader_terms(groups: Sequence[str]) -> list[str]:
    """A reader of these groups sees documents whose access terms share one with these."""
    return [EVERYONE, *(_GROUP + group for group in groups)]
