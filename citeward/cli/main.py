"""The `citeward` command: its sub-commands, and how an error becomes a message and an exit code."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

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
from citeward.cli.options import quiet
from citeward.cli.policy import policy
from citeward.cli.reindex import reindex
from citeward.cli.router import router
from citeward.cli.serve import serve
from citeward.cli.terminal import Terminal, print_line, printable
from citeward.cli.threads import threads
from citeward.cli.vllm import vllm
from citeward.errors import CallerError, CitewardError, from_exception
from citeward.logs import get_logger, traced

logger = get_logger(__name__)

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
        print_line(f"citeward {__version__}")
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
    errors = Terminal(stderr=True, soft_wrap=True)
    try:
        code = typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments), prog_name="citeward", standalone_mode=False
        )
    except CitewardError as error:
        _show_error(errors, error)
        return Exit.USAGE if isinstance(error, CallerError) else Exit.FAILED
    except UsageError as error:
        shown = io.StringIO()
        error.show(file=shown)
        sys.stderr.write(printable(shown.getvalue()))
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        errors.print("interrupted", style="yellow")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nobody is left to tell.
        sys.stderr.close()
        return Exit.DONE
    except Exception as error:  # noqa: BLE001  a traceback would show what a library was given, a key or a question
        quiet()
        failed = from_exception(error)
        logger.error("command.failed", code=failed.code, detail=traced(error))  # noqa: TRY400  `traced` is the masked one
        _show_error(errors, failed)
        return Exit.FAILED
    if code == Exit.INTERRUPTED:  # what Typer makes of Ctrl-C
        errors.print("interrupted", style="yellow")
    return int(code or Exit.DONE)


def _show_error(console: Terminal, error: CitewardError) -> None:
    console.print("error: ", style="bold red", end="")
    console.print(error.message)
    console.print("hint: ", style="bold", end="")
    console.print(error.hint)
