"""The `citeward` command: its sub-commands, and how an error becomes a message and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from citeward import __version__
from citeward.cli.agents import agents
from citeward.cli.ask import ask
from citeward.cli.cache import cache
from citeward.cli.chat import chat
from citeward.cli.demo import demo
from citeward.cli.doctor import doctor
from citeward.cli.evaluate import evaluate
from citeward.cli.exits import Exit
from citeward.cli.index import index
from citeward.cli.init import init
from citeward.cli.measure import measure
from citeward.cli.models import models
from citeward.cli.policy import policy
from citeward.cli.reindex import reindex
from citeward.cli.router import router
from citeward.cli.serve import serve
from citeward.cli.threads import threads
from citeward.cli.vllm import vllm
from citeward.errors import CallerError, CitewardError

UsageError: Any = typer.BadParameter.__base__
"""What a wrong option or command raises. Typer brings its own click, and exports this class by its children only."""

app = typer.Typer(
    name="citeward",
    help="Guarded, cited answers from your documents.",
    epilog="Exit codes: 0 done, 1 the run failed, 2 a mistake in the call or the project, 3 no answer, "
    "4 a gate was missed, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"citeward {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Guarded, cited answers from your documents."""


app.command("demo")(demo)
app.command("init")(init)
app.command("index")(index)
app.command("reindex")(reindex)
app.command("ask")(ask)
app.command("chat")(chat)
app.command("serve")(serve)
app.command("agents")(agents)
app.command("doctor")(doctor)
app.command("eval")(evaluate)
app.command("measure")(measure)
app.add_typer(router)
app.add_typer(cache)
app.add_typer(models)
app.add_typer(policy)
app.add_typer(threads)
app.add_typer(vllm)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit code.

    Args:
        arguments: Without the program's name; those of the process where None.
    """
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments), prog_name="citeward", standalone_mode=False
        )
    except CitewardError as error:
        errors.print("error: ", style="bold red", end="")
        errors.print(error.message, markup=False)
        errors.print("hint: ", style="bold", end="")
        errors.print(error.hint, markup=False)
        return Exit.USAGE if isinstance(error, CallerError) else Exit.FAILED
    except UsageError as error:
        error.show(file=sys.stderr)
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        errors.print("interrupted", style="yellow")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nobody is left to tell.
        sys.stderr.close()
        return Exit.DONE
    if code == Exit.INTERRUPTED:  # what Typer makes of Ctrl-C
        errors.print("interrupted", style="yellow")
    return int(code or Exit.DONE)
