"""Sixth node: runs the tools that the model asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import SecretStr

from citeward.contracts.event import Guarded, ToolReturned
from citeward.contracts.guardrail import Origin, Verdict
from citeward.contracts.tool import ToolCall, ToolResult, Toolset
from citeward.guardrails.vault import Vault
from citeward.nodes.context import Context, context_of, emit
from citeward.nodes.disclosure import restored
from citeward.nodes.services import Services


class ActState(TypedDict, total=False):
    """What the node reads and writes."""

    messages: list[AnyMessage]
    verdicts: tuple[Verdict, ...]
    vault: dict[str, SecretStr]


def act(services: Services) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Run the calls of the last message side by side; a dangerous one waits for a person's approval first.

    The run stops with a LangGraph interrupt whose value is ``{"approve": [{"id", "name", "arguments"}, …]}`` and goes
    on with ``Command(resume={"approved": [id, …]})``. A call that is not approved is answered as refused, and the
    model reads that.
    """

    async def node(state: ActState, runtime: Runtime[Context]) -> dict[str, Any]:
        context = context_of(runtime)
        active = context.services or services
        last = state["messages"][-1]
        if not isinstance(last, AIMessage) or active.tools is None:
            return {}
        toolset = active.tools(context.principal)
        vault = Vault.load(state.get("vault") or {})
        calls = [
            # Tools run on the team's own side.
            ToolCall(id=call["id"] or "", name=call["name"], arguments=restored(call["args"], vault))
            for call in last.tool_calls
        ]
        refused = _refused(toolset, calls)
        results = await asyncio.gather(
            *(_refusal(call) if call.id in refused else toolset.call(call) for call in calls)
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
            content = "The result was withheld by a guard." if checked.blocked else checked.text
            safe = replace(result, content=content, error=result.error or checked.blocked)
            for verdict in checked.notable:
                emit(runtime, Guarded(verdict=verdict))
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


def _refused(toolset: Toolset, calls: list[ToolCall]) -> frozenset[str]:
    """Ids of the dangerous calls that a person did not approve; waits for the person where there are any."""
    dangerous = {spec.name for spec in toolset.specs() if spec.dangerous}
    waiting = [call for call in calls if call.name in dangerous]
    if not waiting:
        return frozenset()
    decision = interrupt({"approve": [{"id": c.id, "name": c.name, "arguments": dict(c.arguments)} for c in waiting]})
    approved = set(decision.get("approved", ())) if isinstance(decision, dict) else set()
    return frozenset(call.id for call in waiting if call.id not in approved)


async def _refusal(call: ToolCall) -> ToolResult:
    return ToolResult(call_id=call.id, name=call.name, content="A person refused this call.", error=True)
