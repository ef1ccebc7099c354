"""The keys of a project's threads, and its file opened with them."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from citeward.errors import CheckpointError, SettingsError
from citeward.graphs.encryption import Key
from citeward.project.declared import Project
from citeward.project.threads import key_file, keys, open_threads
from citeward.settings import Settings, StateSettings

ENVIRONMENT, OLD = Key(b"e" * 32), Key(b"o" * 32)


def _secret(key: Key) -> SecretStr:
    return SecretStr(key.text)


def _project(root: Path, **state: object) -> Project:
    settings = Settings(state=StateSettings(path=Path("threads.sqlite"), **state))
    return Project(root=root, settings=settings, agents={}, prompts={}, tools={}, graphs={})


async def _open(project: Project) -> str:
    """Opens it, writes a thread and closes it; the id of its key."""
    async with AsyncExitStack() as stack:
        threads = await open_threads(project, stack)
        checkpoint = {"id": "1ef4f797-8335-6428-8001-8a1503f9b875", "v": 1, "channel_values": {"question": "canary"}}
        await threads.aput({"configurable": {"thread_id": "t", "checkpoint_ns": ""}}, checkpoint, {}, {})
        return threads.cipher.key_id


def test_the_first_use_makes_a_key_that_only_its_owner_may_read(tmp_path: Path) -> None:
    file = tmp_path / "k"
    (made,) = keys(StateSettings(), file, make=True)
    assert keys(StateSettings(), file, make=True) == [made]
    assert os.name != "posix" or file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_processes_that_begin_at_once_agree_on_the_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from citeward.project.threads import keys;"
        "from citeward.settings import StateSettings; sys.stdin.readline();"
        f"print(keys(StateSettings(), Path({str(tmp_path / 'k')!r}), make=True)[0].id)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ids = {process.communicate(timeout=60)[0].strip() for process in started}
    assert ids == {Key.read((tmp_path / "k").read_text()).id}


def test_the_settings_key_goes_before_old_ones_and_the_files(tmp_path: Path) -> None:
    (kept,) = keys(StateSettings(), tmp_path / "k", make=True)
    settings = StateSettings(key=_secret(ENVIRONMENT), old_keys=(_secret(OLD),))
    assert keys(settings, tmp_path / "k", make=True) == [ENVIRONMENT, OLD, kept]
    assert keys(StateSettings(old_keys=(_secret(OLD),)), tmp_path / "k", make=True) == [kept, OLD]


def test_with_a_key_in_the_settings_no_file_is_made(tmp_path: Path) -> None:
    assert keys(StateSettings(key=_secret(ENVIRONMENT)), tmp_path / "k", make=True) == [ENVIRONMENT]
    assert not (tmp_path / "k").exists()


def test_a_key_that_is_none_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        keys(StateSettings(key=SecretStr("hunter2hunter2")), tmp_path / "k", make=True)
    assert "hunter2" not in str(caught.value)
    (tmp_path / "k").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not base64"):
        keys(StateSettings(), tmp_path / "k", make=True)


def test_a_folder_that_cannot_take_the_key_is_a_checkpoint_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be kept") as caught:
        keys(StateSettings(), tmp_path / "nowhere" / "k", make=True)
    assert "CITEWARD_STATE__KEY" in caught.value.hint


async def test_a_project_that_is_opened_again_finds_its_key(tmp_path: Path) -> None:
    first = await _open(_project(tmp_path))
    assert await _open(_project(tmp_path)) == first
    assert b"canary" not in (tmp_path / "threads.sqlite").read_bytes()


async def test_a_lost_key_file_is_an_error_and_no_new_one_is_made(tmp_path: Path) -> None:
    await _open(_project(tmp_path))
    file = key_file(tmp_path / "threads.sqlite")
    file.unlink()
    with pytest.raises(CheckpointError, match="is not there") as caught:
        await _open(_project(tmp_path))
    assert "Put the key file back" in caught.value.hint
    assert not file.exists()


async def test_a_wrong_key_is_told_when_the_project_opens(tmp_path: Path) -> None:
    await _open(_project(tmp_path, key=_secret(OLD)))
    with pytest.raises(CheckpointError, match=OLD.id):
        await _open(_project(tmp_path, key=_secret(ENVIRONMENT)))
    assert await _open(_project(tmp_path, key=_secret(ENVIRONMENT), old_keys=(_secret(OLD),))) == ENVIRONMENT.id


async def test_old_threads_are_dropped_as_long_as_the_project_is_open(tmp_path: Path) -> None:
    await _open(_project(tmp_path))  # its checkpoint's id is of 2024
    async with AsyncExitStack() as stack:
        threads = await open_threads(_project(tmp_path, keep_days=1), stack)
        async with asyncio.timeout(10):
            while await threads.stored(""):
                pass


def test_postgres_takes_an_address_and_a_key_that_all_servers_share(tmp_path: Path) -> None:
    url = SecretStr("postgresql://127.0.0.1:1/none")
    for state, match in (({}, "no url"), ({"url": url}, "no key")):
        with pytest.raises(SettingsError, match=match):
            asyncio.run(_open(_project(tmp_path, kind="postgres", **state)))
    assert list(tmp_path.iterdir()) == []


def test_postgres_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "citeward.graphs.postgres", raising=False)
    state = {"kind": "postgres", "url": SecretStr("postgresql://127.0.0.1:1/none"), "key": _secret(OLD)}
    with pytest.raises(SettingsError) as caught:
        asyncio.run(_open(_project(tmp_path, **state)))
    assert "citeward[postgres]" in caught.value.hint


async def test_threads_of_a_project_are_kept_in_postgres(tmp_path: Path) -> None:
    url = os.environ.get("CITEWARD_TEST_POSTGRES")
    if not url:
        pytest.skip("CITEWARD_TEST_POSTGRES names no Postgres server; .ci/postgres runs one")
    pytest.importorskip("psycopg", reason="pip install 'citeward[postgres]'")
    project = _project(tmp_path, kind="postgres", url=SecretStr(url), key=_secret(OLD), keep_days=1)
    assert await _open(project) == OLD.id
    async with AsyncExitStack() as stack:
        threads = await open_threads(project, stack)
        async with asyncio.timeout(10):
            while await threads.stored(""):  # its checkpoint's id is of 2024
                pass
