"""An agent's threads: whose they are, what they are called, and what was said in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable
from urllib.parse import unquote

from langchain_core.messages import AIMessage, HumanMessage

from citeward.contracts.principal import Principal
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
            told.append(Said(by="user", text=vault.restore(message.text)))
        elif isinstance(message, AIMessage) and message.text:
            told.append(Said(by="agent", text=vault.restore(message.text)))
    return told
