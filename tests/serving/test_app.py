"""The real server on a free port, and the real LangServe client."""

import json
from pathlib import Path

import httpx
import pytest

ASK = {"input": {"question": "When does the harbour master open the port of Lund?"}}


def _post(server: str, path: str, body: object) -> httpx.Response:
    return httpx.post(server + path, json=body, timeout=30)


@pytest.mark.parametrize("path", ["/invoke", "/assistant/invoke", "/support/invoke"])
def test_an_answer_comes_with_its_citation(server: str, path: str) -> None:
    reply = _post(server, path, ASK).json()
    output = reply["output"]
    assert "seven o'clock" in output["text"]
    assert output["citations"][0]["source"] == "docs/ports.md"
    assert output["citations"][0]["line"] == 3
    assert reply["metadata"]["run_id"] == output["run_id"]


def test_the_stream_is_server_sent_events_that_add_up_to_the_answer(server: str) -> None:
    with httpx.stream("POST", server + "/stream", json=ASK, timeout=30) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        raw = reply.read().decode()
    events = [dict(line.split(": ", 1) for line in block.split("\r\n")) for block in raw.strip().split("\r\n\r\n")]
    assert [events[0]["event"], events[-1]["event"]] == ["metadata", "end"]
    chunks = [json.loads(event["data"]) for event in events if event["event"] == "data"]
    text = "".join(chunk.get("text", "") for chunk in chunks)
    assert "seven o'clock" in text
    assert chunks[-1]["outcome"] == "answered"
    seen = [event["type"] for chunk in chunks for event in chunk.get("events", [])]
    assert seen[0] == "started"
    assert "citation" in seen


def test_langserves_own_client_invokes_and_streams(server: str) -> None:
    from langserve import RemoteRunnable

    remote = RemoteRunnable(f"{server}/assistant")
    answer = remote.invoke(ASK["input"])
    total = None
    for chunk in remote.stream(ASK["input"], config={"configurable": {"thread_id": "langserve-1"}}):
        total = chunk if total is None else total + chunk
    assert total is not None
    assert total["text"] == answer["text"]
    assert total["citations"] == answer["citations"]
    assert total["thread_id"] == "langserve-1"


async def test_langserves_own_client_works_async(server: str) -> None:
    from langserve import RemoteRunnable

    remote = RemoteRunnable(server)
    answer = await remote.ainvoke("When does the harbour master open the port of Lund?")
    assert "seven o'clock" in answer["text"]
    pieces = [chunk async for chunk in remote.astream(ASK["input"])]
    assert "".join(piece.get("text", "") for piece in pieces) == answer["text"]


def test_a_thread_is_remembered(server: str) -> None:
    config = {"configurable": {"thread_id": "remember"}}
    _post(server, "/invoke", {**ASK, "config": config})
    reply = _post(server, "/invoke", {"input": {"question": "And who opens it?"}, "config": config}).json()
    assert "harbour master" in reply["output"]["text"]
    assert reply["output"]["thread_id"] == "remember"


@pytest.mark.parametrize("prefix", ["", "/support"])
def test_a_thread_is_forgotten_by_the_agent_that_it_was_with(server: str, project: Path, prefix: str) -> None:
    config = {"configurable": {"thread_id": f"forget{prefix[1:]}"}}
    other = "/support" if not prefix else ""
    _post(server, f"{prefix}/invoke", {"input": {"question": "Who opens Canary harbour?"}, "config": config})
    path = f"/threads/{config['configurable']['thread_id']}"
    assert httpx.delete(server + other + path).json()["error"]["code"] == "not_found"
    reply = httpx.delete(server + prefix + path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert httpx.delete(server + prefix + path).status_code == 404
    kept = b"".join(file.read_bytes() for file in (project / ".citeward").glob("threads.sqlite*"))
    assert config["configurable"]["thread_id"].encode() not in kept


@pytest.mark.parametrize("path", ["/threads/a%20b", "/threads/" + "x" * 201, "/nobody/threads/a"])
def test_a_thread_that_cannot_be_is_refused(server: str, path: str) -> None:
    assert httpx.delete(server + path).status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/invoke", {"input": {"question": ""}}, 422, "invalid_input"),
        ("/stream", {"input": {"question": " "}}, 422, "invalid_input"),
        ("/invoke", {"input": {"question": "x" * 60_000}}, 413, "input_too_long"),
        ("/stream", {"input": {"question": "x" * 60_000}}, 413, "input_too_long"),
        ("/nobody/invoke", ASK, 404, "not_found"),
        ("/nobody/stream", ASK, 404, "not_found"),
        ("/nobody/batch", {"inputs": ["x"]}, 404, "not_found"),
        ("/nobody/stream_events", ASK, 404, "not_found"),
        ("/nobody/stream_log", ASK, 404, "not_found"),
        ("/batch", {"inputs": ["x"], "config": [{}, {}]}, 422, "invalid_input"),
        ("/batch", {"inputs": [{"query": "x"}]}, 422, "invalid_input"),
        ("/batch", {"inputs": "x"}, 422, "invalid_input"),
        ("/batch", {"inputs": ["x"] * 1_001}, 422, "invalid_input"),
        ("/batch", {"inputs": ["x"], "config": {"max_concurrency": 0}}, 422, "invalid_input"),
        ("/invoke", {"input": {"query": "x"}}, 422, "invalid_input"),
        ("/invoke", {"input": {"question": 7}}, 422, "invalid_input"),
        ("/invoke", {**ASK, "config": {"configurable": {"thread_id": "../x y"}}}, 422, "invalid_input"),
    ],
)
def test_bad_input_gets_its_status_and_a_way_out(server: str, path: str, body: object, status: int, code: str) -> None:
    reply = _post(server, path, body)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (status, code)
    assert error["hint"]


@pytest.mark.parametrize("content", [b"{", b'{"input": "\xff"}', b"", b"[]"])
@pytest.mark.parametrize("path", ["/invoke", "/batch", "/stream_events", "/v1/chat/completions"])
def test_a_body_that_is_no_json_is_refused(server: str, path: str, content: bytes) -> None:
    reply = httpx.post(server + path, content=content, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("GET", "/invoke", 405, "bad_request"),
    ],
)
def test_a_path_that_is_not_there_is_told_like_every_error(
    server: str, method: str, path: str, status: int, code: str
) -> None:
    reply = httpx.request(method, server + path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(server: str, chunked: bool) -> None:
    content = b"x" * 150_000
    sent = (content[i : i + 10_000] for i in range(0, len(content), 10_000)) if chunked else content
    reply = httpx.post(server + "/invoke", content=sent, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "input_too_long")


def test_health_says_what_there_is(server: str) -> None:
    health = httpx.get(server + "/health").json()
    assert health["status"] == "ok"
    assert {"assistant", "support"} <= set(health["agents"])


def test_a_server_that_can_search_is_ready(server: str) -> None:
    ready = httpx.get(server + "/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "passages": 1})
