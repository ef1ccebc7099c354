"""Answers as OpenAI's clients read them.

Beside OpenAI's own fields stands `citeward`: the rest of the answer, with its outcome, its verdicts and its citations.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from citeward.agents.agent import waiting
from citeward.contracts.answer import Answer, Outcome, Usage
from citeward.contracts.citation import Citation
from citeward.contracts.event import Answered, Cited, Event, Failed, Restarted, Started, TextDelta, to_wire
from citeward.errors import CitewardError
from citeward.serving.chunks import AGAIN
from citeward.serving.refusals import openai_error
from citeward.serving.sse import to_json

DONE = b"data: [DONE]\n\n"
"""The last event of a stream that did not fail."""


def completion(answer: Answer, agent: str) -> dict[str, Any]:
    """A `chat.completion`."""
    message = {
        "role": "assistant",
        "content": answer.text,
        "refusal": None,
        "annotations": [annotation(citation) for citation in answer.citations],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(answer)}
    return {
        "id": f"chatcmpl-{answer.run_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": agent,
        "choices": [choice],
        "usage": usage(answer.usage),
        "citeward": _rest(answer),
    }


class CompletionChunks:
    """Translates the events of one run into `chat.completion.chunk`s, framed for the wire."""

    def __init__(self, agent: str, *, include_usage: bool) -> None:
        self._agent = agent
        self._include_usage = include_usage
        self._created = int(time.time())
        self._run_id = ""
        self._sent = 0
        self._base = 0
        """Characters of the text that were withdrawn; the offsets of what follows count from there."""

    async def framed(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
        """The whole stream. An error after its start is an event with `error`, and the last."""
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Failed):
                    yield failure(event)
                    return
                for chunk in self._chunks(event):
                    yield _data(chunk)
                if isinstance(event, Answered):
                    yield DONE
                    return
        yield failure(waiting())

    def _chunks(self, event: Event) -> Iterator[dict[str, Any]]:
        match event:
            case Started():
                self._run_id = event.run_id
                yield self._chunk({"role": "assistant", "content": ""})
            case TextDelta():
                yield self._text(event.text)
            case Restarted():
                yield self._text(AGAIN)
                self._base = self._sent
            case Cited():
                yield self._chunk({"annotations": [annotation(event.citation, base=self._base)]})
            case Answered(answer=answer):
                last = self._chunk({}, finish_reason(answer))
                withdrawn = {"final_text": answer.text} if self._base else {}
                yield last | {"citeward": _rest(answer) | withdrawn}
                if self._include_usage:
                    yield self._chunk(None) | {"usage": usage(answer.usage)}
            case _:
                return

    def _text(self, text: str) -> dict[str, Any]:
        self._sent += len(text)
        return self._chunk({"content": text})

    def _chunk(self, delta: dict[str, Any] | None, finished: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finished}
        chunk = {
            "id": f"chatcmpl-{self._run_id}",
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._agent,
            "choices": [] if delta is None else [choice],
        }
        return chunk | {"usage": None} if self._include_usage else chunk


def annotation(citation: Citation, *, base: int = 0) -> dict[str, Any]:
    """The citation as OpenAI has them: the cited sentence by its offsets (in code points), and where it is from."""
    place = f"{citation.source}:{citation.line}" if citation.line else citation.source
    cited = {
        "start_index": citation.start + base,
        "end_index": citation.end + base,
        "url": citation.source,
        "title": place,
        "quote": citation.quote,
        "label": str(citation.label),
    }
    return {"type": "url_citation", "url_citation": cited}


def finish_reason(answer: Answer) -> str:
    """`content_filter` where a guard of ours or of the model's endpoint stopped it, `length` where it was cut off."""
    if answer.outcome is Outcome.BLOCKED:
        return "content_filter"
    return answer.finish_reason if answer.finish_reason in ("length", "content_filter") else "stop"


def usage(used: Usage) -> dict[str, Any]:
    """The run's tokens, all its model calls together."""
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning_tokens},
    }


def _rest(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = to_wire(Answered(answer=answer))["answer"]
    return {key: value for key, value in told.items() if key != "text"}


def failure(error: CitewardError | Failed) -> bytes:
    """The last event of a stream that failed."""
    return _data({"error": openai_error(error)})


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + to_json(value) + b"\n\n"
