"""Prompts as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from citeward.contracts.model import Message


class Prompt(Protocol):
    """A template with a name and a version."""

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def version(self) -> str:
        """A version, together with the content hash."""
        ...

    def render(self, variables: Mapping[str, str], /) -> tuple[Message, ...]:
        """The messages; a missing or unknown variable raises InvalidInput naming it."""
        ...
