"""When is a tool call right?

A string is right whatever its letters' case, spaces and the marks ``,./-_*^`` are, as in the Berkeley Function-Calling
Leaderboard's AST check (S. Patil et al., ICML 2025); a whole number is right for a float of that value; nothing else
is converted. ``""`` among the accepted values means that the argument may be left out. Inside an accepted object each
value may again be a list of accepted values. Names are compared with ``.`` read as ``_``: many models take no dot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from citeward.contracts.tool import ToolCall

Accepted: TypeAlias = Mapping[str, Mapping[str, Sequence[Any]]]
"""One expected call: the name, and for each argument the values that are right."""

_MARKS = re.compile(r"[ ,./\-_*^]")


def names_match(made: Sequence[ToolCall], expected: Sequence[Accepted]) -> bool:
    """Whether the same functions were called equally often."""
    return sorted(_name(call.name) for call in made) == sorted(_name(name) for call in expected for name in call)


def calls_match(made: Sequence[ToolCall], expected: Sequence[Accepted]) -> bool:
    """Whether the calls can be paired with the expected ones so that every pair is right.

    Pairing greedily could spend the only call that fits a later one, so partners are moved along augmenting paths
    (H. W. Kuhn, "The Hungarian method for the assignment problem", 1955).
    """
    if len(made) != len(expected):
        return False
    fits = [[place for place, one in enumerate(expected) if call_matches(call, one)] for call in made]
    partner: dict[int, int] = {}

    def place_call(call: int, tried: set[int]) -> bool:
        for place in fits[call]:
            if place not in tried:
                tried.add(place)
                if place not in partner or place_call(partner[place], tried):
                    partner[place] = call
                    return True
        return False

    return all(place_call(call, set()) for call in range(len(made)))


def call_matches(made: ToolCall, expected: Accepted) -> bool:
    """Whether one call is right in name and every argument."""
    ((name, accepted),) = expected.items()
    if _name(made.name) != _name(name) or not made.arguments.keys() <= accepted.keys():
        return False
    return all(
        any(_equal(made.arguments[argument], one) for one in choices) if argument in made.arguments else "" in choices
        for argument, choices in accepted.items()
    )


def _object_matches(made: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    """Inside an object a list is either the value itself or a list of accepted values."""
    if not made.keys() <= accepted.keys():
        return False
    for key, value in accepted.items():
        choices = [value, *value] if isinstance(value, (list, tuple)) else [value]
        if not (any(_equal(made[key], one) for one in choices) if key in made else "" in choices):
            return False
    return True


def _equal(made: Any, accepted: Any) -> bool:
    if isinstance(made, bool) or isinstance(accepted, bool):
        return made is accepted
    if isinstance(made, (int, float)) and isinstance(accepted, (int, float)):
        return float(made) == float(accepted)
    if isinstance(made, str) and isinstance(accepted, str):
        return made == accepted or _string(made) == _string(accepted)
    if isinstance(made, Mapping) and isinstance(accepted, Mapping):
        return _object_matches(made, accepted)
    if isinstance(made, (list, tuple)) and isinstance(accepted, (list, tuple)):
        return len(made) == len(accepted) and all(_equal(one, other) for one, other in zip(made, accepted, strict=True))
    return made is None and accepted is None


def _name(name: str) -> str:
    return name.replace(".", "_")


def _string(text: str) -> str:
    return _MARKS.sub("", text).lower().replace("'", '"')
