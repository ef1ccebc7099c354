"""What OpenAI's clients send.

An agent decides by itself which model answers, how it is sampled and which tools it has; its file says so. What a
client says of the sampling (`temperature`, `max_tokens`, `seed`, `stop` and the like) or of bookkeeping (`user`,
`metadata`, `store`) is therefore not heard. What would change the form of the answer, or whose work it is, is refused:
a client that asked for it could not read what it got instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from citeward.errors import InvalidInput


def _joined(content: Any) -> Any:
    """A content that comes in parts as one text, each part on lines of its own; nothing as an empty one."""
    if not isinstance(content, list):
        return "" if content is None else content
    texts: list[str] = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise ValueError('parts other than {"type": "text", "text": "…"} cannot be read')
        texts.append(part["text"])
    return "\n".join(texts)


class ChatMessage(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_joined)] = ""


class StreamOptions(BaseModel):
    """How a stream is sent."""

    include_usage: bool = Field(False, description="a last chunk with the usage")


class ChatRequest(BaseModel):
    """The body of `/v1/chat/completions`."""

    model_config = ConfigDict(extra="allow")

    model: str | None = Field(None, description="an agent's name; the default agent where it is left out")
    messages: list[ChatMessage] = Field(min_length=1, max_length=10_000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None

    @property
    def question(self) -> str:
        """The last message. Raises InvalidInput where it is not the user's."""
        last = self.messages[-1]
        if last.role != "user":
            raise InvalidInput(
                f"the last message is the {last.role}'s",
                hint="End the messages with the user's, which is the question.",
            )
        return last.content

    @property
    def history(self) -> tuple[AnyMessage, ...]:
        """The messages before the question; those that say nothing left out."""
        return tuple(_KINDS[m.role](content=m.content) for m in self.messages[:-1] if m.content.strip())

    def refuse_unsupported(self) -> None:
        """Raise InvalidInput where the client asks for what an agent does not do."""
        asked: Mapping[str, Any] = self.model_extra or {}
        for name, harmless in _HARMLESS.items():
            if (value := asked.get(name)) is not None and value not in harmless:
                raise InvalidInput(
                    f"{name} = {str(value)[:80]!r} is not supported", hint=_INSTEAD.get(name, f"Leave {name} out.")
                )


_KINDS: Mapping[str, Callable[..., AnyMessage]] = {
    "user": HumanMessage,
    "assistant": AIMessage,
    "system": SystemMessage,
    "developer": SystemMessage,
}
_HARMLESS: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "web_search_options": (),
}
"""What would change the answer's form, and which values of it change nothing."""
_TOOLS = "The agent's file says which tools it has, and the agent runs them; leave it out."
_INSTEAD: Mapping[str, str] = {
    "n": "Ask again for another answer.",
    "tools": _TOOLS,
    "functions": _TOOLS,
    "tool_choice": _TOOLS,
    "function_call": _TOOLS,
    "response_format": "The answer is text with citations; leave it out.",
}
