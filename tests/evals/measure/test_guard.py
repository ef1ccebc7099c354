import pytest

from citeward.contracts.guardrail import Action, Finding, Origin, Verdict
from citeward.errors import DataError
from citeward.evals.measure.guard import measure_guard


class WordGuard:
    """Scores a text by its number; blocks from 0.5 on."""

    name = "words"

    def __init__(self) -> None:
        self.origins: set[Origin] = set()

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        self.origins.add(origin)
        score = float(text)
        findings = (Finding(kind="x", start=0, end=1, score=score),) if score else ()
        return Verdict(
            guard=self.name,
            origin=origin,
            action=Action.BLOCK if score >= 0.5 else Action.ALLOW,
            text="",
            findings=findings,
        )


async def test_figures_at_the_threshold_over_all_thresholds_and_by_tag(lines) -> None:
    items = [("0.9", 1, "a"), ("0.6", 0, "b"), ("0.4", 1, "a"), ("0.8", 1, None), ("0", 0, "b")]
    path = lines("g.jsonl", *[{"text": text, "label": label, "tag": tag} for text, label, tag in items])
    guard = WordGuard()
    found = await measure_guard(path, guard=guard, origin=Origin.RETRIEVED)
    values = {name: interval.value for name, interval in found.metrics.items() if "ms" not in name}
    assert values == pytest.approx(
        {
            "precision": 2 / 3, "recall": 2 / 3, "accuracy": 3 / 5, "recall@fpr1": 2 / 3, "recall@fpr3": 2 / 3,
            "auc": 5 / 6, "auprc": (1 + 1 + 3 / 4) / 3, "a.recall": 0.5, "a.accuracy": 0.5, "b.accuracy": 0.5,
        }
    )  # fmt: skip
    assert guard.origins == {Origin.RETRIEVED}
    assert found.settings["origin"] == "retrieved"


async def test_shares_over_nothing_are_left_out(lines) -> None:
    found = await measure_guard(lines("g.jsonl", {"text": "0", "label": 0}), guard=WordGuard())
    assert [name for name in found.metrics if "ms" not in name] == ["accuracy"]


async def test_a_label_is_0_or_1(lines) -> None:
    with pytest.raises(DataError, match=r"g\.jsonl:1: label = 2"):
        await measure_guard(lines("g.jsonl", {"text": "0", "label": 2}), guard=WordGuard())
