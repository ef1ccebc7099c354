"""Sixth node: runs the tools that the model asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, InvalidToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime
from pydantic import SecretStr

from citeward.contracts.event import Guarded, ToolReturned
from citeward.contracts.guardrail import Origin, Verdict
from citeward.contracts.retrieval import Passage
from citeward.contracts.tool import ToolCall, ToolResult, ToolSpec
from citeward.guardrails.active.content import inert
from citeward.guardrails.policy import Checked
from citeward.guardrails.vault import Vault
from citeward.nodes.approval import judge, read, refusals, restored_calls
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.journal import (
    NO_RESULT,
    NOT_MADE,
    UNKNOWN,
    Place,
    TrackedCall,
    call_once,
    tracked,
    unanswered,
)
from citeward.nodes.personal import hidden
from citeward.nodes.services import Services


class ActState(TypedDict, total=False):
    """What the node reads and writes."""

    run_id: str
    steps: int
    messages: list[AnyMessage]
    passages: tuple[Passage, ...]
    verdicts: tuple[Verdict, ...]
    vault: dict[str, SecretStr]


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The answers to calls that an earlier run left without any, and what the guards said of them."""

    messages: tuple[AnyMessage, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


def act(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Run the calls of the last message side by side; a dangerous one waits for a person's approval first.

    What the person is shown, and how the run goes on, is told at `citeward.nodes.approval.refusals`. A call that is not
    approved is answered as refused, and the model reads that. A call with side effects is recorded in the journal
    before it is made and with its result after that: when the node runs again, after a crash, the recorded result
    stands for the call, and a call that may have been made waits for a person. What a tool gives is data: it is
    checked, and stripped of what would act where it is shown.
    """

    async def node(state: ActState, config: RunnableConfig, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        last = unanswered(state["messages"])
        if last is None or active.tools is None:
            return {}
        toolset, journal = active.tools(context.principal), active.journal
        vault = Vault.load(state.get("vault") or {})
        calls, specs = restored_calls(last, vault), toolset.specs()
        place = _place(state, config)
        known = await tracked(calls, specs, place, journal)
        texts = read(state["messages"], state.get("passages", ()), vault, active.approval)
        refused = refusals(judge(calls, specs, texts, known), active.approval, tell=lambda event: emit(runtime, event))
        # All calls come to their end, and their results into the journal, before the first error is raised.
        results = await asyncio.gather(
            *(
                _refusal(one.call, refused[one.call.id])
                if one.call.id in refused
                else call_once(one, toolset, journal, place.thread_id)
                for one in known
            ),
            return_exceptions=True,
        )
        for failed in results:
            if isinstance(failed, BaseException):
                raise failed
        messages: list[AnyMessage] = [_unusable(call) for call in last.invalid_tool_calls]
        verdicts: list[Verdict] = []
        for result in results:
            assert isinstance(result, ToolResult)
            checked = await active.rails.check(result.content, origin=Origin.TOOL, vault=vault)
            safe = await _safe(result, checked, last, specs, vault)
            for verdict in checked.notable:
                emit(runtime, Guarded(verdict=verdict, source=result.name))
            emit(runtime, ToolReturned(result=safe))
            verdicts.extend(checked.notable)
            messages.append(_message(safe))
        return {
            "messages": messages,
            "verdicts": (*state.get("verdicts", ()), *verdicts),
            "vault": vault.kept(),
        }

    return node


async def close_calls(
    state: Mapping[str, Any], config: RunnableConfig, services: Services, context: Context, vault: Vault
) -> Closed:
    """Answers for the calls that an earlier run of the thread left without a result, however that run ended.

    A model's endpoint refuses a conversation in which a call has no result. Each answer says what is known: the result
    itself when the journal has it, else whether the call may have taken effect.

    Args:
        state: As the earlier run left it.
        config: Names the thread.
        services: Whose tools, journal and guards are used.
        context: Of the run that begins.
        vault: Of the thread.
    """
    last = unanswered(state.get("messages") or [])
    if last is None:
        return Closed()
    specs = services.tools(context.principal).specs() if services.tools is not None else ()
    results = [*takewhile(lambda message: isinstance(message, ToolMessage), reversed(state["messages"]))]
    answered = {message.tool_call_id for message in results}
    known = await tracked(restored_calls(last, vault), specs, _place(state, config), services.journal)
    messages: list[AnyMessage] = [_unusable(call) for call in last.invalid_tool_calls if call["id"] not in answered]
    verdicts: list[Verdict] = []
    for one in known:
        if one.call.id in answered:
            continue
        result = one.record.result or _lost(one)
        checked = await services.rails.check(result.content, origin=Origin.TOOL, vault=vault)
        verdicts.extend(checked.notable)
        safe = await _safe(replace(result, call_id=one.call.id), checked, last, specs, vault)
        messages.append(_message(safe))
    return Closed(messages=tuple(messages), verdicts=tuple(verdicts))


def _place(state: Mapping[str, Any], config: RunnableConfig) -> Place:
    thread_id = str(config.get("configurable", {}).get("thread_id", ""))
    return Place(thread_id=thread_id, run_id=state.get("run_id", ""), step=state.get("steps", 0))


def _lost(one: TrackedCall) -> ToolResult:
    content = NO_RESULT if not one.key else UNKNOWN if one.record.attempts else NOT_MADE
    return ToolResult(call_id=one.call.id, name=one.call.name, content=content, error=True)


async def _safe(
    result: ToolResult, checked: Checked, asked: AIMessage, specs: Sequence[ToolSpec], vault: Vault
) -> ToolResult:
    arguments = next((call["args"] for call in asked.tool_calls if call["id"] == result.call_id), {})
    spec = next((spec for spec in specs if spec.name == result.name), None)
    content = "The result was withheld by a guard."
    if not checked.blocked:
        content = inert(await hidden(checked.text, arguments, spec, vault))
    return replace(result, content=content, error=result.error or checked.blocked)


def _message(result: ToolResult) -> ToolMessage:
    return ToolMessage(
        content=result.content,
        tool_call_id=result.call_id,
        name=result.name,
        status="error" if result.error else "success",
    )


def _unusable(call: InvalidToolCall) -> ToolMessage:
    return ToolMessage(
        content=call["error"] or "This call could not be made.",
        tool_call_id=call["id"] or "",
        name=call["name"] or "",
        status="error",
    )


async def _refusal(call: ToolCall, reason: str) -> ToolResult:
    return ToolResult(call_id=call.id, name=call.name, content=reason, error=True)
