"""What a project declares: read from its folders, checked, nothing opened yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from citeward.agents.build import GraphBuilder, ToolSource
from citeward.agents.spec import AgentSpec, Known, read_agents
from citeward.errors import NotFound, ProjectError
from citeward.ingest.chunk import Chunker
from citeward.project.python import load_module
from citeward.prompts.registry import read_prompts
from citeward.prompts.template import Template
from citeward.settings import Settings, read_settings
from citeward.tools.builtin import NAMES as BUILTIN
from citeward.tools.toolset import is_tool

FILE = "citeward.toml"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's declarations."""

    root: Path
    settings: Settings
    agents: Mapping[str, AgentSpec]
    prompts: Mapping[str, Template]
    tools: Mapping[str, ToolSource]
    graphs: Mapping[str, GraphBuilder]

    def path(self, relative: Path) -> Path:
        """A path of citeward.toml, which is relative to the project."""
        return relative if relative.is_absolute() else self.root / relative

    def chunker(self) -> Chunker:
        """How the settings want documents cut."""
        wanted = self.settings.index
        return Chunker(
            kind=wanted.chunker, max_tokens=wanted.max_tokens, min_tokens=wanted.min_tokens, overlap=wanted.overlap
        )

    def agent(self, name: str | None = None) -> AgentSpec:
        """The agent of that name; the default one where None. Raises NotFound with the names there are."""
        wanted = name or self.settings.default_agent
        if wanted not in self.agents:
            raise NotFound(f"no agent {wanted!r}", hint=f"Agents of this project: {', '.join(self.agents)}.")
        return self.agents[wanted]


def find_project(start: Path | None = None) -> Path:
    """The folder with citeward.toml, in `start` (the working folder by default) or the nearest folder above it.

    Raises:
        NotFound: There is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NotFound(f"no {FILE} in {str(here)!r} or above", hint="Run `citeward init DIR`, or name one with --project.")


def read_project(root: Path) -> Project:
    """Everything the project declares.

    Raises:
        ProjectError: With file and line, where anything in it cannot be used.
    """
    settings = read_settings(root / FILE)
    prompts, tools, graphs = read_prompts(root / "prompts"), _tools(root / "tools"), _graphs(root / "graphs")
    known = Known(
        prompts=prompts,
        tools=[*BUILTIN, *tools],
        graphs=graphs,
        tiers={model.tier for model in settings.models.values()},
    )
    agents = read_agents(root / "agents", known)
    project = Project(root=root, settings=settings, agents=agents, prompts=prompts, tools=tools, graphs=graphs)
    if settings.default_agent not in project.agents:
        raise ProjectError(
            f"default_agent is {settings.default_agent!r}, which agents/ does not have",
            hint=f"Agents there: {', '.join(project.agents)}.",
            path=str(root / FILE),
        )
    return project


def _tools(folder: Path) -> Mapping[str, ToolSource]:
    """Every tool that the files of the folder define, by its name."""
    tools: dict[str, ToolSource] = {}
    for path in sorted(folder.glob("*.py")):
        module = load_module(path)
        for name, value in vars(module).items():
            if name.startswith("_") or not is_tool(value):
                continue
            if name in tools:
                raise ProjectError(
                    f"the tool name {name!r} is taken", hint="Rename one of the two functions.", path=str(path)
                )
            tools[name] = value
    return tools


def _graphs(folder: Path) -> Mapping[str, GraphBuilder]:
    """The `build` function of every file of the folder, by the file's name."""
    graphs: dict[str, GraphBuilder] = {}
    for path in sorted(folder.glob("*.py")):
        build: GraphBuilder | None = getattr(load_module(path), "build", None)
        if not callable(build):
            raise ProjectError(
                "it has no function `build(services)`", hint="Copy graphs/chat.py of `citeward init`.", path=str(path)
            )
        graphs[path.stem] = build
    return graphs
