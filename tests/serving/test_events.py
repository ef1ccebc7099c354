"""LangChain's event stream and run log, made of ours."""

from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.tracers.log_stream import RunLogPatch
from langserve import RemoteRunnable

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.event import Answered, Event, Restarted, Started, TextDelta, ToolCalled, ToolReturned
from citeward.contracts.tool import ToolCall, ToolResult
from citeward.serving.chunks import AGAIN
from citeward.serving.events import StreamEvents
from citeward.serving.invocation import Config, EventsInvocation

ASK = {"question": "When does the harbour master open the port of Lund?"}
STARTED = Started(run_id="r", thread_id="t", agent="a")


def _translated(*events: Event, **asked: Any) -> list[dict[str, Any]]:
    translate = StreamEvents(EventsInvocation(input="q", **asked))
    return [told for event in (STARTED, *events) for told in translate(event)]


def _kinds(events: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["event"], event["name"]) for event in events]


async def test_langserves_own_client_reads_the_events(server: str) -> None:
    remote = RemoteRunnable(f"{server}/assistant")
    config = {"tags": ["mine"], "metadata": {"user": 7}, "configurable": {"thread_id": "events-1"}}
    events = [event async for event in remote.astream_events(ASK, config=config, version="v2")]
    first, last = events[0], events[-1]
    assert _kinds([first, last]) == [("on_chain_start", "assistant"), ("on_chain_end", "assistant")]
    assert set(first) == {"event", "run_id", "name", "tags", "metadata", "data", "parent_ids"}
    assert first["metadata"] == {"user": 7, "agent": "assistant", "thread_id": "events-1"}
    assert all(event["tags"] == ["mine"] for event in events)
    answer = last["data"]["output"]
    assert (answer["run_id"], answer["outcome"]) == (first["run_id"], "answered")
    total: dict[str, Any] = {}
    for event in events:
        if event["event"] == "on_chain_stream":
            chunk = event["data"]["chunk"]
            total = {**total, **chunk, "text": total.get("text", "") + chunk.get("text", "")}
    assert total == answer


async def test_a_search_is_a_retriever_inside_the_run(server: str) -> None:
    # Another question, so that it is not answered from the cache.
    remote = RemoteRunnable(f"{server}/support")
    events = [event async for event in remote.astream_events({"question": "Who opens the port of Lund, and when?"})]
    start, end = (event for event in events if event["name"] == "retrieve")
    assert [event["event"] for event in (start, end)] == ["on_retriever_start", "on_retriever_end"]
    assert start["run_id"] == end["run_id"] != events[0]["run_id"]
    assert start["parent_ids"] == [events[0]["run_id"]]
    (document,) = end["data"]["output"]
    assert isinstance(document, Document)
    assert "seven o'clock" in document.page_content
    assert document.metadata["source"] == "docs/ports.md"


def test_a_tool_call_is_a_tool_inside_the_run() -> None:
    call = ToolCall(id="1", name="add", arguments={"a": 1})
    result = ToolResult(call_id="1", name="add", content="2")
    _, start, end = _translated(ToolCalled(call=call), ToolReturned(result=result))
    assert _kinds([start, end]) == [("on_tool_start", "add"), ("on_tool_end", "add")]
    assert (start["data"], start["parent_ids"]) == ({"input": {"a": 1}}, ["r"])
    assert start["run_id"] == end["run_id"]
    assert ToolMessage(**end["data"]["output"]).content == "2"


def test_an_answer_that_begins_again_says_so() -> None:
    answer = Answer(text="Seven.", outcome=Outcome.ANSWERED)
    restarted = Restarted(model="b", reason="a failed")
    events = _translated(TextDelta(text="Ei"), restarted, TextDelta(text="Seven."), Answered(answer=answer))
    assert ("on_custom_event", "restarted") in _kinds(events)
    chunks = [event["data"]["chunk"] for event in events if event["event"] == "on_chain_stream"]
    assert "".join(chunk.get("text", "") for chunk in chunks) == f"Ei{AGAIN}Seven."
    assert chunks[-1]["final_text"] == events[-1]["data"]["output"]["text"] == "Seven."


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({}, {"chain", "tool", "custom"}),
        ({"include_types": ["tool"]}, {"tool"}),
        ({"include_names": ["add"]}, {"tool"}),
        ({"include_names": ["a"], "include_types": ["tool"]}, {"chain", "tool"}),
        ({"exclude_types": ["chain"]}, {"tool", "custom"}),
        ({"exclude_names": ["restarted"], "exclude_types": ["tool"]}, {"chain"}),
        ({"include_names": []}, set()),
        ({"include_tags": ["mine"], "config": Config(tags=["mine"])}, {"chain", "tool", "custom"}),
        ({"exclude_tags": ["mine"], "config": Config(tags=["mine"])}, set()),
    ],
)
def test_the_filters_are_langchains(asked: dict[str, Any], kept: set[str]) -> None:
    call = ToolCalled(call=ToolCall(id="1", name="add", arguments={}))
    told = _translated(call, Restarted(model="b", reason="a failed"), TextDelta(text="x"), **asked)
    assert {event["event"].split("_")[1] for event in told} == kept


async def test_langserves_own_client_builds_the_log_up(server: str) -> None:
    remote = RemoteRunnable(f"{server}/assistant")
    total: Any = None
    async for patch in remote.astream_log(ASK):
        assert isinstance(patch, RunLogPatch)
        total = patch if total is None else total + patch
    log = total.state if hasattr(total, "state") else {}
    assert log["final_output"]["outcome"] == "answered"
    assert "".join(chunk.get("text", "") for chunk in log["streamed_output"]) == log["final_output"]["text"]
    assert (log["id"], log["name"], log["type"]) == (log["final_output"]["run_id"], "assistant", "chain")


@pytest.mark.parametrize("path", ["/stream_events", "/stream_log"])
def test_the_question_and_what_a_guard_took_out_are_not_repeated(server: str, path: str) -> None:
    question = {"input": "I am ada@example.com. When does the port of Lund open?"}
    with httpx.stream("POST", server + path, json=question, timeout=30) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        raw = reply.read().decode()
    assert raw.rstrip().endswith("event: end\r\ndata: {}")
    assert "ada@example.com" not in raw
