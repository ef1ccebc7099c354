"""Sixth node: runs the tools that the model asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.runtime import Runtime
from pydantic import SecretStr

from citeward.contracts.event import Guarded, ToolReturned
from citeward.contracts.guardrail import Origin, Verdict
from citeward.contracts.retrieval import Passage
from citeward.contracts.tool import ToolCall, ToolResult
from citeward.guardrails.active.content import inert
from citeward.guardrails.vault import Vault
from citeward.nodes.approval import judge, read, refusals, restored_calls
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.services import Services


class ActState(TypedDict, total=False):
    """What the node reads and writes."""

    messages: list[AnyMessage]
    passages: tuple[Passage, ...]
    verdicts: tuple[Verdict, ...]
    vault: dict[str, SecretStr]


def act(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Run the calls of the last message side by side; a dangerous one waits for a person's approval first.

    What the person is shown, and how the run goes on, is told at `citeward.nodes.approval.refusals`. A call that is not
    approved is answered as refused, and the model reads that. What a tool gives is data: it is checked, and stripped of
    what would act where it is shown.
    """

    async def node(state: ActState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        last = state["messages"][-1]
        if not isinstance(last, AIMessage) or active.tools is None:
            return {}
        toolset = active.tools(context.principal)
        vault = Vault.load(state.get("vault") or {})
        calls = restored_calls(last, vault)
        texts = read(state["messages"], state.get("passages", ()), vault, active.approval)
        refused = refusals(judge(calls, toolset.specs(), texts), active.approval)
        results = await asyncio.gather(
            *(_refusal(call, refused[call.id]) if call.id in refused else toolset.call(call) for call in calls)
        )
        messages: list[AnyMessage] = [
            ToolMessage(
                content=call["error"] or "This call could not be made.",
                tool_call_id=call["id"] or "",
                name=call["name"] or "",
                status="error",
            )
            for call in last.invalid_tool_calls
        ]
        verdicts: list[Verdict] = []
        for result in results:
            checked = await active.rails.check(result.content, origin=Origin.TOOL, vault=vault)
            content = "The result was withheld by a guard." if checked.blocked else inert(checked.text)
            safe = replace(result, content=content, error=result.error or checked.blocked)
            for verdict in checked.notable:
                emit(runtime, Guarded(verdict=verdict, source=result.name))
            emit(runtime, ToolReturned(result=safe))
            verdicts.extend(checked.notable)
            messages.append(
                ToolMessage(
                    content=safe.content,
                    tool_call_id=safe.call_id,
                    name=safe.name,
                    status="error" if safe.error else "success",
                )
            )
        return {
            "messages": messages,
            "verdicts": (*state.get("verdicts", ()), *verdicts),
            "vault": vault.kept(),
        }

    return node


async def _refusal(call: ToolCall, reason: str) -> ToolResult:
    return ToolResult(call_id=call.id, name=call.name, content=reason, error=True)
