"""Tools and the values behind placeholders: which tools are given them, and what of their results models are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall

from citeward.contracts.tool import ToolSpec
from citeward.guardrails.encoded import hide_values
from citeward.guardrails.vault import Vault
from citeward.guardrails.work import checked


def refuse_personal_data(message: AIMessage, specs: Sequence[ToolSpec], vault: Vault) -> None:
    """Refuse the calls of `message` that name a placeholder to a tool that is given no values.

    Each becomes one of the message's invalid calls, and its error tells the model what to do instead.
    """
    masked = {spec.name for spec in specs if spec.personal_data == "masked"}
    calls = []
    for call in message.tool_calls:
        named = placeholders(call["args"], vault) if call["name"] in masked else []
        if not named:
            calls.append(call)
            continue
        error = (
            f"{call['name']} is given no personal data, and its arguments hold {', '.join(named)}. "
            "Call it without, or answer without the tool."
        )
        message.invalid_tool_calls.append(
            InvalidToolCall(type="invalid_tool_call", id=call["id"], name=call["name"], args="", error=error)
        )
    message.tool_calls = calls


def placeholders(arguments: Any, vault: Vault) -> list[str]:
    """Those of the vault's placeholders whose values a tool with these arguments would be given, in order."""
    written = json.dumps(arguments, ensure_ascii=False)
    found = [one for one in vault.dump() if one in written and vault.restore(one, in_addresses=True) != one]
    return [one for one in found if not one.startswith("<TEXT_")]


async def hidden(content: str, arguments: Mapping[str, Any], spec: ToolSpec | None, vault: Vault) -> str:
    """What models are shown of a result.

    Args:
        content: The result, after the guards.
        arguments: Of the call, as the model wrote them.
        spec: Of the tool; None if it is not known.
        vault: The thread's; takes the placeholders that are made.
    """
    if not len(vault):
        return content
    given = [] if spec is not None and spec.personal_data != "raw" else placeholders(dict(arguments), vault)
    said = json.dumps(dict(arguments), ensure_ascii=False)
    return await checked(lambda text: hide_values(text, vault, made_from=given, known=said), content)
