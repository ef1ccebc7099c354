"""`citeward reindex`: the stored documents by another embedder, beside the live index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citeward.cli.options import JsonOption, ProjectOption, run
from citeward.cli.terminal import Terminal, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from citeward.contracts.retrieval import Embedder, Reindexable
    from citeward.ingest.reindex import ReindexReport
    from citeward.project.declared import Project
    from citeward.project.retrieval import Retrieval


def reindex(
    project: ProjectOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done and write nothing.")] = False,
    retire: Annotated[
        bool,
        typer.Option("--retire", help="Delete what former embedders left; once the servers have been started anew."),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every skipped document.")] = False,
    json: JsonOption = False,
) -> int:
    """Index the stored documents anew with the embedder that citeward.toml names, then swap.

    The live index is searched meanwhile. Ctrl-C keeps what is finished, and the next run goes on from there.
    """
    return run(_reindex(project, dry_run, retire, verbose, json))


async def _reindex(root: Path | None, dry_run: bool, retire: bool, verbose: bool, json: bool) -> int:
    from dataclasses import asdict

    from citeward.ingest.memory import return_freed_memory
    from citeward.project.declared import find_project, read_project
    from citeward.project.retrieval import open_retrieval

    return_freed_memory()
    project = read_project(root or find_project())
    console = Terminal(stderr=json)
    async with open_retrieval(project, beside=True) as parts:
        change = await _change(project, parts)
        report = None
        if change is None:
            console.print(f"nothing to do: the index is that of {_name(parts.embedder)}", soft_wrap=True)
        else:
            console.print(change, soft_wrap=True)
            report = await _run(project, parts, console, dry_run=dry_run)
            _show_report(console, report, verbose=verbose)
        retired = await _retire(parts.store, report, console) if retire and not dry_run else []
    if json:
        told: dict[str, Any] = {"embedder": parts.embedder.name if parts.embedder else None, "change": change}
        told |= {"report": asdict(report) if report else None, "retired": retired}
        print_json(told)
    return 0


async def _change(project: Project, parts: Retrieval) -> str | None:
    """What the store was filled with and what it will be; None where that is the same, or nothing was filled yet."""
    from citeward.errors import SettingsError
    from citeward.project.retrieval import open_store

    ordinary = open_store(project, parts.embedder)
    try:
        tenants = await ordinary.tenants()
        # Without an embedder, any store is read; the space itself tells whether it is the one that would be filled.
        same = [await ordinary.generation(tenant=name) == await parts.store.generation(tenant=name) for name in tenants]
    except SettingsError as error:
        return error.message
    finally:
        await ordinary.close()
    if all(same):
        return None
    filled = "with an embedder" if parts.embedder is None else "without an embedder"
    return f"the store was filled {filled}, and is now to be that of {_name(parts.embedder)}"


async def _run(project: Project, parts: Retrieval, console: Console, *, dry_run: bool) -> ReindexReport:
    from citeward.cli.progress import Step, showing
    from citeward.errors import CitewardError
    from citeward.ingest.reindex import reindex
    from citeward.project.retrieval import open_store

    live = open_store(project, None)
    try:
        with showing(console, "reindexing") as show:

            def tell(report: ReindexReport) -> None:
                done = min(report.seen, report.documents)
                show(
                    Step(
                        done=done,
                        total=report.documents,
                        what="documents",
                        share=done / max(1, report.documents),
                        rate=report.rate,
                        seconds=report.seconds,
                    )
                )

            return await reindex(
                live,
                parts.store,
                parts.embedder,
                chunker=project.chunker(),
                packer=parts.packer,
                dry_run=dry_run,
                progress=tell,
            )
    except (CitewardError, asyncio.CancelledError):
        if not dry_run:
            console.print("stopped; the index is as it was, and the next run goes on from here", soft_wrap=True)
        raise
    finally:
        await live.close()


async def _retire(store: Reindexable, report: ReindexReport | None, console: Console) -> list[str]:
    """Delete what is no longer current, unless documents would be lost with it."""
    if report is not None and report.skipped:
        console.print(
            "nothing is deleted: the former index alone has the documents that were skipped; "
            "`citeward reindex --retire` deletes it all the same",
            style="yellow",
            soft_wrap=True,
        )
        return []
    retired = await store.retire()
    console.print(f"deleted: {', '.join(retired) or 'nothing'}", soft_wrap=True)
    return retired


def _show_report(console: Console, report: ReindexReport, *, verbose: bool) -> None:
    from citeward.cli.index import show_skipped

    lead = "would be: " if report.dry_run else ""
    console.print(
        f"{lead}{report.written:,} of {report.documents:,} documents embedded, {report.unchanged:,} were there, "
        f"{report.deleted:,} deleted, {len(report.skipped):,} skipped; {report.passages:,} passages "
        f"in {report.seconds:.1f} s",
        soft_wrap=True,
    )
    show_skipped(console, report.skipped, verbose=verbose)
    if report.promoted:
        console.print(
            "The new index is current. Start servers anew, then run `citeward reindex --retire`.", soft_wrap=True
        )


def _name(embedder: Embedder | None) -> str:
    return f"{embedder.name} ({embedder.dimensions} dimensions)" if embedder else "no embedder"
