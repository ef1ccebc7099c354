"""What a chat model marks in its text: thoughts and tool calls.

Two forms are known, and a model has them where its chat template says so: ``<think>…</think>`` around what it thinks
before it answers, and ``<tool_call>{"name": …, "arguments": {…}}</tool_call>``, which Hermes, Qwen and others were
trained to write (NousResearch, "Hermes Function Calling").
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from citeward.contracts.model import Delta, ToolCallFragment
from citeward.errors import BadResponse
from citeward.models.local.stops import held_back

THINK, THOUGHT = "<think>", "</think>"
CALL, CALLED = "<tool_call>", "</tool_call>"
_OTHER_CALLS = ("<function=", "<arg_key>")
"""In a template: calls that stand between the same marks and are no JSON."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """Which marks a model uses."""

    thinks: bool = False
    calls: bool = False


def form_of(template: str) -> Form:
    """The marks of the models that a chat template (Jinja) was written for.

    >>> form_of("{% for tool in tools %}…<tool_call>…")
    Form(thinks=False, calls=True)
    """
    calls = "tools" in template and CALL in template and not any(other in template for other in _OTHER_CALLS)
    return Form(thinks=THINK in template, calls=calls)


class Markup:
    """Takes a model's text apart while it comes, wherever the pieces' borders fall.

    Args:
        form: The marks to look for.
        thinking: Whether the prompt ends inside a thought.
        begun: Beginning of a tool call that the prompt ends with.
    """

    def __init__(self, form: Form, *, thinking: bool = False, begun: str = "") -> None:
        opening = [mark for mark, used in ((THINK, form.thinks), (CALL, form.calls)) if used]
        self._marks = {"": opening, THINK: [THOUGHT], CALL: [CALLED]}
        self._inside = CALL if begun else THINK if thinking else ""
        self._held = begun.removeprefix(CALL)
        self._after = False
        self.calls = 0
        """Tool calls so far."""

    @property
    def thinking(self) -> bool:
        """Whether what comes next is thought."""
        return self._inside == THINK

    def feed(self, text: str) -> Iterator[Delta]:
        """What the text lets out.

        Raises:
            BadResponse: A tool call that cannot be read.
        """
        self._held += text
        while True:
            marks = self._marks[self._inside]
            places = [(place, mark) for mark in marks if (place := self._held.find(mark)) >= 0]
            if not places:
                break
            place, mark = min(places)
            yield from self._out(self._held[:place], whole=True)
            self._held = self._held[place + len(mark) :]
            self._after = self._after or bool(self._inside)
            self._inside = "" if self._inside else mark
        if self._inside != CALL:
            said = self._held[: len(self._held) - held_back(self._held, marks)]
            yield from self._out(said)
            self._held = self._held[len(said) :]

    def close(self, *, cut: bool) -> Iterator[Delta]:
        """What is left.

        Args:
            cut: Whether the answer ended before its end; a tool call that it broke off is left out.

        Raises:
            BadResponse: A tool call that cannot be read.
        """
        if not (cut and self._inside == CALL):
            yield from self._out(self._held, whole=True)
        self._held = ""

    def _out(self, text: str, *, whole: bool = False) -> Iterator[Delta]:
        if self._inside == CALL:
            if whole:
                yield Delta(tool_call=self._call(text))
        elif self._inside == THINK:
            if text:
                yield Delta(reasoning=text)
        else:
            # Between the marks and the answer the models put lines that are part of neither.
            text = text.lstrip() if self._after else text
            if text:
                self._after = False
                yield Delta(text=text)

    def _call(self, text: str) -> ToolCallFragment:
        try:
            told: Any = json.loads(text)
            name, arguments = told["name"], told.get("arguments", {})
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
            right = isinstance(name, str) and isinstance(arguments, dict)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            right = False
        if not right:
            raise BadResponse(
                f"the model wrote a tool call that cannot be read ({len(text)} characters)",
                hint="Ask another model, or set `tools = false` for this one.",
            )
        index, self.calls = self.calls, self.calls + 1
        # Unlike any of an earlier answer: the thread holds them all.
        call = f"call_{secrets.token_hex(6)}"
        return ToolCallFragment(index=index, id=call, name=name, arguments=json.dumps(arguments))
