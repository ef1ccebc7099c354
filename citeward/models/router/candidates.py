"""The models that may answer one question, and in what order they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from citeward.contracts.model import ModelInfo
from citeward.contracts.routing import Status
from citeward.models.router.load import trouble, weight


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What is left after the constraints."""

    infos: Mapping[str, ModelInfo]
    """By name, smallest first: those that may answer."""
    able: tuple[str, ...]
    """Of them, those that can do all that is wanted; the others are the last fallbacks."""
    lacks: dict[str, str]
    """Why the others must not be chosen, by name, in plain words."""
    seen: Mapping[str, Status]
    """How the servers are doing."""

    def tiers(self) -> list[str]:
        """Of the able ones, smallest first."""
        return list(dict.fromkeys(self.infos[name].tier for name in self.able))

    def best(self, tier: str) -> str:
        """The model for that tier: of it, or else of the next larger one or the nearest smaller one, with a server that
        is well; where none is, the one that can take a request soonest."""
        return min(self._by_nearness(self.able, tier), key=lambda name: weight(self.seen[name]))

    def fallbacks(self, chosen: str) -> tuple[str, ...]:
        """The others: able ones before the rest, well ones before full ones, the chosen one's own tier first."""
        others = self._by_nearness([name for name in self.infos if name != chosen], self.infos[chosen].tier)
        return tuple(sorted(others, key=lambda name: (name not in self.able, weight(self.seen[name]))))

    def passed_over(self, chosen: str) -> str:
        """Which models would have been there, and why they were not taken; empty where there is nothing to tell."""
        busy = {name: trouble(self.seen[name]) for name in self.able if name != chosen}
        told = [f"{name}: {why}" for name, why in (busy | self.lacks).items() if why]
        return f"; passed over: {'; '.join(told)}" if told else ""

    def _by_nearness(self, names: Sequence[str], tier: str) -> list[str]:
        """Models of the tier, then those of larger ones, then those of smaller ones, the nearest first."""
        tiers = list(dict.fromkeys(info.tier for info in self.infos.values()))
        place = tiers.index(tier)
        order = [*tiers[place:], *reversed(tiers[:place])]
        return sorted(names, key=lambda name: order.index(self.infos[name].tier))
