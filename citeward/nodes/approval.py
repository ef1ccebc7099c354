"""Dangerous calls before a person: where their arguments came from, and who asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.errors import GraphInterrupt
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from citeward.contracts.event import Interrupted, ToolCalled
from citeward.contracts.retrieval import Passage, Trust
from citeward.contracts.tool import Approval, ArgumentOrigin, Provenance, ToolCall, ToolSpec
from citeward.guardrails.vault import Vault
from citeward.nodes.context import Context, emit
from citeward.nodes.disclosure import restored
from citeward.nodes.journal import TrackedCall
from citeward.tools.provenance import Said, Texts, provenance

REFUSED = "A person refused this call."
UNCERTAIN = "the run was cut off while this call was being made, so it may have taken effect already"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A call that a person has to approve, and where it came from."""

    call: ToolCall
    provenance: Provenance
    uncertain: bool = False
    """Whether it may have been made already."""
    key: str = ""
    """Names this one request for approval."""

    @property
    def warning(self) -> str:
        """What the person must have read before the call may run; empty when nothing speaks against it."""
        reasons = (UNCERTAIN if self.uncertain else "", self.provenance.warning)
        return "; ".join(reason for reason in reasons if reason)


def read(messages: Sequence[AnyMessage], passages: Sequence[Passage], vault: Vault, approval: Approval) -> Texts:
    """All that the user said and the model read, with the values behind their placeholders.

    What the model said in earlier answers is nobody's word: a value that stands there alone is the model's.
    """
    said = [Said(origin=ArgumentOrigin.TRUSTED, text="\n".join(approval.values))]
    for message in messages:
        if isinstance(message, HumanMessage):
            said.append(Said(origin=ArgumentOrigin.USER, text=vault.restore(message.text, in_addresses=True)))
        elif isinstance(message, ToolMessage):
            name = message.name or ""
            origin = ArgumentOrigin.TRUSTED if name in approval.tools else ArgumentOrigin.TOOL
            said.append(Said(origin=origin, text=vault.restore(message.text, in_addresses=True), name=name))
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


def judge(
    calls: Sequence[ToolCall], specs: Sequence[ToolSpec], texts: Texts, known: Sequence[TrackedCall] = ()
) -> list[Judged]:
    """Those of the calls that a person has to approve: calls of dangerous tools, and calls that may have been made
    already. A call whose result is recorded is not made, and needs nobody."""
    by_name = {spec.name: spec for spec in specs}
    records = {one.call.id: one for one in known}
    judged = []
    for call in calls:
        spec = by_name.get(call.name)
        record = records.get(call.id) or TrackedCall(call=call)
        if spec is None or record.record.result is not None or not (spec.dangerous or record.uncertain):
            continue
        found = provenance(call, spec, texts)
        judged.append(Judged(call=call, provenance=found, uncertain=record.uncertain, key=record.approval))
    return judged


def announce(message: AIMessage, vault: Vault, runtime: Runtime[Context]) -> None:
    """Release the calls, whole and parsed. Whoever reads them must see what would be done, so the values stand behind
    no placeholder here."""
    for call in restored_calls(message, vault):
        emit(runtime, ToolCalled(call=call))


def refusals(
    judged: Sequence[Judged], approval: Approval, tell: Callable[[Interrupted], None] = lambda _: None
) -> Mapping[str, str]:
    """Why a call does not run, by its id; waits for a person when one may run.

    The run stops with a LangGraph interrupt whose value is ``{"approve": [{"id", "key", "name", "arguments",
    "sources", "warning"}, …]}``. What it goes on with is ``Command(resume={"approved": [id or key, …], "unasked":
    [id or key, …]})``: a call with a warning runs only when `unasked` names it, so that whoever never shows a warning
    never approves one.

    A reply counts for the request that it answers and for no other. A key names one request: one call with these
    arguments, before it was made. An id names the call while it was not begun; from then on a reply must name the key
    (under ``answered``, when it refuses), because a reply that is sent twice would make the call twice.

    Args:
        judged: The calls that a person has to approve.
        approval: What is done about calls that nobody asked for.
        tell: Is given each request when the run really stops for it.
    """
    refused = {one.call.id: f"Refused: {one.provenance.warning}." for one in judged if _is_refused(one, approval)}
    waiting = [one for one in judged if one.call.id not in refused]
    while waiting:
        decision = _decision(waiting, tell)
        answered = [one for one in waiting if _answers(decision, one)]
        for one in answered:
            if not _ids(decision, "unasked" if one.warning else "approved") & {one.key, _plain_id(one)}:
                refused[one.call.id] = REFUSED
        waiting = [one for one in waiting if one not in answered]
    return refused


def _decision(waiting: Sequence[Judged], tell: Callable[[Interrupted], None]) -> Any:
    try:
        return interrupt({"approve": [_request(one) for one in waiting]})
    except GraphInterrupt:
        for one in waiting:
            reason = f"{one.call.name} needs a person's approval"
            tell(
                Interrupted(
                    call=one.call, reason=reason, sources=one.provenance.sources, warning=one.warning, key=one.key
                )
            )
        raise


def _answers(decision: Any, one: Judged) -> bool:
    """Whether a person's reply is about this request."""
    named = _ids(decision, "approved") | _ids(decision, "unasked") | _ids(decision, "answered")
    if one.key in named:
        return True
    return not one.uncertain and not (isinstance(decision, dict) and "answered" in decision)


def _plain_id(one: Judged) -> str:
    """The id under which the request can be approved; of a call that was begun, only its key."""
    return one.key if one.uncertain else one.call.id


def _is_refused(judged: Judged, approval: Approval) -> bool:
    return judged.provenance.unasked and approval.unasked == "refuse"


def _request(judged: Judged) -> dict[str, Any]:
    call, found = judged.call, judged.provenance
    return {
        "id": call.id,
        "key": judged.key,
        "name": call.name,
        "arguments": dict(call.arguments),
        "sources": [{"argument": s.argument, "origin": str(s.origin), "name": s.name} for s in found.sources],
        "warning": judged.warning,
    }


def _ids(decision: Any, key: str) -> frozenset[str]:
    """The ids that a person named; none where what came back is not of the form."""
    named = decision.get(key, ()) if isinstance(decision, dict) else ()
    return frozenset(one for one in named if isinstance(one, str)) if isinstance(named, list | tuple) else frozenset()
