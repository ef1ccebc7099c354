"""An agent's threads: whose they are, what they are called, and what was said in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable
from urllib.parse import unquote

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.types import Interrupt

from citeward.contracts.principal import Principal
from citeward.errors import NotFound
from citeward.guardrails.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Thread:
    """One thread."""

    name: str
    changed: datetime
    """When something was last said in it."""

    @classmethod
    def of(cls, stored: Stored, prefix: str) -> Thread:
        """The thread as its owner names it."""
        return cls(name=unquote(stored.thread_id.removeprefix(prefix)), changed=stored.changed)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that was said."""

    by: Literal["user", "agent"]
    text: str


class Stored(Protocol):
    """A thread as the checkpointer knows it."""

    @property
    def thread_id(self) -> str:
        """With the scope in it."""
        ...

    @property
    def changed(self) -> datetime:
        """When its last checkpoint was written."""
        ...


@runtime_checkable
class Lists(Protocol):
    """A checkpointer that knows which threads it has."""

    async def stored(self, prefix: str) -> Sequence[Stored]:
        """Those whose id begins so, the last changed first."""
        ...


def requests_of(interrupts: Sequence[Interrupt]) -> list[Mapping[str, Any]]:
    """The requests for approval that a thread waits with; those of an app's own nodes are left out."""
    values = [interrupt.value for interrupt in interrupts]
    return [one for value in values if isinstance(value, Mapping) for one in value.get("approve", ())]


def reply_to(
    requests: Sequence[Mapping[str, Any]], approved: Sequence[str], unasked: Sequence[str]
) -> dict[str, list[str]]:
    """A person's reply as the graph takes it: by the keys of the requests that wait now, so that it answers no other.

    Raises:
        NotFound: A call is named that does not wait.
    """
    if not requests:  # an app's own node waits, and knows what the words mean
        return {"approved": list(approved), "unasked": list(unasked)}
    keys = {str(name): _key(one) for one in requests for name in (one["id"], _key(one))}
    if unknown := [name for name in (*approved, *unasked) if name not in keys]:
        raise NotFound(
            f"no call {unknown[0]!r} waits for approval in this thread",
            hint=f"These do: {', '.join(str(one['id']) for one in requests)}.",
        )
    return {
        "approved": [keys[name] for name in approved],
        "unasked": [keys[name] for name in unasked],
        "answered": sorted({_key(one) for one in requests}),
    }


def _key(request: Mapping[str, Any]) -> str:
    """Names the request; one that an older version stored has only its call's id, and is asked once more."""
    return str(request.get("key") or request["id"])


def scoped_thread(principal: Principal, agent: str, thread_id: str) -> str:
    """The checkpointer's thread id: the same name in another tenant, for another subject or agent is another thread."""
    parts = (principal.tenant, principal.subject, agent, thread_id)
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def said(state: Mapping[str, Any]) -> list[Said]:
    """What the user and the agent said, in order; tool calls and their results are left out."""
    vault = Vault.load(state.get("vault") or {})
    told: list[Said] = []
    for message in state.get("messages") or ():
        if isinstance(message, HumanMessage):
            told.append(Said(by="user", text=vault.restore(message.text, in_addresses=True)))
        elif isinstance(message, AIMessage) and message.text:
            told.append(Said(by="agent", text=vault.restore(message.text)))
    return told
