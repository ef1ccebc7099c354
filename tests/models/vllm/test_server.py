"""The server's life, with a program in the place of vLLM; the real one is started by `vllm_server`."""

import asyncio
import os
import socket
from pathlib import Path

import httpx
import pytest

from citeward.errors import DeadlineExceeded, ModelUnavailable, NotFound, SettingsError
from citeward.models.vllm.options import VLLMOptions
from citeward.models.vllm.server import VLLMServer


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def worker(log: Path) -> int:
    return int(log.read_text().split("worker ")[1].split()[0])


def options(program: Path, **more: object) -> VLLMOptions:
    return VLLMOptions(python=program, **{"port": 0, **more})  # type: ignore[arg-type]


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while alive(pid):  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0)


async def test_it_is_up_inside_and_gone_with_its_workers_outside(program: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with VLLMServer("m", options(program, served_model_name="mine"), log=log) as server:
        assert server.name == "mine"
        async with httpx.AsyncClient() as client:
            assert (await client.get(server.url.replace("/v1", "/health"))).status_code == 200
        pids = [server.pid, worker(log)]
        assert all(pid and alive(pid) for pid in pids)
        assert os.getpgid(server.pid or 0) == server.pid != os.getpgid(0)
    for pid in pids:
        await gone(pid or 0)
    assert server.pid is None
    assert log.exists()


async def test_a_log_of_its_own_is_removed_after_a_clean_end(program: Path) -> None:
    async with VLLMServer("m", options(program)) as server:
        log = server.log
        assert log is not None
        assert "worker" in server.tail()
    assert not log.exists()


async def test_one_that_ignores_sigterm_is_killed(program: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with VLLMServer("m", options(program), log=log, grace=0.05, environment={"DEAF": "1"}) as server:
        pid = server.pid
    await gone(pid or 0)
    await gone(worker(log))


async def test_a_caller_that_is_cancelled_while_it_waits_leaves_nothing_behind(program: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = VLLMServer("m", options(program), log=log, environment={"NEVER": "1"})
    task = asyncio.create_task(server.__aenter__())
    while not (log.exists() and log.read_text().endswith("\n")):  # noqa: ASYNC110  nobody tells us
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(worker(log))


async def test_the_deadline_is_kept(program: Path, tmp_path: Path) -> None:
    server = VLLMServer("m", options(program), deadline=0.5, log=tmp_path / "log", environment={"NEVER": "1"})
    with pytest.raises(DeadlineExceeded, match=r"0\.5 seconds"):
        async with server:
            pass
    assert server.pid is None


async def test_what_the_log_says_of_the_failure_is_raised_with_the_log_s_place(program: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    said = {"SAY": "HFValidationError: Repo id must be in the form 'repo_name'"}
    with pytest.raises(NotFound, match="no model '/none'") as told:
        async with VLLMServer("/none", options(program), log=log, environment=said):
            pass
    assert str(log) in told.value.hint


async def test_only_what_this_start_wrote_is_read(program: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("CUDA out of memory\n")
    with pytest.raises(SettingsError):
        async with VLLMServer("m", options(program), log=log, environment={"SAY": "error: unrecognized arguments: -x"}):
            pass


async def test_waiting_ends_when_the_server_dies(program: Path) -> None:
    async with VLLMServer("m", options(program)) as server:
        waiting = asyncio.create_task(server.wait())
        async with httpx.AsyncClient() as client:
            with pytest.raises(ModelUnavailable, match="out of memory"):
                await client.get(server.url.replace("/v1", "/die"))
                await waiting
        log = server.log
    assert log is not None
    log.unlink()  # kept, as it failed


async def test_a_port_that_is_taken_is_told_before_anything_starts(program: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = VLLMServer("m", options(program, port=port))
        with pytest.raises(ModelUnavailable, match=str(port)):
            async with server:
                pass
    assert server.log is None


async def test_vllm_that_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ModelUnavailable, match="not installed") as told:
        async with VLLMServer("m", VLLMOptions(port=0)):
            pass
    assert "citeward[vllm]" in told.value.hint


def test_times_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsError):
        VLLMServer("m", deadline=0)
    with pytest.raises(SettingsError, match="'--help'"):
        VLLMServer("--help")
