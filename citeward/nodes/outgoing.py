"""What a model's text is made from, as the guards are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from citeward.contracts.guardrail import Outgoing
from citeward.contracts.model import Message
from citeward.guardrails.vault import Vault
from citeward.nodes.services import Services


def outgoing(services: Services, state: Mapping[str, Any], *, turn: Sequence[AnyMessage] = ()) -> Outgoing:
    """The prompt, the question, the passages, and whatever else the user or a tool has said.

    Args:
        services: Whose prompt.
        state: Of the run: `question`, `passages`, `citations`, `messages` and `vault`.
        turn: The messages of this turn so far.
    """
    # What the model itself has said in this turn is no reason to say it, or more of it, again.
    own = {id(message) for message in turn if isinstance(message, AIMessage)}
    rendered = services.prompt.render({"passages": ""})
    return Outgoing(
        prompt="\n\n".join(message.content for message in rendered if message.role == "system"),
        question=state["question"],
        passages=tuple(passage.text for passage in state.get("passages", ())),
        results=tuple(message.text for message in turn if isinstance(message, ToolMessage)),
        allowed=(
            *Vault.load(state.get("vault") or {}).dump().values(),
            *(passage.source for passage in state.get("passages", ())),
            *(message.text for message in state.get("messages", ()) if id(message) not in own),
        ),
        citations=tuple(state.get("citations", ())),
        sources=services.store is not None,
    )


def this_turn(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """The messages from the last question on."""
    begin = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    return messages[begin:]


def marked(messages: Sequence[Message], mark: str) -> tuple[Message, ...]:
    """The prompt with a guard's mark at the end of its last system message; as it is where there is none."""
    places = [at for at, message in enumerate(messages) if message.role == "system"]
    if not mark or not places:
        return tuple(messages)
    last = places[-1]
    with_mark = replace(messages[last], content=f"{messages[last].content}\n\n{mark}")
    return (*messages[:last], with_mark, *messages[last + 1 :])
