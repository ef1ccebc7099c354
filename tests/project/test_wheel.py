"""The wheel, built here and installed in an environment of its own, carries everything that a project needs."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it. Its dependencies are read from this one, so that no network is needed;
    this one's editable install is not: it hangs on a .pth file, which is only read in an environment's own folder."""
    home = tmp_path_factory.mktemp("env")
    venv.create(home, with_pip=True)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    subprocess.run(
        [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True
    )
    return home


def test_the_wheel_carries_the_starter_project_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    starter = {name.split("/")[2] for name in names if name.startswith("citeward/starter/")}
    assert starter == {"citeward.toml", "langgraph.json", "agents", "tools", "graphs", "prompts", "evals", "docs"}
    assert {name.split("/")[0] for name in names} == {"citeward", names[-1].split("/")[0]}
    assert "citeward/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith("/.gitkeep")]


def test_init_and_demo_run_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    def run(*arguments: str, cwd: Path) -> str:
        done = subprocess.run(
            [installed / "bin" / "citeward", *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = subprocess.run(
        [installed / "bin" / "python", "-c", "import citeward; print(citeward.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    run("init", "app", cwd=tmp_path)
    told = run("demo", cwd=tmp_path / "app")
    assert "docs/retrieval.md:" in told
    assert "There is not enough information in the documents to answer this." in told
    assert "397.8" in told
    assert "docs/retrieval.md:" in run("demo", cwd=tmp_path)  # and outside any project, from the starter itself
