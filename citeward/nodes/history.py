"""What a caller says was said before its question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from citeward.contracts.guardrail import Origin, Verdict
from citeward.guardrails.policy import Rails
from citeward.guardrails.vault import Vault
from citeward.nodes.conversation import HISTORY
from citeward.nodes.usable import refuse_unusable


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The history as the thread takes it, and what the guards said of it."""

    messages: tuple[AnyMessage, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    """Other than to let a message pass."""


async def guarded_history(history: Sequence[AnyMessage], rails: Rails, vault: Vault) -> Earlier:
    """The last `HISTORY` messages, checked as the user's words, whoever is said to have said them.

    Whoever tells a history could have made it up. So nothing in it is trusted: a system message becomes the user's,
    and what a guard masks or blocks in a question it masks or blocks here. A message that is blocked is left out
    together with the answers to it, as a thread has none of a question that was blocked.
    """
    kept: list[AnyMessage] = []
    verdicts: list[Verdict] = []
    answered = True
    for message in history[-HISTORY:]:
        answer = isinstance(message, AIMessage)
        if answer and not answered:
            continue
        checked = await rails.check(message.text, origin=Origin.USER, vault=vault)
        verdicts += checked.notable
        answered = answer or not checked.blocked
        if not checked.blocked:
            kept.append(AIMessage(content=checked.text) if answer else HumanMessage(content=checked.text))
    return Earlier(messages=tuple(kept), verdicts=tuple(verdicts))


def refuse_unusable_history(history: Sequence[AnyMessage], limit: int) -> None:
    """Raise where one of the user's messages would not have been taken as a question either.

    Raises:
        InvalidInput, InputTooLong: As `refuse_unusable` does; what an assistant said may be of any length.
    """
    for message in history[-HISTORY:]:
        longest = None if isinstance(message, AIMessage) else limit
        refuse_unusable(message.text, what="a message of the history", limit=longest)
