"""A model that says what a test tells it to."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import TypeAlias

from citeward.contracts.model import Delta, ModelInfo, ModelRequest, TokenUsage, ToolCallFragment
from citeward.contracts.tool import ToolCall

Turn: TypeAlias = str | ToolCall | Exception | Sequence[str | ToolCall | Exception]


class ScriptedModel:
    """Plays its turns in order, one a call: text (whole, or in the pieces given), tool calls, or an error to raise; of
    several in a row, an error is raised where it stands.

    ::

        model = ScriptedModel(ToolCall(id="1", name="calculator", arguments={"expression": "2+2"}), "It is 4.")

    Args:
        turns: What it says; a call past the last turn is an AssertionError.
        info: What it says of itself.
    """

    def __init__(self, *turns: Turn, info: ModelInfo | None = None) -> None:
        self._turns = list(turns)
        self._info = info or ModelInfo(name="scripted", tools=True)
        self.requests: list[ModelRequest] = []
        """Every request so far."""

    @property
    def info(self) -> ModelInfo:
        """As given."""
        return self._info

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The next turn, piece by piece."""
        self.requests.append(request)
        assert self._turns, f"the script has no turn left for request {len(self.requests)}"
        turn = self._turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        pieces: Sequence[str | ToolCall | Exception] = [turn] if isinstance(turn, str | ToolCall) else turn
        called = False
        for index, piece in enumerate(pieces):
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, ToolCall):
                called = True
                yield Delta(tool_call=ToolCallFragment(index=index, id=piece.id, name=piece.name))
                yield Delta(tool_call=ToolCallFragment(index=index, arguments=json.dumps(dict(piece.arguments))))
            else:
                yield Delta(text=piece)
        yield Delta(usage=TokenUsage(input_tokens=10, output_tokens=5))
        yield Delta(finish_reason="tool_calls" if called else "stop")
