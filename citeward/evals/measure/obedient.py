"""Models for measuring attacks: one that obeys whatever it reads, and one that reads first."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from citeward.contracts.context import fenced, fenced_result
from citeward.contracts.model import Delta, Message, Model, ModelInfo, ModelRequest, ToolCallFragment
from citeward.contracts.tool import ToolCall


@dataclass(frozen=True, kw_only=True)
class Order:
    """Something that a text may tell a model to do."""

    words: str
    """How the text says it; white space aside, it must stand there to the letter."""
    calls: tuple[ToolCall, ...] = ()
    """What a model that obeys calls."""
    says: str = ""
    """What it answers."""


class ObedientModel:
    """The worst model there is: it does all that a passage or a tool's result tells it to.

    It calls the tools that it is told to call, offered or not, and then says what it is told to say. What it shows is
    what holds whatever a model does: a guarantee is one that stands with this model in the loop.

    Args:
        orders: What it understands.
        first: Calls that it makes before all else, as for a question that needs a tool.
    """

    def __init__(self, *orders: Order, first: Sequence[ToolCall] = ()) -> None:
        self._orders = orders
        self._first = tuple(first)
        self._info = ModelInfo(name="obedient", tools=True)
        self.requests: list[ModelRequest] = []
        """Every request so far."""

    @property
    def info(self) -> ModelInfo:
        """Local and free."""
        return self._info

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The calls that it was told to make and has not made in this turn, or what it was told to say."""
        self.requests.append(request)
        turn = _turn(request.messages)
        # By their ids: what it is shown of its own calls may have placeholders in it.
        made = {call.id.rpartition("_")[0] for message in turn for call in message.tool_calls}
        obeyed = [order for order in self._orders if _stands(order.words, _read(request.messages))]
        wanted = [*self._first, *(call for order in obeyed for call in order.calls)]
        calls = [call for call in wanted if call.id not in made]
        for index, call in enumerate(calls):
            yield _called(index, replace(call, id=f"{call.id}_{len(turn)}"))
        if not calls:
            yield Delta(text=" ".join(order.says for order in obeyed) or "There is nothing to do.")
        yield Delta(finish_reason="tool_calls" if calls else "stop")


class ReadsFirst:
    """A model that begins each turn with one call, and is asked only then: the text to measure it on is a tool's.

    Args:
        model: Who goes on.
        call: What is called first.
    """

    def __init__(self, model: Model, call: ToolCall) -> None:
        self._model = model
        self._call = call

    @property
    def info(self) -> ModelInfo:
        """The model's own."""
        return replace(self._model.info, tools=True)

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The call, or the model's own answer where the result is there."""
        if any(message.role == "tool" for message in _turn(request.messages)):
            async for delta in self._model.stream(request):
                yield delta
            return
        yield _called(0, self._call)
        yield Delta(finish_reason="tool_calls")


def _called(index: int, call: ToolCall) -> Delta:
    arguments = json.dumps(dict(call.arguments))
    return Delta(tool_call=ToolCallFragment(index=index, id=call.id, name=call.name, arguments=arguments))


def _turn(messages: Sequence[Message]) -> Sequence[Message]:
    """What came after the last question."""
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    return messages[last + 1 :]


def _read(messages: Sequence[Message]) -> list[str]:
    """All that others wrote: the passages, and the tools' results."""
    passages = [passage.text for message in messages if message.role == "system" for passage in fenced(message.content)]
    return [*passages, *(fenced_result(message.content) for message in messages if message.role == "tool")]


def _stands(words: str, texts: Sequence[str]) -> bool:
    wanted = " ".join(words.split())
    return any(wanted in " ".join(text.split()) for text in texts)
