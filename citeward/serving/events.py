"""LangChain's stream of events, version 2, as a translation of our own.

A run is a chain: `on_chain_start`, an `on_chain_stream` for each chunk (they add up to the answer, as those of
`/stream` do), `on_chain_end` with the whole answer. Inside it a search is a retriever and a tool call a tool, each with
its start and end; what LangChain has no word for is an `on_custom_event` under the name that our own stream has for it.

Everything in it has passed the guards: it is made of the events that a run sends, and never of LangGraph's own
callbacks, which see what a model says before it was checked. The question is not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from citeward.contracts.event import (
    Answered,
    Event,
    Passages,
    Restarted,
    Started,
    TextDelta,
    ToolCalled,
    ToolReturned,
    to_wire,
)
from citeward.contracts.retrieval import Passage
from citeward.serving.chunks import Chunks
from citeward.serving.invocation import EventsInvocation

RETRIEVER = "retrieve"
"""The name under which a search stands."""


class StreamEvents:
    """Translates the events of one run."""

    def __init__(self, asked: EventsInvocation) -> None:
        self._asked = asked
        self._chunks = Chunks()
        self._name = self._root = ""
        self._metadata = dict(asked.config.metadata)
        self._calls: dict[str, str] = {}

    def __call__(self, event: Event) -> Iterator[dict[str, Any]]:
        """LangChain's events for one of ours, as far as the filters let them through."""
        for kind, told in self._translated(event):
            if self._wanted(kind, told):
                yield told

    def _translated(self, event: Event) -> Iterator[tuple[str, dict[str, Any]]]:
        match event:
            case Started():
                self._name, self._root = event.agent, event.run_id
                self._metadata |= {"agent": event.agent, "thread_id": event.thread_id}
                yield self._of_run("start", {})
            case TextDelta():
                yield self._of_run("stream", {"chunk": self._chunks.chunk(event)})
            case Restarted():
                yield self._custom(event)
                yield self._of_run("stream", {"chunk": {"text": self._chunks.chunk(event)["text"]}})
            case Answered():
                yield self._of_run("stream", {"chunk": self._chunks.chunk(event)})
                yield self._of_run("end", {"output": to_wire(event)["answer"]})
            case Passages():
                run_id = uuid4().hex
                found = [_document(passage) for passage in event.passages]
                yield self._of_part("retriever", "start", RETRIEVER, run_id, {})
                yield self._of_part("retriever", "end", RETRIEVER, run_id, {"output": found})
            case ToolCalled(call=call):
                run_id = self._calls.setdefault(call.id, uuid4().hex)
                yield self._of_part("tool", "start", call.name, run_id, {"input": dict(call.arguments)})
            case ToolReturned(result=result):
                run_id = self._calls.pop(result.call_id, "") or uuid4().hex
                output = {
                    "type": "tool",
                    "content": result.content,
                    "name": result.name,
                    "tool_call_id": result.call_id,
                    "status": "error" if result.error else "success",
                }
                yield self._of_part("tool", "end", result.name, run_id, {"output": output})
            case _:
                yield self._custom(event)

    def _of_run(self, moment: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "chain", self._event(f"on_chain_{moment}", self._name, self._root, [], data)

    def _of_part(
        self, kind: str, moment: str, name: str, run_id: str, data: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        return kind, self._event(f"on_{kind}_{moment}", name, run_id, [self._root], data)

    def _custom(self, event: Event) -> tuple[str, dict[str, Any]]:
        return event.type, self._event("on_custom_event", event.type, self._root, [], to_wire(event))

    def _event(self, event: str, name: str, run_id: str, parents: list[str], data: dict[str, Any]) -> dict[str, Any]:
        return {
            "event": event,
            "run_id": run_id,
            "name": name,
            "tags": self._asked.config.tags,
            "metadata": self._metadata,
            "data": data,
            "parent_ids": parents,
        }

    def _wanted(self, kind: str, told: dict[str, Any]) -> bool:
        asked = self._asked
        tags = set(told["tags"])
        included = [
            told["name"] in (asked.include_names or ()),
            kind in (asked.include_types or ()),
            bool(tags & set(asked.include_tags or ())),
        ]
        everything = asked.include_names is asked.include_types is asked.include_tags is None
        excluded = (
            told["name"] in (asked.exclude_names or ())
            or kind in (asked.exclude_types or ())
            or bool(tags & set(asked.exclude_tags or ()))
        )
        return (everything or any(included)) and not excluded


def _document(passage: Passage) -> dict[str, Any]:
    """The passage as LangChain's clients read a Document."""
    told = to_wire(Passages(passages=(passage,)))["passages"][0]
    metadata = {key: value for key, value in told.items() if key not in ("id", "text")}
    return {"type": "Document", "id": passage.id, "page_content": passage.text, "metadata": metadata}
