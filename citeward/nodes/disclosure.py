"""What each model is shown of a thread's sensitive values: placeholders, or the values where the policy says so."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import uuid4

from citeward.contracts.model import Delta, Location, Model, ModelInfo, ModelRequest, ToolCallFragment
from citeward.guardrails.masker import Masker, masked
from citeward.guardrails.vault import Vault
from citeward.nodes.conversation import ToolCallAssembly


def disclosed(model: Model, vault: Vault, *, raw_for: Collection[Location]) -> Model:
    """The model as a run may ask it: its request with placeholders, or with the values for a location in `raw_for`.

    It is decided for each model of a fallback chain on its own, and what comes out of any of them has placeholders:
    whatever is made of it afterwards, the text that the next model goes on from, a tool call, the thread's messages,
    can be shown to any other.
    """
    if not len(vault):
        return model
    return _Unmasked(model, vault) if model.info.location in raw_for else _Masked(model, vault)


def restored(value: Any, vault: Vault) -> Any:
    """JSON-able data with the values back in all its texts."""
    return _changed(value, vault.restore)


class _Masked:
    """A model that is shown placeholders, also where a value comes from elsewhere: a passage, a tool's result."""

    def __init__(self, model: Model, vault: Vault) -> None:
        self._model = model
        self._vault = vault

    @property
    def info(self) -> ModelInfo:
        """The model's."""
        return self._model.info

    def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """What the model says to placeholders."""
        return self._model.stream(_request(request, lambda text: masked(text, self._vault, escape=False)))


class _Unmasked:
    """A model that is shown the values, and whose words have placeholders again when they leave it."""

    def __init__(self, model: Model, vault: Vault) -> None:
        self._model = model
        self._vault = vault

    @property
    def info(self) -> ModelInfo:
        """The model's."""
        return self._model.info

    def _raw(self, text: str) -> str:
        return self._vault.restore(text, in_addresses=True)

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """What the model says to the values. Tool calls come when they are whole, at the end."""
        said, thought, calls = Masker(self._vault), Masker(self._vault), _Calls(self._vault)
        async with aclosing(self._model.stream(_request(request, self._raw))) as stream:
            async for delta in stream:
                if delta.tool_call is not None:
                    calls.add(delta.tool_call)
                if delta.finish_reason is not None:
                    for last in _rest(said, thought, calls):
                        yield last
                # Its tokens are those of another text than the one that leaves: no likelihoods.
                passed = replace(
                    delta,
                    text=said.feed(delta.text),
                    reasoning=thought.feed(delta.reasoning),
                    tool_call=None,
                    logprobs=(),
                )
                if passed != Delta():
                    yield passed
        for last in _rest(said, thought, calls):
            yield last


class _Calls:
    """Tool calls, kept until they are whole and can be masked."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._assembly = ToolCallAssembly()
        self._any = False

    def add(self, fragment: ToolCallFragment) -> None:
        """Take the next piece."""
        self._any = True
        self._assembly.add(fragment)

    def rest(self) -> list[ToolCallFragment]:
        """The calls, each in one piece; none the second time."""
        if not self._any:
            return []
        message = self._assembly.message("")
        self._assembly, self._any = ToolCallAssembly(), False
        whole = [(c["id"], c["name"], _json(c["args"], self._vault)) for c in message.tool_calls]
        broken = [(c["id"], c["name"], masked(c["args"] or "", self._vault)) for c in message.invalid_tool_calls]
        return [
            ToolCallFragment(
                index=index, id=self._id(call_id), name=masked(name or "", self._vault), arguments=arguments
            )
            for index, (call_id, name, arguments) in enumerate([*whole, *broken])
        ]

    def _id(self, call_id: str | None) -> str | None:
        """The call's id; another one if it holds a value."""
        return call_id if not call_id or masked(call_id, self._vault) == call_id else f"call_{uuid4().hex[:16]}"


def _rest(said: Masker, thought: Masker, calls: _Calls) -> list[Delta]:
    """What was still held back, and the calls."""
    deltas = [Delta(text=said.close()), Delta(reasoning=thought.close())]
    deltas += [Delta(tool_call=fragment) for fragment in calls.rest()]
    return [delta for delta in deltas if delta != Delta()]


def _request(request: ModelRequest, change: Callable[[str], str]) -> ModelRequest:
    """The request with all its texts changed."""
    messages = tuple(
        replace(
            message,
            content=change(message.content),
            tool_calls=tuple(
                replace(call, arguments=_changed(dict(call.arguments), change)) for call in message.tool_calls
            ),
        )
        for message in request.messages
    )
    return replace(request, messages=messages, prefix=change(request.prefix))


def _json(arguments: Any, vault: Vault) -> str:
    return json.dumps(_changed(arguments, lambda text: masked(text, vault)), ensure_ascii=False)


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _changed(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A card's number is a value also where it is written as a number.
        written = str(value)
        changed = change(written)
        return value if changed == written else changed
    return value
