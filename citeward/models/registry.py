"""The models of a project, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from citeward.contracts.model import Model, ModelInfo
from citeward.errors import NotFound
from citeward.models.health import TIMEOUT, Health, HealthState, Probe
from citeward.models.lazy import LazyModel, close


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model of a registry. Making one loads and connects to nothing."""

    model: Model
    """A `LazyModel` where making it is heavy."""
    provider: str
    """As the settings name it: `openai`, `vllm`, `langchain`…"""
    served: str = ""
    """The model's name at its provider; empty where it has none but its own."""
    in_process: bool = False
    """Whether its memory is this process's (or a child's), not a server's."""
    probe: Probe | None = None
    """Looks whether its server is there; None for a model that has none."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A model as people and clients are shown it; nothing secret is in it."""

    info: ModelInfo
    provider: str
    served: str
    health: Health | None
    """None where nobody asked."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: flat, prices in US dollars per million tokens."""
        info, health = self.info, self.health
        return {
            "name": info.name,
            "provider": self.provider,
            "model": self.served,
            "description": info.description,
            "tier": info.tier,
            "location": str(info.location),
            "window": info.window,
            "input_price": info.input_price,
            "output_price": info.output_price,
            "tools": info.tools,
            "schemas": info.schemas,
            "health": None
            if health is None
            else {"state": str(health.state), "detail": health.detail, "latency_ms": health.latency_ms},
        }


class Registry(Mapping[str, Model]):
    """Models by name, in the order of their sizes as the settings give it.

    A model that is heavy is there from the beginning, with its `info`, and is loaded by its first call.

    Args:
        entries: By name.

    Example:
        >>> from citeward.testing.scripted import ScriptedModel
        >>> registry = Registry({"small": Entry(model=ScriptedModel("Yes."), provider="test")})
        >>> list(registry), registry["small"].info.tier
        (['small'], 'small')
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Model:
        return self._entries[name].model

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Registry({', '.join(self._entries)})"

    def entry(self, name: str) -> Entry:
        """The model with what is known of where it comes from. Raises NotFound with the names there are."""
        if name not in self._entries:
            raise NotFound(f"no model {name!r}", hint=f"Models: {', '.join(self._entries) or 'none'}.")
        return self._entries[name]

    async def health(self, name: str, *, within: float = TIMEOUT) -> Health:
        """Whether the model can be asked now; looking loads nothing and costs no tokens.

        Args:
            name: The model's.
            within: Seconds that its server has.

        Raises:
            NotFound: No such model. What is wrong with a model is an answer, and no error.
        """
        entry = self.entry(name)
        model = entry.model
        if isinstance(model, LazyModel) and model.error is not None:
            return Health(state=HealthState.FAILED, detail=model.error.message)
        if entry.probe is not None:
            return await entry.probe(within)
        if isinstance(model, LazyModel) and not model.loaded:
            return Health(state=HealthState.NOT_LOADED, detail="loaded by its first call")
        return Health(state=HealthState.READY)

    async def listing(self, *, health: bool = True, within: float = TIMEOUT) -> list[Listing]:
        """Every model, in order; all servers are asked at the same time.

        Args:
            health: Whether to ask them at all.
            within: Seconds that each server has.
        """
        found: list[Health | None] = [None] * len(self)
        if health:
            found = list(await asyncio.gather(*(self.health(name, within=within) for name in self)))
        return [
            Listing(info=entry.model.info, provider=entry.provider, served=entry.served, health=one)
            for entry, one in zip(self._entries.values(), found, strict=True)
        ]

    async def aclose(self) -> None:
        """Give back what the models hold; those that were never loaded hold nothing."""
        for entry in self._entries.values():
            await close(entry.model)
