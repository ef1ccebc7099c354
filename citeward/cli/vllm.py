"""`citeward vllm`: a model of your own on vLLM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citeward.cli.options import run
from citeward.cli.terminal import Terminal

if TYPE_CHECKING:
    from citeward.models.vllm.options import VLLMOptions
    from citeward.models.vllm.server import VLLMServer

vllm = typer.Typer(name="vllm", help="A model of your own on vLLM.", no_args_is_help=True, rich_markup_mode=None)

ModelArgument = Annotated[str, typer.Argument(help="Name of a repository, as Qwen/Qwen2.5-7B-Instruct, or a folder.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        help="An option, as tensor_parallel_size=2, gpu_memory_utilization=0.85, max_model_len=8192, quantization=awq, "
        "enable_prefix_caching=true, tool_call_parser=hermes or lora_modules=name=folder; may be given again.",
    ),
]
FileOption = Annotated[Path | None, typer.Option("--file", "-f", help="A TOML file of options; --set goes over it.")]


@vllm.callback()
def _group() -> None:
    """A model of your own on vLLM."""


@vllm.command("command")
def command(model: ModelArgument, options: SetOption = None, file: FileOption = None) -> int:
    """Print the command that serves the model, checked, and start nothing."""
    import shlex
    import sys

    from citeward.models.vllm.command import serve_command, serve_environment

    chosen = _options(options, file)
    variables = [f"{name}={value}" for name, value in serve_environment(chosen).items()]
    sys.stdout.write(" ".join([*variables, shlex.join(serve_command(model, chosen))]) + "\n")
    return 0


@vllm.command("serve")
def serve(
    model: ModelArgument,
    options: SetOption = None,
    file: FileOption = None,
    deadline: Annotated[
        float, typer.Option(min=1, help="Seconds until it must be up; the first start downloads the model.")
    ] = 1800.0,
    log: Annotated[Path | None, typer.Option(help="What vLLM writes goes there; a temporary file by default.")] = None,
) -> int:
    """Serve the model until Ctrl-C; says what to change where it does not start."""
    import asyncio
    import contextlib

    from citeward.models.vllm.server import VLLMServer

    with contextlib.suppress(asyncio.CancelledError):  # of SIGTERM; Ctrl-C is a KeyboardInterrupt
        run(_serve(VLLMServer(model, _options(options, file), deadline=deadline, log=log)))
    return 0


async def _serve(server: VLLMServer) -> None:
    import asyncio
    import signal

    console = Terminal(stderr=True, soft_wrap=True)
    console.print(f"starting {server.name}")
    # What ends a service ends the model too: without this, SIGTERM would leave vLLM behind with the GPU's memory.
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with server:
        console.print(f"{server.name} answers at {server.url}; Ctrl-C ends it. Log: {server.log}")
        await server.wait()


def _options(texts: list[str] | None, file: Path | None) -> VLLMOptions:
    from citeward.models.vllm.reading import assigned, read_options

    return read_options({**_table(file), **assigned(texts or [])})


def _table(file: Path | None) -> dict[str, object]:
    import tomllib

    from citeward.errors import ProjectError

    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"cannot be read: {error}", hint="Write it in TOML, one option a line.", path=str(file)
        ) from error
