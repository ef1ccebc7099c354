from io import StringIO

from rich.console import Console

from citeward.cli.render import show
from citeward.contracts.event import Restarted, TextDelta


def test_an_answer_that_begins_again_says_so_on_a_line_of_its_own() -> None:
    out = StringIO()
    console = Console(file=out, width=80)
    for event in (
        TextDelta(text="Eig"),
        Restarted(model="b", reason="a failed (overloaded)"),
        TextDelta(text="Seven."),
    ):
        show(console, event)
    assert out.getvalue() == "Eig\n↻ a failed (overloaded); the answer begins again\n\nSeven."
