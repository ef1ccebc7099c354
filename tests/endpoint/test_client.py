import asyncio
import datetime
import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from email.utils import format_datetime
from typing import Any

import pytest

from citeward.endpoint import Endpoint, client
from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    CitewardError,
    ContextTooLong,
    DeadlineExceeded,
    InvalidInput,
    ModelError,
    ModelUnavailable,
    NotFound,
    Overloaded,
    RateLimited,
    SettingsError,
)
from citeward.testing.endpoints import Fault, ModelServer, Reply, garbled, refused, stalled
from citeward.testing.logs import captured_logs

BODY = {"model": "tiny", "input": ["a black cat"]}
KEY = "sk-very-secret-key-123"


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def server(running: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    running.faults.clear()
    running.requests.clear()
    monkeypatch.setattr(client, "FIRST_WAIT", 0.0)
    return running


async def _post(server: ModelServer, *faults: Fault | None, retries: int = 2, **more: Any) -> Any:
    server.faults.extend(faults)
    endpoint = Endpoint(server.url, retries=retries, **more)
    try:
        return await endpoint.post("/embeddings", BODY)
    finally:
        await endpoint.aclose()


async def test_it_posts_and_gets(server: ModelServer) -> None:
    assert len((await _post(server))["data"]) == 1
    endpoint = Endpoint(server.url + "/", headers={"X-Team": "search"})
    assert (await endpoint.get("/models"))["data"][0]["id"] == "tiny"
    await endpoint.aclose()
    assert server.requests[-1].path == "/v1/models"
    assert server.requests[-1].headers["x-team"] == "search"


async def test_a_query_of_the_url_is_put_behind_each_path(server: ModelServer) -> None:
    endpoint = Endpoint(server.url + "?api-version=2")
    await endpoint.post("/embeddings", BODY)
    await endpoint.aclose()
    assert server.requests[-1].path == "/v1/embeddings?api-version=2"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_what_may_pass_is_tried_again(server: ModelServer, status: int) -> None:
    await _post(server, refused(status), refused(status, retry_after="0"))
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, BadResponse),
        (400, ModelError),
        (401, AuthenticationFailed),
        (402, ModelError),
        (403, AuthenticationFailed),
        (404, NotFound),
        (413, ContextTooLong),
        (422, ModelError),
        (501, ModelUnavailable),
    ],
)
async def test_what_will_not_pass_is_not_tried_again(
    server: ModelServer, status: int, error: type[CitewardError]
) -> None:
    with pytest.raises(error, match=str(status)) as caught:
        await _post(server, refused(status, "the reason"))
    assert type(caught.value) is error and caught.value.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(408, ModelUnavailable), (429, RateLimited), (500, ModelUnavailable), (503, Overloaded), (529, Overloaded)],
)
async def test_the_last_try_says_what_is_wrong(server: ModelServer, status: int, error: type[CitewardError]) -> None:
    with captured_logs() as logs, pytest.raises(error, match=f"the endpoint answered {status}") as caught:
        await _post(server, *[refused(status, "the reason")] * 3)
    assert type(caught.value) is error
    assert "the reason" not in str(caught.value)
    assert [entry["detail"] for entry in logs if entry["event"] == "upstream.failed"] == ["the reason"]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 512 tokens. However, your prompt contains 513",
        "Input validation error: `inputs` must have less than 512 tokens. Given: 600",
        "input is too long to process",
    ],
)
async def test_a_text_that_is_too_long_is_told_from_other_refusals(server: ModelServer, message: str) -> None:
    with pytest.raises(ContextTooLong, match="max_tokens"):
        await _post(server, refused(400, message))


async def test_a_wait_that_is_too_long_is_the_callers_to_know(server: ModelServer) -> None:
    with pytest.raises(RateLimited, match="3600 seconds") as caught:
        await _post(server, refused(429, retry_after="3600"))
    assert caught.value.retry_after == 3600
    with pytest.raises(Overloaded, match="3600 seconds"):
        await _post(server, refused(503, retry_after="3600"))
    assert len(server.requests) == 2


async def test_a_date_to_try_again_at_is_read_by_the_servers_clock(server: ModelServer) -> None:
    now = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)

    def later(seconds: float) -> dict[str, str]:
        return {
            "Date": format_datetime(now, usegmt=True),
            "Retry-After": format_datetime(now + datetime.timedelta(seconds=seconds), usegmt=True),
        }

    with pytest.raises(RateLimited) as caught:
        await _post(server, lambda _: Reply(status=429, body={}, headers=later(90)))
    assert caught.value.retry_after == 90
    await _post(server, lambda _: Reply(status=429, body={}, headers=later(-5)))


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", ""])
async def test_a_time_that_cannot_be_read_is_none(server: ModelServer, value: str) -> None:
    with pytest.raises(RateLimited) as caught:
        await _post(server, refused(429, retry_after=value), retries=0)
    assert caught.value.retry_after is None


async def test_a_spent_quota_is_not_asked_for_again(server: ModelServer) -> None:
    with pytest.raises(RateLimited, match="429"):
        await _post(
            server, lambda _: Reply(status=429, body={"error": {"message": "No", "code": "insufficient_quota"}})
        )
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", [b"<html>", b"", b"\xff\xfe", b'"text"', b"12", b"null", b"[" * 100_000])
async def test_an_answer_that_is_no_json_is_a_bad_response(server: ModelServer, content: bytes) -> None:
    with pytest.raises(BadResponse, match=r"hint: .*address"):
        await _post(server, garbled(content))


async def test_an_answer_that_is_not_what_its_encoding_says_is_a_bad_response(server: ModelServer) -> None:
    with pytest.raises(BadResponse, match="cannot be read"):
        await _post(server, lambda _: Reply(body=b"plain", headers={"Content-Encoding": "gzip"}))


async def test_no_answer_in_time_is_a_deadline_that_passed(server: ModelServer) -> None:
    with pytest.raises(DeadlineExceeded, match=r"0\.4 seconds"):
        await _post(server, stalled(), stalled(), timeout=0.4, retries=1)
    assert len(server.requests) == 2


async def test_a_server_that_is_not_there_is_unavailable(server: ModelServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ModelUnavailable, match="the endpoint cannot be reached: the connection was refused") as caught:
        await Endpoint(f"http://127.0.0.1:{port}/v1", retries=1).get("/models")
    assert str(port) not in str(caught.value) + caught.value.detail


async def test_a_server_that_comes_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0.0)
    with ModelServer() as server:
        endpoint = Endpoint(server.url, retries=2)
        await endpoint.get("/models")
    with pytest.raises(ModelUnavailable):
        await endpoint.get("/models")
    with server:  # on the same port, while the client still has the old connection
        await endpoint.get("/models")
    await endpoint.aclose()


async def test_who_counts_tries_is_asked_before_each(server: ModelServer) -> None:
    tries = []

    async def count() -> None:
        tries.append(len(server.requests))

    server.faults.extend([refused(503), refused(429, retry_after="0")])
    endpoint = Endpoint(server.url)
    await endpoint.post("/embeddings", BODY, before=count)
    await endpoint.aclose()
    assert tries == [0, 1, 2]


async def test_what_is_no_json_is_not_sent(server: ModelServer) -> None:
    for value in ("\ud83d", object()):
        with pytest.raises(InvalidInput):
            await Endpoint(server.url).post("/embeddings", {"input": value})
    assert server.requests == []


def test_it_may_be_used_in_one_loop_after_another(server: ModelServer) -> None:
    endpoint = Endpoint(server.url)

    async def once() -> object:
        try:
            return await endpoint.get("/models")
        finally:
            await endpoint.aclose()

    assert asyncio.run(once()) == asyncio.run(once())


async def test_one_that_gives_up_is_not_kept_waiting(server: ModelServer) -> None:
    arrived = threading.Event()
    server.faults.append(lambda _: arrived.set())
    endpoint = Endpoint(server.url)
    task = asyncio.create_task(endpoint.post("/embeddings", BODY))
    assert await asyncio.to_thread(arrived.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await endpoint.aclose()


async def test_the_key_is_in_no_error_and_no_log(server: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    echo = refused(401, f"Incorrect API key provided: {KEY}")
    told = [repr(Endpoint(server.url, api_key=KEY))]
    with captured_logs() as logs:
        for faults in (
            [echo],
            [refused(429, KEY)] * 3,
            [refused(400, KEY * 30)],
            [garbled(b"x" * 70 + KEY.encode())],
            [lambda _: Reply(status=302, headers={"Location": f"https://elsewhere/?key={KEY}"})],
        ):
            with pytest.raises(CitewardError) as caught:
                await _post(server, *faults, api_key=f" {KEY}\n")
            told += [*traceback.format_exception(caught.value), str(caught.value.to_dict())]
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    told += [record.getMessage() for record in caplog.records] + [str(entry) for entry in logs]
    assert any("endpoint.retry" in text for text in told)
    assert [text for text in told if KEY[:8] in text] == []


@pytest.mark.parametrize(
    "more", [{"api_key": "sk–secret"}, {"api_key": "sk\nsecret"}, {"headers": {"X-Key": "sécret"}}]
)
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="characters") as caught:
        Endpoint("http://127.0.0.1:1", **more)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("more", [{"timeout": 0}, {"timeout": -1.0}, {"timeout": float("nan")}, {"retries": -1}])
def test_limits_that_make_no_sense_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="hint"):
        Endpoint("http://127.0.0.1:1", **more)


async def test_a_proxy_that_cannot_be_used_is_a_setting_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://user:hunter2@proxy")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(SettingsError, match="proxy") as caught:
        await Endpoint("http://example.com/v1").get("/models")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
