"""The chunks of LangServe's `/stream`, which add up to the output of `/invoke`.

Text comes as ``{"text": piece}``, what else happens as ``{"events": [event]}``, and the rest of the answer last.

What was sent cannot be taken back in this format. Where a run begins its answer again (`restarted`), a line in the text
says so to people, the event says so to programs, and the last chunk has the whole answer as ``"final_text"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from citeward.contracts.event import Answered, Event, Restarted, Started, TextDelta, to_wire

AGAIN = "\n\n[The answer begins again.]\n\n"
"""Stands in the text of a stream between what was withdrawn and what counts."""


class Chunks:
    """Translates the events of one run."""

    def __init__(self) -> None:
        self._restarted = False

    def __call__(self, event: Event) -> Iterator[dict[str, Any]]:
        """The event's chunk."""
        yield self.chunk(event)

    def chunk(self, event: Event) -> dict[str, Any]:
        """The same, alone."""
        match event:
            case TextDelta():
                return {"text": event.text}
            case Restarted():
                self._restarted = True
                return {"text": AGAIN, "events": [to_wire(event)]}
            case Answered():
                answer = to_wire(event)["answer"]
                rest = {key: value for key, value in answer.items() if key != "text"}
                return rest | {"final_text": answer["text"]} if self._restarted else rest
            case _:
                return {"events": [to_wire(event)]}


class LogPatches:
    """The same chunks as LangChain's run log has them: JSON patches (RFC 6902) that build the log up."""

    def __init__(self) -> None:
        self._chunks = Chunks()

    def __call__(self, event: Event) -> Iterator[dict[str, Any]]:
        """The patches of one event."""
        if isinstance(event, Started):
            log = {"id": event.run_id, "name": event.agent, "type": "chain", "logs": {}}
            yield _patch("replace", "", {**log, "streamed_output": [], "final_output": None})
        yield _patch("add", "/streamed_output/-", self._chunks.chunk(event))
        if isinstance(event, Answered):
            yield _patch("replace", "/final_output", to_wire(event)["answer"])


def _patch(op: str, path: str, value: Any) -> dict[str, Any]:
    return {"ops": [{"op": op, "path": path, "value": value}]}
