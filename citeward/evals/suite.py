"""What a suite (`evals/*.yaml`) and its golden cases (`evals/golden/*.jsonl`) may say.

::

    name: docs
    agent: assistant
    cases: golden/docs.jsonl
    scorers: [outcome, contains, sources, quotes, latency]
    seconds: 5
    gate:
      passed: 0.9
      quotes: 1.0
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from citeward.contracts.answer import Outcome
from citeward.contracts.evaluation import Case
from citeward.declarations import read_yaml
from citeward.errors import NotFound, ProjectError
from citeward.evals.dataset import read_jsonl, unique

PASSED = "passed"
"""The gate's name for the share of cases that passed every scorer."""


class ScorerName(StrEnum):
    """The scorers that a suite may name."""

    OUTCOME = "outcome"
    CONTAINS = "contains"
    SOURCES = "sources"
    TOOLS = "tools"
    QUOTES = "quotes"
    LATENCY = "latency"


class Suite(BaseModel):
    """One suite file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="the suite's name in reports")
    description: str = Field("", description="what it is for, one sentence")
    agent: str = Field(min_length=1, description="the agent that is asked")
    cases: Path = Field(description="JSON Lines file of cases, relative to the suite's file")
    scorers: tuple[ScorerName, ...] = Field(min_length=1, description="what judges each answer")
    seconds: float = Field(10.0, gt=0, description="what the latency scorer allows a case")
    timeout: float = Field(60.0, gt=0, description="seconds after which a case is given up as an error")
    concurrency: int = Field(2, ge=1, le=64, description="cases at a time")
    gate: dict[str, float] = Field(default_factory=dict, description="least mean of a scorer, or share `passed`, 0..1")

    @field_validator("gate")
    @classmethod
    def _fits(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        known = {PASSED, *info.data.get("scorers", ())}
        for name, least in value.items():
            if name not in known:
                raise ValueError(
                    f"the gate names {name!r}, which this suite does not score: {', '.join(sorted(known))}"
                )
            if not 0 <= least <= 1:
                raise ValueError(f"the gate's {name!r} is {least!r}, not between 0 and 1")
        return value


class CaseLine(BaseModel):
    """One line of a file of cases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    question: str
    contains: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    outcome: Outcome = Outcome.ANSWERED
    tools: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LoadedSuite:
    """A suite with its cases read."""

    suite: Suite
    cases: tuple[Case, ...]


def load_suite(path: Path) -> LoadedSuite:
    """The suite and its cases.

    Raises:
        ProjectError: With file and line, for either file.
    """
    suite = read_yaml(path, Suite)
    cases_path = path.parent / suite.cases
    lines = read_jsonl(cases_path, CaseLine, error=ProjectError)
    unique(lines, cases_path, error=ProjectError)
    return LoadedSuite(suite=suite, cases=tuple(Case(**line.model_dump()) for line in lines))


def find_suite(folder: Path, name: str) -> LoadedSuite:
    """The suite of that file name in the folder; raises NotFound, naming the ones there are, or ProjectError."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise NotFound(f"no suite {name!r} in {str(folder)!r}", hint=f"Suites there: {known}.")
    return load_suite(path)
