"""Dangerous calls before a person: where their arguments came from, and who asked for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from citeward.contracts.event import Interrupted, ToolCalled
from citeward.contracts.retrieval import Passage, Trust
from citeward.contracts.tool import Approval, ArgumentOrigin, Provenance, ToolCall, ToolSpec
from citeward.guardrails.vault import Vault
from citeward.nodes.context import Context, emit
from citeward.nodes.disclosure import restored
from citeward.tools.provenance import Said, Texts, provenance

REFUSED = "A person refused this call."


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A dangerous call, and where it came from."""

    call: ToolCall
    provenance: Provenance


def read(messages: Sequence[AnyMessage], passages: Sequence[Passage], vault: Vault, approval: Approval) -> Texts:
    """All that the user said and the model read, with the values behind their placeholders.

    What the model said in earlier answers is nobody's word: a value that stands there alone is the model's.
    """
    said = [Said(origin=ArgumentOrigin.TRUSTED, text="\n".join(approval.values))]
    for message in messages:
        if isinstance(message, HumanMessage):
            said.append(Said(origin=ArgumentOrigin.USER, text=vault.restore(message.text)))
        elif isinstance(message, ToolMessage):
            name = message.name or ""
            origin = ArgumentOrigin.TRUSTED if name in approval.tools else ArgumentOrigin.TOOL
            said.append(Said(origin=origin, text=vault.restore(message.text), name=name))
    for passage in passages:
        trusted = passage.trust is Trust.TRUSTED or any(fnmatchcase(passage.source, p) for p in approval.documents)
        origin = ArgumentOrigin.TRUSTED if trusted else ArgumentOrigin.DOCUMENT
        said.append(Said(origin=origin, text=passage.text, name=passage.source))
    return Texts(said)


def restored_calls(message: AIMessage, vault: Vault) -> list[ToolCall]:
    """The calls with the values behind their placeholders: tools run on the team's own side."""
    return [
        ToolCall(id=call["id"] or "", name=call["name"], arguments=restored(call["args"], vault))
        for call in message.tool_calls
    ]


def judge(calls: Sequence[ToolCall], specs: Sequence[ToolSpec], texts: Texts) -> list[Judged]:
    """The dangerous ones among the calls."""
    dangerous = {spec.name: spec for spec in specs if spec.dangerous}
    return [
        Judged(call=call, provenance=provenance(call, dangerous[call.name], texts))
        for call in calls
        if call.name in dangerous
    ]


def announce(
    message: AIMessage,
    specs: Sequence[ToolSpec],
    texts: Texts,
    vault: Vault,
    approval: Approval,
    runtime: Runtime[Context],
) -> None:
    """Release the calls, whole and parsed; say of dangerous ones that they wait for a person, and what speaks against
    them.

    Whoever approves must see what would be done, so the values stand behind no placeholder here.
    """
    calls = restored_calls(message, vault)
    for call in calls:
        emit(runtime, ToolCalled(call=call))
    for judged in judge(calls, specs, texts):
        if _is_refused(judged, approval):
            continue
        name, found = judged.call.name, judged.provenance
        emit(
            runtime,
            Interrupted(
                call=judged.call,
                reason=f"{name} needs a person's approval",
                sources=found.sources,
                warning=found.warning,
            ),
        )


def refusals(judged: Sequence[Judged], approval: Approval) -> Mapping[str, str]:
    """Why a dangerous call does not run, by its id; waits for a person where one may run.

    The run stops with a LangGraph interrupt whose value is ``{"approve": [{"id", "name", "arguments", "sources",
    "warning"}, …]}``. What it goes on with is ``Command(resume={"approved": [id, …], "unasked": [id, …]})``: a call
    with a warning runs only where `unasked` names it, so that whoever never shows a warning never approves one.
    """
    refused = {one.call.id: f"Refused: {one.provenance.warning}." for one in judged if _is_refused(one, approval)}
    waiting = [one for one in judged if one.call.id not in refused]
    if not waiting:
        return refused
    decision = interrupt({"approve": [_request(one) for one in waiting]})
    for one in waiting:
        if one.call.id not in _ids(decision, "unasked" if one.provenance.unasked else "approved"):
            refused[one.call.id] = REFUSED
    return refused


def _is_refused(judged: Judged, approval: Approval) -> bool:
    return judged.provenance.unasked and approval.unasked == "refuse"


def _request(judged: Judged) -> dict[str, Any]:
    call, found = judged.call, judged.provenance
    return {
        "id": call.id,
        "name": call.name,
        "arguments": dict(call.arguments),
        "sources": [{"argument": s.argument, "origin": str(s.origin), "name": s.name} for s in found.sources],
        "warning": found.warning,
    }


def _ids(decision: Any, key: str) -> frozenset[str]:
    """The ids that a person named; none where what came back is not of the form."""
    named = decision.get(key, ()) if isinstance(decision, dict) else ()
    return frozenset(one for one in named if isinstance(one, str)) if isinstance(named, list | tuple) else frozenset()
