"""One agent, as agents/*.yaml declares it; the same in Python."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from citeward.contracts.model import Sampling
from citeward.contracts.retrieval import And, Filter, Where
from citeward.contracts.tool import Approval, PersonalData
from citeward.declarations import line_of, read_yaml
from citeward.errors import ProjectError
from citeward.nodes.services import Limits


class Section(BaseModel):
    """A mapping of an agent's file: frozen, and no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RetrievalSpec(Section):
    """What the agent reads."""

    documents: bool = Field(True, description="false answers without documents")
    alpha: float = Field(0.5, ge=0, le=1, description="weight of the vector leg; 0 is keyword only")
    passages: int = Field(5, ge=1, le=50, description="passages in the prompt")
    context_tokens: int = Field(2_000, ge=100, le=200_000, description="budget for all passages together")
    where: dict[str, str | int | float | bool | list[str]] = Field(
        default_factory=dict, description="only passages whose field has this value, or one of these values"
    )

    def filters(self) -> Filter | None:
        """`where` as a filter; None where it is empty."""
        clauses = tuple(
            Where(field=name, op="in" if isinstance(value, list) else "eq", value=value)
            for name, value in self.where.items()
        )
        if not clauses:
            return None
        return clauses[0] if len(clauses) == 1 else And(clauses=clauses)


class SamplingSpec(Section):
    """How the model's next token is drawn."""

    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=1)
    max_tokens: int | None = Field(None, ge=1)
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def sampling(self) -> Sampling:
        """The same as a contract's value."""
        return Sampling(**self.model_dump())


class LimitsSpec(Section):
    """How far one run may go."""

    steps: int = Field(6, ge=1, le=50, description="model calls in one run")
    seconds: float = Field(120, gt=0, le=3600, description="the run's deadline")
    queue: float = Field(30, ge=0, le=3600, description="seconds that a run waits for the one before it in its thread")
    tool_output: int = Field(8_000, ge=100, description="characters of one tool result")


class ApprovalSpec(Section):
    """Dangerous calls: whose words may ask for one, besides the user's."""

    unasked: Literal["warn", "refuse"] = Field(
        "warn", description="a call that nobody asked for: a person may approve it after a warning, or it never runs"
    )
    documents: tuple[str, ...] = Field((), description="sources of documents that may fill in arguments, as patterns")
    tools: tuple[str, ...] = Field((), description="tools whose results may")
    values: tuple[str, ...] = Field((), description="values that may stand in arguments whoever names them")

    def approval(self) -> Approval:
        """The same as a contract's value."""
        return Approval(**self.model_dump())


class AgentSpec(Section):
    """An agent: a prompt, tools, what it reads, and how far it may go."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="its name in URLs and on the command line")
    description: str = Field(min_length=1, description="one sentence for people")
    prompt: str = Field(description="name of a prompt in prompts/")
    graph: str = Field("chat", description="name of the file in graphs/ that builds its graph")
    tools: tuple[str, ...] = Field((), description="names of built-in tools or of functions in tools/")
    personal_data: dict[str, PersonalData] = Field(
        default_factory=dict,
        description="by a tool's name, what it is given of the values behind placeholders: masked, raw or lookup",
    )
    tiers: tuple[str, ...] = Field((), description="model tiers that it may use; empty allows every tier")
    retrieval: RetrievalSpec = RetrievalSpec()
    sampling: SamplingSpec = SamplingSpec()
    limits: LimitsSpec = LimitsSpec()
    approval: ApprovalSpec = ApprovalSpec()
    on_unsupported: Literal["flag", "drop"] = Field(
        "flag", description="what is done with a sentence that its citation does not support"
    )
    reasoning: bool = Field(False, description="show what the model thinks before it speaks, where it tells")

    def run_limits(self) -> Limits:
        """The limits as the nodes take them."""
        return Limits(
            steps=self.limits.steps,
            passages=self.retrieval.passages,
            context_tokens=self.retrieval.context_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class Known:
    """The names that an agent's file may refer to."""

    prompts: Collection[str]
    tools: Collection[str]
    graphs: Collection[str]
    tiers: Collection[str]


def read_agents(folder: Path, known: Known | None = None) -> Mapping[str, AgentSpec]:
    """Every `*.yaml` of the folder by the agent's name.

    Args:
        folder: Usually a project's `agents/`.
        known: What the files may name; None takes any name.

    Raises:
        ProjectError: With file and line: a file is wrong or names what is not there, two agents share a name, or there
            is no agent.
    """
    agents: dict[str, AgentSpec] = {}
    for path in sorted(folder.glob("*.yaml")):
        spec = read_yaml(path, AgentSpec)
        if spec.name in agents:
            raise ProjectError(
                f"the agent name {spec.name!r} is taken", hint="Give one of the two another name.", path=str(path)
            )
        if known is not None:
            _check(spec, known, path)
        agents[spec.name] = spec
    if not agents:
        raise ProjectError(
            "no agent here", hint="Add a .yaml file, or copy one with `citeward init`.", path=str(folder)
        )
    return agents


def _check(spec: AgentSpec, known: Known, path: Path) -> None:
    """Raise ProjectError for the first name in the file that is not known."""
    named: list[tuple[str, str, Collection[str], tuple[str | int, ...]]] = [
        ("prompt", spec.prompt, known.prompts, ("prompt",)),
        ("graph", spec.graph, known.graphs, ("graph",)),
        *(("tool", name, known.tools, ("tools", place)) for place, name in enumerate(spec.tools)),
        *(("tool", name, spec.tools, ("personal_data", name)) for name in spec.personal_data),
        *(("model tier", name, known.tiers, ("tiers", place)) for place, name in enumerate(spec.tiers)),
    ]
    for kind, name, names, location in named:
        if name not in names:
            raise ProjectError(
                f"there is no {kind} {name!r}",
                hint=f"Known: {', '.join(sorted(names)) or 'none'}.",
                path=str(path),
                line=line_of(path, *location),
            )
