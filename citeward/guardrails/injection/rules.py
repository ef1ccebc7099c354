"""The shapes of an attack, read from `rules.yaml`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from citeward.declarations import read_yaml
from citeward.errors import ProjectError

if TYPE_CHECKING:
    import regex

PATH = Path(__file__).with_name("rules.yaml")
"""The rules that ship with the package."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One shape."""

    kind: str
    pattern: regex.Pattern[str]
    user: float
    """Score in a user's text, 0..1."""
    in_data: float
    """Score in a retrieved text or a tool's result."""
    cased: bool = False
    """Searched in the text as it stands, rather than in its lower-case plain form."""


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """All shapes, compiled."""

    rules: tuple[Rule, ...]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    pattern: str | tuple[str, ...]
    user: float = Field(ge=0, le=1)
    in_data: float | None = Field(default=None, ge=0, le=1)
    cased: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: dict[str, tuple[str, ...]]
    gap: str
    rules: tuple[_Entry, ...]


@functools.cache
def load_rules(path: Path = PATH) -> RuleBook:
    """The rules of a file, compiled once a process. Raises ProjectError where it cannot be used."""
    import regex

    file = read_yaml(path, _File)
    words = {name: f"(?:{'|'.join(alternatives)})" for name, alternatives in file.words.items()} | {"gap": file.gap}

    def compiled(pattern: str | tuple[str, ...]) -> regex.Pattern[str]:
        whole = pattern if isinstance(pattern, str) else "".join(pattern)
        for name, alternatives in words.items():
            whole = whole.replace(f"%{name}%", alternatives)
        try:
            return regex.compile(whole, regex.MULTILINE)
        except regex.error as error:
            raise ProjectError(
                f"the pattern {whole[:80]!r} is not a regular expression: {error}",
                hint="correct it; a part in %percent% signs must be one of the words above",
                path=str(path),
            ) from error

    return RuleBook(
        rules=tuple(
            Rule(
                kind=entry.kind,
                pattern=compiled(entry.pattern),
                user=entry.user,
                in_data=entry.user if entry.in_data is None else entry.in_data,
                cased=entry.cased,
            )
            for entry in file.rules
        ),
    )
