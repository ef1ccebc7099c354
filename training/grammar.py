"""Sentences from templates: what a team can say about a class before it has any data of it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

_SLOT = re.compile(r"\{(\w+)\}")
_DEPTH = 6
"""How often a slot may stand within a slot."""


def load(name: str) -> dict[str, Any]:
    """The file of that name beside this one."""
    read: dict[str, Any] = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return read


def written(templates: Sequence[str], slots: Mapping[str, Sequence[str]], count: int, rng: random.Random) -> list[str]:
    """At most `count` different sentences, the templates by turns, each slot filled at random."""
    out: dict[str, None] = {}
    for turn in range(4 * count):
        if len(out) == count:
            break
        text = templates[turn % len(templates)]
        for _ in range(_DEPTH):
            text = _SLOT.sub(lambda match: rng.choice(slots[match[1]]), text)
        out[text[:1].upper() + text[1:]] = None
    return list(out)
