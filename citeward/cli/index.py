"""`citeward index`: documents into the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from citeward.cli.options import JsonOption, ProjectOption, run
from citeward.cli.terminal import Terminal, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from citeward.cli.intake import Intake
    from citeward.contracts.retrieval import Embedder
    from citeward.ingest.load import Skipped
    from citeward.ingest.sync import Progress, SyncReport
    from citeward.project.declared import Project
    from citeward.project.retrieval import Retrieval
    from citeward.settings import Settings

SHOWN = 10
"""Skipped files that are named before the rest is only counted; --verbose names all."""


@dataclass(frozen=True, kw_only=True)
class IndexOptions:
    """How a run goes about it."""

    tenant: str = "default"
    groups: tuple[str, ...] = ()
    """Who may read the documents of this run; empty for no restriction beyond the project's rules."""
    dry_run: bool = False
    engine: Literal["local", "ray"] = "local"
    ray_address: str | None = None
    workers: int | None = None


def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders and files; `documents` of citeward.toml where none is given.")
    ] = None,
    project: ProjectOption = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose documents they are.")] = "default",
    groups: Annotated[
        str | None,
        typer.Option("--groups", help="Who may read the documents of this run, as `staff,board`; all by default."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option("--engine", help="`ray` embeds on a Ray cluster; needs the extra `ray`.")
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address",
            help="The cluster's head, as 10.0.0.1:6379; RAY_ADDRESS, or a cluster on this machine where not given.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Embedders on the Ray cluster; one a node by default.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every skipped file.")] = False,
    json: JsonOption = False,
) -> int:
    """Index documents: unchanged ones are skipped, changed ones replaced, vanished ones deleted.

    Ctrl-C keeps what is finished, and the next run goes on from there.
    """
    options = IndexOptions(
        tenant=tenant,
        groups=_names(groups) if groups is not None else (),
        dry_run=dry_run,
        engine=engine,
        ray_address=ray_address,
        workers=workers,
    )
    return run(_index(paths or [], project, options, verbose, json))


def _names(listed: str) -> tuple[str, ...]:
    """Names of a list with commas; an empty one must not open documents to everyone."""
    from citeward.errors import InvalidInput

    names = tuple(name.strip() for name in listed.split(","))
    if not all(names):
        raise InvalidInput(
            f"--groups {listed!r} has an empty name", hint="Give names as `staff,board`, or leave --groups out."
        )
    return names


async def _index(paths: list[Path], root: Path | None, options: IndexOptions, verbose: bool, json: bool) -> int:
    from dataclasses import asdict

    from citeward.ingest.memory import return_freed_memory
    from citeward.project.declared import find_project, read_project

    return_freed_memory()
    project = read_project(root or find_project())
    console = Terminal(stderr=json)
    report = await index_documents(project, paths, console, options)
    if json:
        print_json(asdict(report))
    else:
        show_report(console, report, verbose=verbose)
    return 0


async def index_documents(
    project: Project,
    paths: list[Path],
    console: Console,
    options: IndexOptions | None = None,
) -> SyncReport:
    """Sync the project's store with the paths, or with its `documents`, and show how far it is.

    Args:
        project: Whose store, embedder and rules are taken.
        paths: Folders and files; the project's `documents` where there are none.
        console: Where progress is shown.
        options: How to go about it.
    """
    from itertools import chain

    from citeward.cli.intake import Intake
    from citeward.cli.progress import showing
    from citeward.errors import CitewardError
    from citeward.ingest.load import find
    from citeward.project.retrieval import open_retrieval

    options = options or IndexOptions()
    paths = paths or [project.path(path) for path in project.settings.documents]
    base = project.root.resolve()
    paths = _resolved(paths)
    settings = project.settings.index
    latest: SyncReport | None = None
    async with open_retrieval(project) as parts:
        with console.status("finding files"):
            intake = Intake(list(chain(*(find(path, base=base, settings=settings) for path in paths))))
        with showing(console, "indexing") as show:

            def tell(report: SyncReport) -> None:
                nonlocal latest
                latest = report
                show(intake.step(report, in_order=options.engine == "local"))

            try:
                return await _sync(project, paths, intake, parts, options, tell)
            except (CitewardError, asyncio.CancelledError):
                if latest is not None and not options.dry_run:
                    kept = f"{len(latest.added):,} added, {len(latest.changed):,} changed"
                    console.print(f"stopped; kept: {kept}; the next run goes on from there")
                raise


def _resolved(paths: Sequence[Path]) -> list[Path]:
    """The paths without links: what is named may be one itself, but below it none that leads out is followed."""
    import os

    return [Path(os.path.realpath(path)) if path.exists() else path for path in paths]


async def _sync(
    project: Project, paths: list[Path], intake: Intake, parts: Retrieval, options: IndexOptions, tell: Progress
) -> SyncReport:
    from functools import partial

    from citeward.ingest.bulk import sync_with_ray
    from citeward.ingest.load import document_id, read
    from citeward.ingest.sync import sync

    base = project.root.resolve()
    # An importable function with plain values: a cluster's workers can call it too.
    settings = project.settings.index
    read_file = partial(read, base=base, access=settings.groups, groups=options.groups, settings=settings, within=paths)
    roots = [document_id(path, base) for path in paths]
    if options.engine == "local":
        return await sync(
            intake.items(read_file),
            parts.store,
            parts.embedder,
            roots=roots,
            chunker=project.chunker(),
            packer=parts.packer,
            tenant=options.tenant,
            dry_run=options.dry_run,
            progress=tell,
        )
    return await sync_with_ray(
        intake.found,
        read_file,
        parts.store,
        parts.embedder,
        partial(open_in_worker, base, plain_settings(project.settings)),
        roots=roots,
        chunker=project.chunker(),
        packer=parts.packer,
        tenant=options.tenant,
        address=options.ray_address,
        workers=options.workers,
        dry_run=options.dry_run,
        progress=tell,
    )


def plain_settings(settings: Settings) -> Settings:
    """The settings, environment and all, as a value of the class itself, which can be pickled."""
    from citeward.settings import Settings

    return Settings.model_construct(**{name: getattr(settings, name) for name in Settings.model_fields})


@asynccontextmanager
async def open_in_worker(root: Path, settings: Settings) -> AsyncIterator[Embedder | None]:
    """The embedder that the settings name, opened in another process, which may have another environment."""
    from citeward.project.declared import Project
    from citeward.project.retrieval import open_retrieval

    project = Project(root=root, settings=settings, agents={}, prompts={}, tools={}, graphs={})
    async with open_retrieval(project) as parts:
        yield parts.embedder


def show_report(console: Console, report: SyncReport, *, verbose: bool = False) -> None:
    """What changed, and which files were skipped for which reason."""
    counts = (
        f"{len(report.added)} added, {len(report.changed)} changed, {report.unchanged} unchanged, "
        f"{len(report.deleted)} deleted, {len(report.skipped)} skipped"
    )
    lead = "would be: " if report.dry_run else ""
    rate = f" ({report.rate:,.0f}/s)" if report.passages and not report.dry_run else ""
    console.print(f"{lead}{counts}; {report.passages} passages in {report.seconds:.1f} s{rate}", soft_wrap=True)
    show_skipped(console, report.skipped, verbose=verbose)


def show_skipped(console: Console, skipped: Sequence[Skipped], *, verbose: bool = False) -> None:
    """Which documents were skipped for which reason; the first few, or all."""
    shown = skipped if verbose else skipped[:SHOWN]
    for item in shown:
        console.print(f"  skipped {item.source}: {item.reason}", style="yellow")
    if rest := len(skipped) - len(shown):
        console.print(f"  … and {rest} more; --verbose names them", style="yellow")
