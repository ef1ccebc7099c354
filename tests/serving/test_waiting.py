"""A model that asks to wait, and what the one who asked it is told."""

import asyncio
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from citeward.agents.agent import ending_in_failed
from citeward.contracts.event import Failed, to_wire
from citeward.project.opened import open_project
from citeward.project.starter import init_project
from citeward.serving.app import create_app
from citeward.serving.waiting import retry_after
from citeward.testing.upstream import Turn, Upstream

BUSY = (Turn(status=429, retry_after=90), Turn(status=503, retry_after=30.5))
ASK = {"input": {"question": "Which port is ours?"}}


def asking(root: Path, server: Upstream) -> Path:
    """A project whose one model is on that server."""
    init_project(root)
    settings = root / "citeward.toml"
    kept = settings.read_text().partition("[models")[0]
    settings.write_text(
        f"{kept}\n[models.busy]\nprovider = 'vllm'\nurl = '{server.url}'\nmodel = 'm'\ntier = 'small'\nretries = 0\n"
    )
    return root


@pytest.mark.parametrize("turn", BUSY, ids=lambda turn: str(turn.status))
async def test_a_run_that_failed_tells_when_to_come_again(tmp_path: Path, turn: Turn) -> None:
    async with Upstream(turn) as server, open_project(asking(tmp_path / "app", server), keep_threads=False) as project:
        *_, last = [event async for event in ending_in_failed(project.agent().run("Which port is ours?"))]
    assert isinstance(last, Failed)
    assert (last.status, last.retry_after) == (turn.status, turn.retry_after)
    assert to_wire(last)["retry_after"] == turn.retry_after


@pytest.mark.parametrize("turn", BUSY, ids=lambda turn: str(turn.status))
async def test_so_does_the_http_answer(tmp_path: Path, turn: Turn) -> None:
    async with Upstream(turn) as server:
        root = asking(tmp_path / "app", server)

        def posted() -> tuple[int, str | None, float, str]:
            with TestClient(create_app(root)) as client:
                answer = client.post("/invoke", json=ASK)
                stream = client.post("/stream", json=ASK)
            return (
                answer.status_code,
                answer.headers.get("retry-after"),
                answer.json()["error"]["retry_after"],
                stream.text,
            )

        status, header, told, streamed = await asyncio.to_thread(posted)
    assert (status, header, told) == (turn.status, "90" if turn.status == 429 else "31", turn.retry_after)
    assert f'"retry_after":{turn.retry_after:g}' in streamed.replace(" ", "").replace(".0", "")


def test_an_error_that_names_no_time_has_no_header() -> None:
    assert retry_after(None) == {}
    assert retry_after(0) == {"Retry-After": "0"}
