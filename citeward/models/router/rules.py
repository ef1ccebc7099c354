"""Hard constraints first, then the smallest tier that is left."""

from __future__ import annotations

from collections.abc import Mapping

from citeward.contracts.model import Location, ModelInfo
from citeward.contracts.routing import Features, Route
from citeward.errors import NotFound


class RuleRouter:
    """Leaves out the models that must not or cannot answer, and takes the first of the rest.

    Args:
        models: What is configured, by name, smallest first.
    """

    def __init__(self, models: Mapping[str, ModelInfo]) -> None:
        self._models = models

    async def choose(self, features: Features, /) -> Route:
        """The first model that may answer; the others that may are its fallbacks, in order."""
        lacks = {name: _lack(info, features) for name, info in self._models.items()}
        fit = [name for name, lack in lacks.items() if not lack]
        if not fit:
            told = "; ".join(f"{name}: {lack}" for name, lack in lacks.items())
            raise NotFound(
                f"no model may answer this question ({told or 'none is configured'})",
                hint="Add a model under [models] in citeward.toml, or allow another tier in the agent's file.",
            )
        if features.tools_in_progress in fit:
            chosen, reason = str(features.tools_in_progress), "it keeps the tool loop that it began"
        else:
            chosen = fit[0]
            left_out = [f"{name}: {lack}" for name, lack in lacks.items() if lack]
            reason = "the smallest model that may answer" + (f" ({'; '.join(left_out)})" if left_out else "")
        return Route(
            tier=self._models[chosen].tier,
            model=chosen,
            fallbacks=tuple(name for name in fit if name != chosen),
            reason=reason,
        )


def _lack(info: ModelInfo, features: Features) -> str:
    """Why the model must not answer; empty where it may."""
    if features.tiers and info.tier not in features.tiers:
        return f"tier {info.tier!r} is not allowed"
    if features.private and info.location is Location.REMOTE:
        return "the question must stay local"
    if features.prompt_tokens > info.window:
        return f"its window of {info.window:,} tokens is too small"
    return ""
