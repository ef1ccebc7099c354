"""What README and the guide say is true: the picture, the examples, the commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from citeward.agents.spec import AgentSpec, ApprovalSpec
from citeward.cli.main import app, main
from citeward.guardrails.table import Policy
from citeward.project.opened import open_project
from citeward.prompts.template import Template

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(*languages: str, page: str = "") -> list[tuple[str, str]]:
    return [
        (f"{path.name}:{number}", body)
        for path in PAGES
        for number, (found, body) in enumerate(_FENCED.findall(path.read_text(encoding="utf-8")))
        if found in languages and page in path.name
    ]


def _commands() -> list[str]:
    lines = [line.strip() for _, body in _blocks("bash", "console") for line in body.splitlines()]
    return sorted(
        {part.removeprefix("$ ") for line in lines for part in line.split(" && ") if "citeward " in part[:11]}
    )


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project as `citeward init` copies it, indexed."""
    root = tmp_path_factory.mktemp("readme") / "app"
    assert main(["init", str(root)]) == 0
    assert main(["index", "--project", str(root)]) == 0
    return root


async def test_the_picture_of_the_graph_is_the_graph() -> None:
    async with open_project(ROOT, keep_threads=False) as opened:
        drawn = opened.agent().graph.get_graph().draw_mermaid()
    ((_, picture),) = _blocks("mermaid", page="README")
    assert picture.strip() == drawn.strip()


def test_the_readme_shows_the_example_that_is_run() -> None:
    ((_, shown),) = _blocks("python", page="README")
    assert shown in (ROOT / "examples" / "embed.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(example: Path, indexed: Path) -> None:
    done = subprocess.run(
        [sys.executable, example], cwd=indexed, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "docs/tools.md:" in done.stdout


@pytest.mark.parametrize(("name", "code"), _blocks("python", page=".md")[1:], ids=lambda value: str(value)[:30])
def test_the_code_in_the_guide_runs(name: str, code: str, indexed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=indexed, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), name
    assert done.stdout.strip()


@pytest.mark.parametrize("command", _commands())
def test_the_commands_in_the_guide_are_understood(command: str) -> None:
    name, *arguments = shlex.split(command, comments=True)
    found = typer.main.get_command(app)
    while known := getattr(found, "commands", None):
        name, *arguments = arguments
        found = known[name]
    assert found.make_context(name, arguments).params


def test_the_declarations_in_the_guide_are_valid() -> None:
    agents = [AgentSpec.model_validate(yaml.safe_load(body)) for _, body in _blocks("yaml", page="agents")]
    prompts = [Template.model_validate(yaml.safe_load(body)) for _, body in _blocks("yaml", page="prompts")]
    policies = [Policy.model_validate(yaml.safe_load(body)) for _, body in _blocks("yaml", page="guardrails")]
    approvals = [
        ApprovalSpec.model_validate(yaml.safe_load(body)["approval"]) for _, body in _blocks("yaml", page="tools")
    ]
    assert (len(agents), len(prompts), len(policies), len(approvals)) == (1, 1, 2, 1)


def test_the_links_between_the_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_setting_is_in_the_guide() -> None:
    from citeward.settings import Settings

    told = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    missing = []
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        names = [f"{name}.{part}" for part in inner] if inner else [name]
        missing += [n for n in names if n not in told and name not in ("models",)]
    assert missing == []


def test_what_the_readme_shows_of_the_terminal_is_what_it_shows(
    indexed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ((_, shown),) = _blocks("console", page="README")
    for part in shown.strip().split("\n\n"):
        command, *expected = part.splitlines()
        main([*shlex.split(command.removeprefix("$ citeward ")), "--project", str(indexed)])
        told = capsys.readouterr().out
        assert [line for line in expected if line not in told] == []
