from collections.abc import Sequence

import numpy as np
import pytest

from citeward.contracts.retrieval import Vectors
from citeward.errors import DataError
from citeward.evals.measure.cache import measure_cache


class Told:
    """The cosine of a pair is the number at the end of its second question."""

    name = "told"
    dimensions = 2

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        cosines = [float(text.split()[-1]) if "." in text else 1.0 for text in texts]
        return np.array([[cosine, np.sqrt(1 - cosine**2)] for cosine in cosines], np.float32)


def refusing(one: str, other: str) -> str:
    return "said no" if "no" in other else ""


async def test_hits_false_hits_and_misses_with_and_without_the_checks(lines) -> None:
    pairs = [("b 0.95", 1), ("b 0.95", 0), ("no 0.95", 0), ("no 0.95", 1), ("b 0.5", 1), ("b 0.5", 0)]
    path = lines("c.jsonl", *[{"a": "a", "b": b, "same": same} for b, same in pairs])
    found = await measure_cache(path, embedder=Told(), threshold=0.9, error_bound=0.02, check=refusing)
    assert {name: one.value for name, one in found.metrics.items()} == pytest.approx(
        {"hits": 1 / 3, "false_hits": 1 / 2, "misses": 2 / 3, "unchecked.hits": 2 / 3, "unchecked.false_hits": 1 / 2}
    )
    assert found.settings["objections"] == {"said no": 2}
    assert "298" not in found.settings["not_learned"]
    assert "149 hits" in found.settings["not_learned"]


async def test_a_threshold_is_learned_from_one_half_and_tried_on_the_other(lines) -> None:
    pairs = [{"a": "a", "b": f"b {0.9 if same else 0.6}", "same": same} for same in (0, 1) for _ in range(400)]
    found = await measure_cache(
        lines("c.jsonl", *pairs), embedder=Told(), threshold=0.95, error_bound=0.05, check=refusing
    )
    assert 0.6 < found.metrics["threshold"].value <= 0.61
    assert found.metrics["bound"].value <= 0.05
    assert found.metrics["learned.hits"].value == 1
    assert found.metrics["learned.false_hits"].value == 0
    assert found.metrics["hits"].value == 0


async def test_same_is_0_or_1(lines) -> None:
    with pytest.raises(DataError, match=r"c\.jsonl:1: same = 2"):
        await measure_cache(
            lines("c.jsonl", {"a": "a", "b": "b", "same": 2}), embedder=Told(), threshold=0.9, error_bound=0.1
        )
