"""A server that speaks Anthropic's Messages protocol as a test tells it to, faults included.

::

    async with AnthropicUpstream(Turn(text=("Hel", "lo.")), Turn(status=529)) as server:
        model = ChatAnthropic(model="any", base_url=server.url, api_key="any")

The events and the types of errors are those of Anthropic's public documentation of streamed messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from citeward.testing.upstream import Turn, Upstream

_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicUpstream(Upstream):
    """The server; an async context manager.

    It takes the same turns as `Upstream`. A turn's `finish_reason` is a stop reason (`end_turn`, `max_tokens`,
    `refusal`…), its `code` the type of an error; calls come one after another, a content block each.
    """

    path = "/v1/messages"

    @property
    def url(self) -> str:
        """Without the version, as Anthropic's clients want it."""
        return super().url.removesuffix("/v1")

    def _refusal(self, turn: Turn) -> dict[str, Any]:
        kind = turn.code or _ERRORS.get(turn.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": turn.message}, "request_id": "req_test"}

    def _events(self, turn: Turn) -> Iterator[bytes]:
        waiting = _event("message_start", message=_message(turn)) + _event("ping")
        place, last = 0, -1
        for index, start, delta in self._pieces(turn):
            if place == turn.error_at:
                yield waiting + _event("error", **{**self._refusal(turn), "type": "error"})
                return
            if place == turn.garbage_at:
                yield waiting + b"event: content_block_delta\ndata: {neither here nor there\n\n"
                return
            if index != last:
                waiting += _event("content_block_stop", index=last) if last >= 0 else b""
                waiting += _event("content_block_start", index=index, content_block=start)
                last = index
            yield waiting + _event("content_block_delta", index=index, delta=delta)
            waiting, place = b"", place + 1
        if last >= 0:
            waiting += _event("content_block_stop", index=last)
        reason = turn.finish_reason
        if reason is None:
            reason = "tool_use" if turn.tool_calls else "end_turn"
        if reason:
            ended = {"stop_reason": reason, "stop_sequence": None}
            waiting += _event("message_delta", delta=ended, usage=_usage(turn, (turn.usage or (0, 0))[1]))
        yield waiting + (_event("message_stop") if turn.done else b"")

    def _pieces(self, turn: Turn) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Each piece with its block's number and beginning."""
        index = 0
        if turn.reasoning:
            thought = {"type": "thinking", "thinking": "", "signature": ""}
            for piece in turn.reasoning:
                yield index, thought, {"type": "thinking_delta", "thinking": piece}
            yield index, thought, {"type": "signature_delta", "signature": "c2lnbmVk"}
            index += 1
        if turn.text:
            for piece in turn.text:
                yield index, {"type": "text", "text": ""}, {"type": "text_delta", "text": piece}
            index += 1
        for call in turn.tool_calls:
            start: dict[str, Any] = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            arguments = json.dumps(dict(call.arguments))
            for at in range(0, len(arguments), self._piece):
                yield index, start, {"type": "input_json_delta", "partial_json": arguments[at : at + self._piece]}
            index += 1


def _message(turn: Turn) -> dict[str, Any]:
    return {
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": "any",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(turn, 1),
    }


def _usage(turn: Turn, output: int) -> dict[str, int]:
    """What was read from the cache is not counted among the input."""
    return {
        "input_tokens": (turn.usage or (0, 0))[0] - turn.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": turn.cached,
        "output_tokens": output,
    }


def _event(kind: str, **fields: Any) -> bytes:
    data: Mapping[str, Any] = {**fields, "type": kind}
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
