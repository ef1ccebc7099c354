import asyncio
import json
import pickle
from pathlib import Path

import pytest

from citeward.cli.index import open_in_worker, plain_settings
from citeward.cli.main import main
from citeward.project.declared import read_project
from citeward.retrieval.lancedb import LanceStore


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two documents and no embedder."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nred fox")
    (tmp_path / "docs" / "b.md").write_text("# B\n\nbrown bear")
    for folder in ("agents", "prompts"):
        (tmp_path / folder).symlink_to(Path(__file__).parents[2] / folder)
    (tmp_path / "tools").symlink_to(Path(__file__).parents[2] / "tools")
    (tmp_path / "graphs").symlink_to(Path(__file__).parents[2] / "graphs")
    (tmp_path / "citeward.toml").write_text(
        '[embedder]\nkind = "none"\n\n[index.groups]\n"docs/b.md" = ["board", "staff"]\n'
    )
    return tmp_path


def _index(project: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["index", "-p", str(project), "--json", *arguments]) == 0
    report: dict[str, object] = json.loads(capsys.readouterr().out)
    return report


def _groups(project: Path, tenant: str = "default") -> dict[str, tuple[str, ...]]:
    async def read() -> dict[str, tuple[str, ...]]:
        async with LanceStore(project / ".citeward" / "store") as store:
            ids = [one.id async for one in store.documents(tenant=tenant)]
            return {name: (await store.document(name, tenant=tenant)).groups for name in ids}

    return asyncio.run(read())


def test_the_projects_rules_say_who_may_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _index(project, capsys)
    assert _groups(project) == {"docs/a.md": (), "docs/b.md": ("board", "staff")}


def test_a_run_for_a_tenant_and_its_groups_stays_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _index(project, capsys)
    report = _index(project, capsys, "--tenant", "acme", "--groups", "staff, sales")
    assert report["added"] == ["docs/a.md", "docs/b.md"]
    assert _groups(project, "acme") == {"docs/a.md": ("sales", "staff"), "docs/b.md": ("staff",)}
    (project / "docs" / "a.md").unlink()
    assert _index(project, capsys, "--tenant", "acme", "--groups", "staff, sales")["deleted"] == ["docs/a.md"]
    assert "docs/a.md" in _groups(project)
    assert _index(project, capsys, "--tenant", "acme", "--groups", "staff")["unchanged"] == 1


@pytest.mark.parametrize("groups", ["", "staff,,board", " , "])
def test_an_empty_group_opens_nothing_to_everyone(
    project: Path, groups: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", "-p", str(project), "--groups", groups]) == 2
    assert "has an empty name" in capsys.readouterr().err


async def test_a_worker_opens_the_embedder_of_the_settings_that_it_is_sent(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWARD_EMBEDDER__KIND", "minilm")
    settings = pickle.loads(pickle.dumps(plain_settings(read_project(project).settings)))
    monkeypatch.delenv("CITEWARD_EMBEDDER__KIND")
    async with open_in_worker(project, settings) as embedder:
        assert embedder is not None and embedder.name == "all-MiniLM-L6-v2"
