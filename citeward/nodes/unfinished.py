"""What a turn has said and not released yet when one of its model calls ends in tool calls.

The sink shows one text a turn, however many calls wrote it, so the guards and the citations read one text too: the next
call goes on from here, in this process or, after an approval or a crash, in another one.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessage, AnyMessage
from pydantic import SecretStr

from citeward.citations.stream import Sentences
from citeward.guardrails.masker import masked
from citeward.guardrails.stream import Progress
from citeward.guardrails.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """How far a turn's streams have come; all empty before its first model call, and again when it has ended.

    It holds raw model text. A graph's state keeps it as it keeps a vault's values: as a SecretStr, which tracers,
    callbacks and debug output do not show, and which is encrypted where checkpoints are.
    """

    text: Progress = field(default_factory=Progress)
    thoughts: Progress = field(default_factory=Progress)
    sentences: Sentences = field(default_factory=Sentences)
    unreleased: str = ""
    """What would leave if the turn ended here."""

    @classmethod
    def load(cls, kept: SecretStr | None, /) -> Unfinished:
        """What `kept` gave."""
        if kept is None or not kept.get_secret_value():
            return cls()
        values = json.loads(kept.get_secret_value())
        text, begin = values["sentences"].pop("pending")
        return cls(
            text=_progress(values["text"]),
            thoughts=_progress(values["thoughts"]),
            sentences=Sentences(pending=(text, begin), **values["sentences"]),
            unreleased=values["unreleased"],
        )

    def kept(self) -> SecretStr:
        """The same for a graph's state."""
        return SecretStr(json.dumps(dataclasses.asdict(self)))


def _progress(values: dict[str, object]) -> Progress:
    given, released = values["given"], values["released"]
    assert isinstance(given, list) and isinstance(released, str)
    return Progress(given=tuple(given), released=released)


def completed(messages: Sequence[AnyMessage], unfinished: Unfinished, vault: Vault) -> list[AnyMessage]:
    """The messages of the thread with what the last model call has said and not released: a model reads its own words
    whole."""
    at = _last_answer(messages)
    if at is None or not unfinished.unreleased:
        return list(messages)
    return [*messages[:at], _longer(messages[at], unfinished.unreleased, vault), *messages[at + 1 :]]


def settled(
    messages: Sequence[AnyMessage], unfinished: Unfinished, released: str, vault: Vault
) -> tuple[list[AnyMessage], str]:
    """Where the text that a model call has released belongs: what the call before it had held back, to that call.

    Args:
        messages: The thread before the call.
        unfinished: What the call went on from.
        released: What was released while it lasted.
        vault: The thread's.

    Returns:
        The message of the call before, if it has changed, and the text that is the call's own.
    """
    at = _last_answer(messages)
    if at is None or not unfinished.unreleased or not released.startswith(unfinished.unreleased):
        return [], released
    return [_longer(messages[at], unfinished.unreleased, vault)], released[len(unfinished.unreleased) :]


def _last_answer(messages: Sequence[AnyMessage]) -> int | None:
    return next((at for at in range(len(messages) - 1, -1, -1) if isinstance(messages[at], AIMessage)), None)


def _longer(message: AnyMessage, more: str, vault: Vault) -> AnyMessage:
    return message.model_copy(update={"content": masked(vault.restore(message.text, in_addresses=True) + more, vault)})
