"""The policy table: which guard runs on what, from which score on it acts, and what happens when it cannot decide."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from citeward.contracts.guardrail import Action, Origin
from citeward.contracts.model import Location
from citeward.declarations import read_text, read_yaml
from citeward.errors import GuardrailError
from citeward.guardrails.failure import OnError

STRICTNESS: dict[Action, int] = {action: rank for rank, action in enumerate(Action)}
"""ALLOW < FLAG < MODIFY < BLOCK."""
DEFAULT_PATH = Path(__file__).with_name("policy_default.yaml")
"""The table that is used where a project names none."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(_Table):
    """From which score on a guard acts; the strictest action whose threshold is reached is taken."""

    flag: float | None = Field(default=None, ge=0, le=1)
    """Let it pass, and say so."""
    modify: float | None = Field(default=None, ge=0, le=1)
    """Rewrite what was found."""
    block: float | None = Field(default=None, ge=0, le=1)
    """Stop."""

    @model_validator(mode="after")
    def _acts(self) -> Thresholds:
        if self.flag is self.modify is self.block is None:
            raise ValueError("name at least one of flag, modify, block; to allow everything, leave the origin out")
        return self

    @property
    def lowest(self) -> float:
        """The score under which nothing is done."""
        return min(limit for limit in (self.flag, self.modify, self.block) if limit is not None)

    def action(self, score: float) -> Action:
        """What is done about something found with this score; raises GuardrailError for one that is not a number."""
        if math.isnan(score):
            # It compares as lower than every limit, so a guard that breaks in this way would let everything pass.
            raise GuardrailError("the guard's score is not a number", hint="look at what its model answers")
        for limit, action in ((self.block, Action.BLOCK), (self.modify, Action.MODIFY), (self.flag, Action.FLAG)):
            if limit is not None and score >= limit:
                return action
        return Action.ALLOW


class GuardRule(_Table):
    """One row of the table."""

    name: str = Field(min_length=1)
    """Which guard."""
    origins: dict[Origin, Thresholds] = Field(min_length=1)
    """On what it runs."""
    on_error: OnError = "closed"
    """When the guard raises or takes too long: `closed` blocks the text, `open` lets it pass with a flag."""
    timeout: float = Field(default=2.0, gt=0, le=60)
    """Seconds for one check."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The guard's own settings."""


class Policy(_Table):
    """The whole table."""

    version: Literal[1]
    max_input_chars: int = Field(default=8_000, gt=0, le=10_000_000)
    """The longest question, in characters."""
    raw_for: tuple[Literal[Location.LOCAL], ...] = ()
    """Where the models stand that are shown the user's values instead of placeholders; no more than the team's own
    machines can be named."""
    guards: tuple[GuardRule, ...] = ()
    """In the order in which rewrites are applied."""

    _source: str = PrivateAttr(default="<policy>")
    _lines: dict[str, int] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _unique(self) -> Policy:
        names = [rule.name for rule in self.guards]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each guard has one row, but {', '.join(map(repr, twice))} has several")
        return self

    @property
    def source(self) -> str:
        """The file that it was read from, for error messages."""
        return self._source

    def line(self, guard: str) -> int | None:
        """Where the guard's row begins, where the policy came from a file."""
        return self._lines.get(guard)

    @property
    def content_hash(self) -> str:
        """Sixteen hex digits that differ where anything in the table does; part of a cache's scope."""
        table = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(table.encode()).hexdigest()[:16]


def load_policy(path: str | Path | None = None) -> Policy:
    """The policy in a YAML file; None gives the default. Raises ProjectError, with file and line, for a bad one."""
    where = DEFAULT_PATH if path is None else Path(path)
    policy = read_yaml(where, Policy)
    policy._source = str(where)
    # Which guards there are is known only where they are built; an error there should name the line as well.
    root = yaml.compose(read_text(where), Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        rows = next((value.value for key, value in root.value if key.value == "guards"), ())
        policy._lines.update(
            {rule.name: row.start_mark.line + 1 for rule, row in zip(policy.guards, rows, strict=True)}
        )
    return policy
