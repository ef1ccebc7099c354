"""The router as citeward.toml has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from citeward.contracts.model import ModelInfo
from citeward.contracts.retrieval import Embedder
from citeward.contracts.routing import Budget, Monitor, Scorer
from citeward.models.router.difficulty import HeuristicScorer, LearnedScorer
from citeward.models.router.fitted import read_fitted
from citeward.models.router.rules import RuleRouter
from citeward.settings import RouterSettings


def build_router(
    settings: RouterSettings,
    models: Mapping[str, ModelInfo],
    *,
    root: Path,
    embedder: Embedder | None = None,
    monitor: Monitor | None = None,
    budget: Budget | None = None,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> RuleRouter:
    """The router over these models.

    Args:
        settings: The section `[router]`.
        models: By name, smallest first.
        root: The project's folder, which the fitted file's path is relative to.
        embedder: On this machine; read where the fitted file wants a question's vector and the search made none.
        monitor: Knows how the models' servers are doing.
        budget: Knows what may still be spent.
        allowed: By tenant, the models and tiers that it may use.

    Raises:
        ProjectError: The fitted file is missing or of another version.
        SettingsError: It was fitted with another embedder.
    """
    scorer: Scorer = HeuristicScorer()
    if settings.fitted is not None:
        scorer = LearnedScorer(read_fitted(root / settings.fitted), embedder)
    return RuleRouter(
        models,
        scorer=scorer,
        threshold=settings.threshold,
        monitor=monitor,
        budget=budget,
        allowed=allowed,
        sticky=settings.sticky,
    )
