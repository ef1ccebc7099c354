"""What every table of citeward.toml is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Discriminator


class Section(BaseModel):
    """A table of citeward.toml: frozen, and no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def by(field: str, default: str) -> Discriminator:
    """Tells the sections of a union apart by a field, which may be left out."""

    def tag(value: Any) -> str:
        return str(value.get(field, default) if isinstance(value, Mapping) else getattr(value, field, default))

    return Discriminator(tag)
