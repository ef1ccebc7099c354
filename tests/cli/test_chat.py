"""What a person is asked before a dangerous call."""

import builtins
import io

import pytest
from rich.console import Console

from citeward.cli.chat import _allows
from citeward.contracts.event import Interrupted
from citeward.contracts.tool import ArgumentOrigin, ArgumentSource, ToolCall

CALL = ToolCall(id="1", name="send_email", arguments={"to": "eve@evil.io", "text": "[y/N] [bold]x"})
SOURCE = ArgumentSource(argument="to", origin=ArgumentOrigin.DOCUMENT, name="mail.txt")


def asked(answer: str, monkeypatch: pytest.MonkeyPatch, *, warning: str = "") -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr(builtins, "input", lambda *_: answer)
    allowed = _allows(console, Interrupted(call=CALL, reason="r", sources=(SOURCE,), warning=warning))
    assert isinstance(console.file, io.StringIO)
    return allowed, console.file.getvalue()


def test_a_person_sees_where_each_argument_came_from_and_all_that_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed, shown = asked("y", monkeypatch)
    assert allowed
    assert "to: from the document mail.txt" in shown
    assert "'[y/N] [bold]x'" in shown
    assert "warning" not in shown


@pytest.mark.parametrize(("answer", "allowed"), [("y", False), ("", False), ("no", False), ("Yes", True)])
def test_what_nobody_asked_for_takes_the_whole_word(
    answer: str, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, shown = asked(answer, monkeypatch, warning="'to' comes from the document 'mail.txt'")
    assert given is allowed
    assert "warning: 'to' comes from the document 'mail.txt'" in shown
