"""`citeward models resources`: what this machine has, and what models take of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citeward.cli.options import JsonOption, ProjectOption
from citeward.cli.terminal import Terminal, print_json

if TYPE_CHECKING:
    from citeward.models.footprint.gpu import Gpu
    from citeward.models.footprint.machine import Machine
    from citeward.project.sizes import Sized

GB = 1e9
"""Bytes; memory is printed in units of it."""


def resources(
    *,
    model_config: Annotated[
        list[Path] | None,
        typer.Option("--model-config", help="A model's config.json or folder, instead of the project's models."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="How its weights are held: bfloat16, fp8, awq…; as the config says if not given.")
    ] = None,
    cache: Annotated[str | None, typer.Option(help="Type of its KV cache: float16, fp8…")] = None,
    window: Annotated[
        int | None, typer.Option(min=1, help="Tokens of one request; its own window if not given.")
    ] = None,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Of a device's memory, what may be used.")] = 0.9,
    json: JsonOption = False,
    project: ProjectOption = None,
) -> int:
    """Show CPU, memory and GPU use, the size of models, and what fits."""

    from citeward.errors import CitewardError
    from citeward.models.footprint.gpu import read_gpus
    from citeward.models.footprint.machine import read_machine

    sizes = _sizes(project, model_config or [], weights, cache)
    machine = read_machine()
    gpus: tuple[Gpu, ...] = ()
    trouble = ""
    try:
        gpus = read_gpus()
    except CitewardError as error:  # a driver that is broken hides nothing else
        trouble = error.message
    rooms = _rooms(machine, gpus)
    if json:
        told = {
            "machine": asdict(machine),
            "gpus": [asdict(gpu) for gpu in gpus],
            "gpu_error": trouble,
            "models": [asdict(one) | {"fits": _fits(one, rooms, share, window)} for one in sizes],
        }
        print_json(told)
        return 0
    _show(machine, gpus, trouble, sizes, rooms, share, window)
    return 0


def _sizes(root: Path | None, configs: list[Path], weights: str | None, cache: str | None) -> list[Sized]:
    from citeward.errors import NotFound
    from citeward.project.declared import find_project, read_project
    from citeward.project.sizes import config_size, model_sizes

    if configs:
        return [config_size(path, weights=weights, cache=cache) for path in configs]
    try:
        folder = root or find_project()
    except NotFound:
        return []  # outside any project, the machine is still worth a look
    return model_sizes(read_project(folder))


def _rooms(machine: Machine, gpus: tuple[Gpu, ...]) -> dict[str, int]:
    """The memories that a model may go into, in bytes: what is free now of the host's and of each GPU's."""
    rooms = {f"GPU {gpu.index}": gpu.free for gpu in gpus}
    return rooms if machine.available is None else {"host": machine.available, **rooms}


def _fits(one: Sized, rooms: dict[str, int], share: float, window: int | None) -> dict[str, Any]:
    from citeward.models.footprint.size import fit

    if one.size is None:
        return {}
    return {name: asdict(fit(one.size, room, share=share, window=window)) for name, room in rooms.items()}


def _show(
    machine: Machine,
    gpus: tuple[Gpu, ...],
    trouble: str,
    sizes: list[Sized],
    rooms: dict[str, int],
    share: float,
    window: int | None,
) -> None:
    from rich.table import Table
    from rich.text import Text

    console = Terminal()
    load = "" if machine.load is None else f", load {machine.load:g}"
    console.print(f"CPU     {machine.cpus} processors{load}")
    console.print(f"memory  {_gb(machine.available)} of {_gb(machine.memory)} available")
    for gpu in gpus:
        busy = "" if gpu.busy is None else f", {gpu.busy:.0%} busy"
        console.print(Text(f"GPU {gpu.index}   {gpu.name}: {_gb(gpu.free)} of {_gb(gpu.memory)} free{busy}"))
    if not gpus:
        console.print(Text(f"GPU     none{f': {trouble}' if trouble else ''}"))
    if not sizes:
        return
    table = Table(box=None, header_style="bold")
    table.add_column("model", overflow="fold")
    for heading in ("parameters", "weights", "KV cache/token", *rooms):
        table.add_column(heading, justify="right")
    for one in sizes:
        fits = _fits(one, rooms, share, window)
        if one.size is None:
            held = "–" if one.disk is None else _gb(one.disk)
            table.add_row(Text(one.name), "–", held, "–", *("–" for _ in rooms))
            continue
        table.add_row(
            Text(one.name),
            f"{one.size.parameters / 1e9:.2f} B",
            _gb(one.size.weights),
            f"{one.size.kv_token / 1024:,.0f} KiB",
            *(_room(fits[name]) for name in rooms),
        )
    console.print()
    console.print(table)
    for one in sizes:
        console.print(Text(f"{one.name}: {one.note}", style="dim"), soft_wrap=True)
    if any(one.size for one in sizes):
        told = f"Estimates: what fits is {share:.0%} of what is free now, less the weights, in tokens of KV cache."
        console.print(Text(told, style="dim"), soft_wrap=True)


def _room(found: dict[str, Any]) -> str:
    if not found["fits"]:
        return "does not fit"
    sequences = f", {found['sequences']:,} at once" if found["sequences"] else ""
    return f"{found['tokens']:,} tokens{sequences}"


def _gb(value: int | None) -> str:
    if value is None:
        return "unknown"
    return f"{value / GB:,.2f} GB" if value < 10 * GB else f"{value / GB:,.1f} GB"
