"""What stands in a prompt: the question, the passages, the tools' results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from citeward.contracts.context import FencedPassage, fenced, fenced_result
from citeward.contracts.model import Message
from citeward.text.followup import leans

_QUESTION = re.compile(r"(?:\A|\n)[ \t]*Question:[ \t]*")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A prompt as the extractive model reads it."""

    question: str
    """As it was asked last; one that leans on the question before it comes after that one."""
    passages: tuple[FencedPassage, ...]
    results: tuple[Message, ...]
    """Tool messages after the question, out of their fences."""

    @property
    def told(self) -> tuple[Message, ...]:
        """Results of tools that did their work."""
        return tuple(message for message in self.results if not message.error)


def read(messages: Sequence[Message]) -> Reading:
    """The last question with its passages and results.

    The passages are those of the system messages; a user's message is read for them only where no system message has
    any, so that nobody puts passages of their own in the place of the documents by typing them.
    """
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    question = messages[last].content if last >= 0 else ""
    passages = next((found for m in reversed(messages) if m.role == "system" and (found := fenced(m.content))), [])
    if not passages and (passages := fenced(question)):
        _, _, after = question.rpartition("</passages ")
        after = after.partition(">")[2]
        question = _QUESTION.split(after, maxsplit=1)[-1]
    question = question.strip()
    earlier = [message.content for message in messages[: max(last, 0)] if message.role == "user"]
    if earlier and leans(question):
        question = f"{earlier[-1]} {question}"
    results = tuple(
        replace(message, content=fenced_result(message.content))
        for message in messages[last + 1 :]
        if message.role == "tool"
    )
    return Reading(question=question, passages=tuple(passages), results=results)


def told(message: Message) -> str:
    """A tool's result as a sentence: as it is where it is one already."""
    content = message.content.strip()
    if message.error:
        return f"{message.name or 'The tool'} failed: {content}"
    if not content:
        return f"{message.name or 'The tool'} gave no result."
    if "\n" in content:
        return f"The result of {message.name or 'the tool'}:\n\n{content}"
    if content.endswith((".", "!", "?")) and " " in content:
        return content
    return f"The result of {message.name or 'the tool'} is {content}."
