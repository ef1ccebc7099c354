"""How hard a question is: by rules of thumb at first, by a fitted model once there is one."""

from __future__ import annotations

from citeward.contracts.retrieval import Embedder, Vector
from citeward.contracts.routing import Difficulty, Features
from citeward.errors import ModelError, SettingsError
from citeward.logs import get_logger
from citeward.models.router.fitted import Fitted
from citeward.models.router.logistic import sigmoid
from citeward.models.router.surface import NAMES, surface

THUMB = {
    "tokens": 0.6,
    "numbers": 0.4,
    "fractions": 0.4,
    "operators": 0.6,
    "comparisons": 0.4,
    "conditions": 0.4,
    "questions": 0.3,
    "reasons": 1.2,
    "tasks": 0.5,
    "code": 0.5,
}
"""What each feature of `surface` adds to the log-odds of being hard; set by hand, and fitted on nothing."""
THUMB_START = -4.5
THUMB_THRESHOLD = 0.5

logger = get_logger(__name__)


class HeuristicScorer:
    """A `Scorer` by rules of thumb: longer questions, numbers, conditions, reasons asked for, and code are harder.

    It knows neither the models nor the documents, so fit one on your own results as soon as there are some.
    """

    @property
    def threshold(self) -> float:
        """One half."""
        return THUMB_THRESHOLD

    async def judge(self, features: Features, /) -> Difficulty:
        """The difficulty by the question's text alone."""
        return Difficulty(value=thumb(features.question), reason="by rules of thumb")


def thumb(question: str) -> float:
    """Difficulty by rules of thumb, 0..1.

    >>> thumb("What is the capital of France?") < 0.2
    True
    """
    found = dict(zip(NAMES, surface(question).tolist(), strict=True))
    odds = THUMB_START + sum(weight * found[name] for name, weight in THUMB.items())
    return float(sigmoid(odds))


class LearnedScorer:
    """A `Scorer` by what `citeward router fit` learned.

    The vector that the search made is used where it is of the fitted embedder and of the question as it stands;
    only where there is none is the question embedded here. Where the embedder fails, rules of thumb judge, since
    no route is worth a run.

    Args:
        fitted: What was learned.
        embedder: The one that it was learned with.

    Raises:
        SettingsError: It was learned with another embedder.
    """

    def __init__(self, fitted: Fitted, embedder: Embedder | None = None) -> None:
        if fitted.embedder and (embedder is None or embedder.name != fitted.embedder):
            there = "no embedder" if embedder is None else repr(embedder.name)
            raise SettingsError(
                f"the router was fitted with the embedder {fitted.embedder!r}, and the project has {there}",
                hint="Fit it anew with `citeward router fit`, or leave out `fitted` under [router].",
            )
        self._fitted = fitted
        self._embedder = embedder

    @property
    def threshold(self) -> float:
        """The fitted one."""
        return self._fitted.threshold

    async def judge(self, features: Features, /) -> Difficulty:
        """The difficulty by the question's text and its vector."""
        try:
            vector = await self._vector(features)
        except ModelError as error:
            logger.warning("router.embedder_failed", error=error.code)
            return Difficulty(
                value=thumb(features.question), reason=f"by rules of thumb, since the embedder failed ({error.code})"
            )
        found = self._fitted.judge(features.question, vector)
        return Difficulty(
            value=found.difficulty,
            reason=f"the larger model's answer is expected to be {found.large - found.small:+.2f} better",
            scores={"small": found.small, "large": found.large, "gain": found.large - found.small},
        )

    async def _vector(self, features: Features) -> Vector | None:
        if not self._fitted.embedder:
            return None
        if features.vector is not None and features.space == self._fitted.embedder:
            return features.vector
        if self._embedder is None:
            return None
        vector: Vector = (await self._embedder.embed([features.question], queries=True))[0]
        return vector
