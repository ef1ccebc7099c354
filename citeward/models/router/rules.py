"""A chain of small rules, and one judge of difficulty at its end.

1. Constraints leave out the models that must not or cannot answer: privacy, tiers, the tenant's list, window, schema,
   budget. Where tools are on offer, those that cannot call them are the last fallbacks.
2. A tool loop in progress keeps its model.
3. A thread keeps its model while that one's server is well.
4. Servers that are down or full are left alone while another one can answer.
5. Difficulty decides between the tiers that are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from citeward.contracts.model import ModelInfo
from citeward.contracts.routing import Budget, Features, Monitor, Route, Scorer
from citeward.errors import BudgetSpent, InvalidInput, NotFound
from citeward.models.router.candidates import Candidates
from citeward.models.router.constraints import cost, dear, lack, toolless
from citeward.models.router.difficulty import HeuristicScorer
from citeward.models.router.load import statuses, trouble


class RuleRouter:
    """Leaves out what must not or cannot answer, and takes the smallest tier that the question's difficulty allows.

    Args:
        models: What is configured, by name, smallest first; a tier is as small as its first model.
        scorer: Judges difficulty; rules of thumb where None.
        threshold: The difficulty, 0..1, from which a larger tier answers; the scorer's own where None. Where there are
            more than two tiers, the larger ones share the rest of the scale evenly.
        monitor: Knows how the models' servers are doing; None takes all to be well.
        budget: Knows what may still be spent; None for no limit.
        allowed: By tenant, the names of the models and tiers that it may use; a tenant that is not there may use all.
        sticky: Whether a thread keeps its model.

    Raises:
        InvalidInput: The threshold is out of range.
    """

    def __init__(
        self,
        models: Mapping[str, ModelInfo],
        *,
        scorer: Scorer | None = None,
        threshold: float | None = None,
        monitor: Monitor | None = None,
        budget: Budget | None = None,
        allowed: Mapping[str, Sequence[str]] | None = None,
        sticky: bool = True,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise InvalidInput(f"the threshold {threshold!r} is out of range", hint="Give a difficulty, 0 to 1.")
        self._models = models
        self._scorer = scorer or HeuristicScorer()
        self._threshold = self._scorer.threshold if threshold is None else threshold
        self._monitor = monitor
        self._budget = budget
        self._allowed = allowed or {}
        self._sticky = sticky

    async def choose(self, features: Features, /) -> Route:
        """The model for the question; the others that may answer are its fallbacks, those of its own tier first."""
        left = await self._budget.left(features.tenant, spent=features.spent) if self._budget is not None else None
        candidates = self._candidates(features, left)
        scores = _known(candidates, features, left)
        chosen, reason = self._kept(candidates, features)
        if not chosen:
            tiers = candidates.tiers()
            wanted, reason = tiers[0], "the smallest model that may answer"
            if len(tiers) > 1:
                judged = await self._scorer.judge(features)
                scores |= {"difficulty": judged.value, "threshold": self._threshold, **judged.scores}
                wanted = tiers[_place(judged.value, self._threshold, len(tiers))]
                side = "under" if judged.value < self._threshold else "not under"
                reason = f"difficulty {judged.value:.2f} is {side} {self._threshold:.2f} ({judged.reason})"
            chosen = candidates.best(wanted)
        return Route(
            tier=candidates.infos[chosen].tier,
            model=chosen,
            fallbacks=candidates.fallbacks(chosen),
            reason=reason + candidates.passed_over(chosen),
            scores=scores,
        )

    def _candidates(self, features: Features, left: float | None) -> Candidates:
        """What the constraints leave; an error that names what each model lacks where that is nothing."""
        allowed = self._allowed.get(features.tenant)
        lacks = {name: lack(name, info, features, allowed=allowed) for name, info in self._models.items()}
        too_dear = {name: dear(info, features, left) for name, info in self._models.items() if not lacks[name]}
        lacks |= too_dear
        fit = {name: info for name, info in self._models.items() if not lacks[name]}
        if not fit:
            told = "; ".join(f"{name}: {why}" for name, why in lacks.items())
            if too_dear:
                raise BudgetSpent(
                    f"what is left of the budget pays for no model ({told})",
                    hint="Raise the limits under [budget] in citeward.toml, or add a model that costs nothing.",
                )
            raise NotFound(
                f"no model may answer this question ({told or 'none is configured'})",
                hint="Add a model under [models] in citeward.toml, or allow another tier in the agent's file.",
            )
        able = tuple(name for name, info in fit.items() if not toolless(info, features)) or tuple(fit)
        lacks |= {name: "it cannot call tools" for name in fit if name not in able}
        left_out = {name: why for name, why in lacks.items() if why}
        return Candidates(infos=fit, able=able, lacks=left_out, seen=statuses(self._monitor, list(fit)))

    def _kept(self, candidates: Candidates, features: Features) -> tuple[str, str]:
        """The model that a tool loop or the thread keeps, and the reason; both empty where none is kept."""
        looping, kept = features.tools_in_progress, features.thread_model
        if looping in candidates.able and looping and candidates.seen[looping].healthy:
            return looping, "it keeps the tool loop that it began"
        if self._sticky and kept in candidates.able and kept and not trouble(candidates.seen[kept]):
            return kept, "it keeps the thread that it began"
        return "", ""


def _known(candidates: Candidates, features: Features, left: float | None) -> dict[str, float]:
    """The numbers that are known before difficulty is judged."""
    prices = {name: cost(info, features) for name, info in candidates.infos.items()}
    scores = {f"cost.{name}": price for name, price in prices.items() if price}
    if left is not None:
        scores["budget"] = left
    for name, status in candidates.seen.items():
        if status.waiting or status.kv_cache_usage:
            scores |= {f"waiting.{name}": float(status.waiting), f"kv_cache.{name}": status.kv_cache_usage}
    return scores


def _place(difficulty: float, threshold: float, tiers: int) -> int:
    """Which of so many tiers, from the smallest, a difficulty asks for.

    >>> [_place(difficulty, 0.5, 3) for difficulty in (0.4, 0.5, 0.8, 1.0)]
    [0, 1, 2, 2]
    """
    if difficulty < threshold:
        return 0
    if threshold >= 1:
        return tiers - 1
    return 1 + min(int((difficulty - threshold) / (1 - threshold) * (tiers - 1)), tiers - 2)
