"""What models, documents, tools and files say reaches a terminal as text and as nothing else."""

import json
import re
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from citeward.cli.render import show, show_citations
from citeward.cli.terminal import Terminal, plain, print_json, printable
from citeward.contracts.answer import Answer, Outcome, Usage
from citeward.contracts.citation import Citation, Label
from citeward.contracts.event import (
    Event,
    Failed,
    Guarded,
    ReasoningDelta,
    Restarted,
    TextDelta,
    ToolCalled,
    ToolReturned,
)
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.contracts.tool import ToolCall, ToolResult

ATTACKS = {
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "title": "\x1b]0;root@host\x1b\\",
    "8-bit title": "\x9d0;root@host\x9c",
    "8-bit CSI": "\x9b31m",
    "clear": "\x1b[2J\x1b[H",
    "device control": "\x1bP+q544e\x1b\\",
    "application": "\x1b_Gf=100;AAAA\x1b\\",
    "hyperlink": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "override": "user\u202enimda",
    "isolate": "\u2066a\u2067b\u2068c\u2069",
    "embedding": "\u202aa\u202bb\u202c",
    "overwritten line": "rm -rf /\rls      ",
    "backspaces": "evil\x08\x08\x08\x08good",
    "raw byte of a file's name": "a\udc9b31mb",
    "line separator": "a\u2028b",
    "delete": "a\x7fb",
}
HARMLESS = "naïve Łódź 👩‍👩‍👧 🇱🇺 🏴󠁧󠁢󠁥󠁮󠁧󠁿 שלום‎ عربي‏ می‌خواهم 日本語 tab\there\nline [red]not red[/red] :smile: é"
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff]")


def _events(text: str) -> list[Event]:
    call = ToolCall(id="1", name=f"tool{text}", arguments={"path": text})
    verdict = Verdict(guard="pii", origin=Origin.TOOL, action=Action.BLOCK, text="", reason=f"It says {text}.")
    return [
        TextDelta(text=text),
        ReasoningDelta(text=text),
        Restarted(model="b", reason=text),
        ToolCalled(call=call),
        ToolReturned(result=ToolResult(call_id="1", name="t", content=text)),
        Guarded(verdict=verdict, source=text),
        Failed(code="x", message=text, hint=text, retryable=False),
    ]


def _citation(text: str) -> Citation:
    return Citation(
        start=0,
        end=1,
        passage_id="p",
        document_id="d",
        source=f"docs/{text}.md",
        quote=f"quoted {text}",
        quote_start=0,
        quote_end=1,
        label=Label.SUPPORTED,
        score=1.0,
        marker=1,
        line=3,
    )


def _printed(events: list[Event], console: Console | None = None) -> str:
    out = StringIO()
    console = console or Terminal(file=out, width=200)
    console.file = out
    for event in events:
        show(console, event)
    return out.getvalue()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("console", [Terminal(width=200), Console(width=200)], ids=["ours", "rich's"])
def test_no_event_brings_a_character_that_a_terminal_obeys(attack: str, console: Console) -> None:
    printed = _printed(_events(attack), console)
    assert not _OBEYED.search(printed)
    assert "\\x" in printed or "\\u" in printed


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_citation_and_no_cell_brings_one_either(attack: str) -> None:
    out = StringIO()
    console = Terminal(file=out, width=200)
    usage = Usage()
    citations = (_citation(attack),)
    answer = Answer(text="", citations=citations, outcome=Outcome.ANSWERED, usage=usage, thread_id="t", run_id="r")
    show_citations(console, answer)
    table = Table(attack, title=attack)
    table.add_row(attack)
    console.print(table)
    console.rule(attack)
    console.print(attack, style="bold")
    assert not _OBEYED.search(out.getvalue())


def test_what_is_harmless_stays_and_is_read_as_neither_markup_nor_emoji_names() -> None:
    assert printable(HARMLESS) == HARMLESS
    assert _printed([TextDelta(text=HARMLESS)], Console(width=500)) == HARMLESS
    out = StringIO()
    table = Table.grid()
    table.add_row("[red]x[/red] :smile: [link=http://a]b[/link]")
    Terminal(file=out, width=200).print(table)
    assert out.getvalue().strip() == "[red]x[/red] :smile: [link=http://a]b[/link]"


def test_the_terminals_own_styles_stay() -> None:
    out = StringIO()
    Terminal(file=out, width=200, force_terminal=True, color_system="standard").print(plain("a\x1b[31mb", "red"))
    assert out.getvalue() == "\x1b[31ma\\x1b[31mb\x1b[0m\n"


def test_line_ends_of_windows_are_line_ends() -> None:
    assert printable("a\r\nb\rc") == "a\nb\\rc".replace("\\r", "\\x0d")


@pytest.mark.fuzz
@given(st.text(st.characters(exclude_categories=())), st.data())
def test_a_text_in_two_pieces_is_as_harmless_as_a_whole_one(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    printed = _printed([TextDelta(text=text[:at]), TextDelta(text=text[at:])])
    assert not _OBEYED.search(printed)
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cf", "Zl", "Zp"))
    assert all(character in printed for character in kept if character not in "\t")


@given(st.recursive(st.text(st.characters(exclude_categories=())), lambda inner: st.dictionaries(st.text(), inner)))
def test_json_is_escaped_by_json(value: object) -> None:
    out = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        print_json(value)
    assert not _OBEYED.search(out.getvalue())
    assert json.loads(out.getvalue()) == value


def test_a_file_with_such_a_name_is_reported_harmlessly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from citeward.cli import main

    assert main(["init", str(tmp_path / "app")]) == 0
    name = "bad\x1b]0;pwned\x07\u202e.xyz"
    (tmp_path / "app" / "docs").mkdir(exist_ok=True)
    (tmp_path / "app" / "docs" / name).write_bytes(b"\x00\x01")
    capsys.readouterr()
    main(["index", str(tmp_path / "app" / "docs" / name), "-p", str(tmp_path / "app"), "--verbose"])
    main(["index", str(tmp_path / "app" / "docs" / (name + "gone")), "-p", str(tmp_path / "app")])
    main([f"--no-such{name}"])
    printed = "".join(capsys.readouterr())
    assert "pwned" in printed
    assert not re.search(_OBEYED.pattern.replace("\\x0b-\\x1f", "\\x0b-\\x0c\\x0e-\\x1f"), printed)


def test_an_exception_that_nobody_foresaw_is_told_without_its_own_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from citeward.cli import main

    def fail(*_: object) -> None:
        raise RuntimeError("refused sk-canary-0123456789 for mona@example.org \x1b]0;title\x07")

    monkeypatch.setattr("citeward.project.declared.read_project", fail)
    assert main(["agents"]) == 1
    printed = "".join(capsys.readouterr())
    assert "unexpectedly (RuntimeError)" in printed
    assert "sk-canary" not in printed and "mona@" not in printed and "\x1b" not in printed
