"""One prompt: messages with `{{variables}}`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from citeward.contracts.model import Message
from citeward.declarations import read_yaml
from citeward.errors import InvalidInput

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


class TemplateMessage(BaseModel):
    """One message, its content with `{{variables}}` in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class Template(BaseModel):
    """A prompt file. Values are put in as they are: a value that looks like a variable stays text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="its name in the registry")
    version: str = Field(pattern=r"^\d+(\.\d+)*$", description="raised with every change")
    description: str = ""
    variables: tuple[str, ...] = ()
    messages: tuple[TemplateMessage, ...] = Field(min_length=1)
    examples: tuple[TemplateMessage, ...] = ()
    """Few-shot turns, put after the messages, to the letter."""

    @model_validator(mode="after")
    def _variables_are_declared_and_used(self) -> Template:
        used = {name for message in self.messages for name in _VARIABLE.findall(message.content)}
        if undeclared := sorted(used - set(self.variables)):
            raise ValueError(f"variable {undeclared[0]!r} is used but not listed under `variables`")
        if unused := sorted(set(self.variables) - used):
            raise ValueError(f"variable {unused[0]!r} is listed but never used")
        return self

    @property
    def content_hash(self) -> str:
        """sha256 over everything that a model sees, 12 hex digits."""
        seen = json.dumps([m.model_dump() for m in (*self.messages, *self.examples)], sort_keys=True)
        return hashlib.sha256(seen.encode()).hexdigest()[:12]

    def render(self, variables: Mapping[str, str], /) -> tuple[Message, ...]:
        """The messages with the variables put in.

        Raises:
            InvalidInput: A variable is missing, or one is given that the prompt does not have.
        """
        if missing := sorted(set(self.variables) - set(variables)):
            raise InvalidInput(
                f"prompt {self.name!r} needs the variable {missing[0]!r}",
                hint=f"Give all of: {', '.join(self.variables)}.",
            )
        if unknown := sorted(set(variables) - set(self.variables)):
            raise InvalidInput(
                f"prompt {self.name!r} has no variable {unknown[0]!r}",
                hint=f"It has: {', '.join(self.variables) or 'none'}.",
            )
        filled = [
            Message(role=m.role, content=_VARIABLE.sub(lambda found: variables[found[1]], m.content))
            for m in self.messages
        ]
        return (*filled, *(Message(role=m.role, content=m.content) for m in self.examples))


def read_template(path: Path) -> Template:
    """The prompt file at `path`; ProjectError with file and line where it is wrong."""
    return read_yaml(path, Template)
