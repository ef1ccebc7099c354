"""`citeward index`: documents into the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeward.cli.options import JsonOption, ProjectOption, run

if TYPE_CHECKING:
    from rich.console import Console

    from citeward.ingest.sync import SyncReport
    from citeward.project.declared import Project

SHOWN = 10
"""Skipped files that are named before the rest is only counted; --verbose names all."""


def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders and files; `documents` of citeward.toml where none is given.")
    ] = None,
    project: ProjectOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and write nothing.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every skipped file.")] = False,
    json: JsonOption = False,
) -> int:
    """Index documents: unchanged ones are skipped, changed ones replaced, vanished ones deleted.

    Ctrl-C keeps what is finished, and the next run goes on from there.
    """
    return run(_index(paths or [], project, dry_run, verbose, json))


async def _index(paths: list[Path], root: Path | None, dry_run: bool, verbose: bool, json: bool) -> int:
    from dataclasses import asdict

    import orjson
    from rich.console import Console

    from citeward.project.declared import find_project, read_project

    project = read_project(root or find_project())
    console = Console(stderr=json, highlight=False)
    report = await index_documents(project, paths, console, dry_run=dry_run)
    if json:
        sys.stdout.write(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        show_report(console, report, verbose=verbose)
    return 0


async def index_documents(
    project: Project, paths: list[Path], console: Console, *, dry_run: bool = False, store: Path | None = None
) -> SyncReport:
    """Sync the project's store with the paths, or with its `documents`, under a progress bar."""
    from itertools import chain

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from citeward.ingest.load import Skipped, document_id, find, read
    from citeward.ingest.sync import sync
    from citeward.project.opened import open_embedder, open_store

    paths = paths or [project.path(path) for path in project.settings.documents]
    base = project.root.resolve()
    found: list[Path | Skipped] = []
    embedder = open_embedder(project)
    target = open_store(project, embedder, path=store)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("finding files", total=None, rate="")
            for item in chain.from_iterable(find(path, base=base) for path in paths):
                found.append(item)
                bar.update(task, completed=len(found))

            def tell(report: SyncReport) -> None:
                rate = f"{report.passages / report.seconds:,.0f} passages/s" if report.seconds > 1 else ""
                bar.update(task, completed=report.seen, total=len(found), rate=rate)

            bar.update(task, description="indexing", completed=0, total=len(found))
            return await sync(
                chain.from_iterable([item] if isinstance(item, Skipped) else read(item, base=base) for item in found),
                target,
                embedder,
                roots=[document_id(path, base) for path in paths],
                chunker=project.chunker(),
                dry_run=dry_run,
                progress=tell,
            )
    finally:
        await target.close()


def show_report(console: Console, report: SyncReport, *, verbose: bool = False) -> None:
    """What changed, and which files were skipped for which reason."""
    counts = (
        f"{len(report.added)} added, {len(report.changed)} changed, {report.unchanged} unchanged, "
        f"{len(report.deleted)} deleted, {len(report.skipped)} skipped"
    )
    lead = "would be: " if report.dry_run else ""
    console.print(f"{lead}{counts}; {report.passages} passages in {report.seconds:.1f} s")
    shown = report.skipped if verbose else report.skipped[:SHOWN]
    for item in shown:
        console.print(f"  skipped {item.source}: {item.reason}", style="yellow", markup=False)
    if rest := len(report.skipped) - len(shown):
        console.print(f"  … and {rest} more; --verbose names them", style="yellow")
