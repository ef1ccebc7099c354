from io import StringIO

import pytest
from rich.console import Console

from citeward.cli.render import show
from citeward.contracts.event import Guarded, Restarted, TextDelta
from citeward.contracts.guardrail import Action, Origin, Verdict


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


@pytest.mark.parametrize(
    ("origin", "action", "source", "said"),
    [
        (Origin.RETRIEVED, Action.BLOCK, "bad.md", "! injection: a passage of bad.md is left out (It commands.)\n"),
        (Origin.TOOL, Action.BLOCK, "mail", "! injection: the result of mail is withheld (It commands.)\n"),
        (Origin.USER, Action.BLOCK, "", "! injection: block (It commands.)\n"),
        (Origin.TOOL, Action.MODIFY, "mail", "! injection: modify (It commands.)\n"),
        (Origin.RETRIEVED, Action.FLAG, "bad.md", ""),
    ],
)
def test_what_a_guard_did_is_told_by_what_it_did_it_to(origin: Origin, action: Action, source: str, said: str) -> None:
    out = StringIO()
    verdict = Verdict(guard="injection", origin=origin, action=action, text="", reason="It commands.")
    show(Console(file=out, width=40), Guarded(verdict=verdict, source=source))
    assert out.getvalue() == said
