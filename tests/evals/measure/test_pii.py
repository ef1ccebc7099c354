import re

import pytest

from citeward.contracts.guardrail import Action, Finding, Origin, Verdict
from citeward.errors import DataError
from citeward.evals.measure.pii import matched, measure_pii


class NumberGuard:
    name = "numbers"

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        findings = tuple(Finding(kind="NUMBER", start=m.start(), end=m.end()) for m in re.finditer(r"\d+", text))
        return Verdict(guard=self.name, origin=origin, action=Action.FLAG, text=text, findings=findings)


def span(start: int, end: int, label: str = "NUMBER") -> dict[str, object]:
    return {"start": start, "end": end, "label": label}


async def test_spans_are_compared_by_name_and_place(lines) -> None:
    path = lines(
        "p.jsonl",
        {"text": "call 12345 or 678", "spans": [span(5, 10), span(14, 17, "AGE")]},
        {"text": "it is Bob", "spans": [span(6, 9, "PERSON")]},
        {"text": "nothing", "spans": []},
    )
    found = await measure_pii(path, guard=NumberGuard())
    values = {name: interval.value for name, interval in found.metrics.items() if "ms" not in name}
    assert values == pytest.approx(
        {
            "precision": 1 / 2, "recall": 1 / 3, "f1": 2 / 5, "f2": 5 / (5 + 4 * 2 + 1),
            "AGE.recall": 0, "AGE.f1": 0, "AGE.f2": 0, "PERSON.recall": 0, "PERSON.f1": 0, "PERSON.f2": 0,
            "NUMBER.precision": 1 / 2, "NUMBER.recall": 1, "NUMBER.f1": 2 / 3, "NUMBER.f2": 5 / 6,
        }
    )  # fmt: skip
    renamed = await measure_pii(path, guard=NumberGuard(), names={"AGE": "NUMBER"})
    assert renamed.metrics["NUMBER.f1"].value == 1


async def test_being_always_right_is_no_proof_of_never_being_wrong(lines) -> None:
    found = await measure_pii(
        lines("p.jsonl", {"text": "12 and 34", "spans": [span(0, 2), span(7, 9)]}), guard=NumberGuard()
    )
    for name in ("precision", "recall", "f1", "f2"):
        assert found.metrics[name].low < 0.5 < found.metrics[name].value == found.metrics[name].high == 1


def test_a_finding_must_cover_half_of_what_either_covers_and_counts_once() -> None:
    assert matched([(0, 10)], [(0, 5)]) == 1
    assert matched([(0, 10)], [(0, 4)]) == 0
    assert matched([(0, 10)], [(0, 10), (0, 9)]) == 1
    assert matched([(0, 10), (10, 20)], [(0, 20)]) == 1
    assert matched([(0, 4)], [(4, 8)]) == 0


class WordGuard:
    """Finds capitalised words, under one name."""

    name = "words"
    known = ("LOCATION", "PERSON")

    def __init__(self, kind: str) -> None:
        self.entities = (kind,)

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        findings = tuple(
            Finding(kind=self.entities[0], start=m.start(), end=m.end()) for m in re.finditer(r"[A-Z]\w+|\d+", text)
        )
        return Verdict(guard=self.name, origin=origin, action=Action.FLAG, text=text, findings=findings)


async def test_an_address_is_one_place_however_its_parts_are_labelled(lines) -> None:
    text = "at 12 Elm Street, Rome."
    parts = {"text": text, "spans": [span(3, 16, "STREET_ADDRESS"), span(18, 22, "GPE")]}
    for item in (parts, {"text": text, "spans": [span(3, 22, "LOCATION")]}):
        found = await measure_pii(lines("p.jsonl", item), guard=WordGuard("LOCATION"))
        assert (found.metrics["LOCATION.precision"].value, found.metrics["recall"].value) == (1, 1)


async def test_what_a_guard_is_not_asked_for_is_left_out_and_listed(lines) -> None:
    item = {"text": "it is Bob of Rome", "spans": [span(6, 9, "PERSON"), span(13, 17, "CITY"), span(0, 2, "PET")]}
    found = await measure_pii(lines("p.jsonl", item), guard=WordGuard("PERSON"))
    assert found.settings["not_looked_for"] == {"LOCATION": 1}
    assert found.metrics["PERSON.recall"].value == 1
    assert found.metrics["recall"].value == 1 / 2  # a label that nobody knows is missed


async def test_a_span_outside_the_text_is_an_error(lines) -> None:
    with pytest.raises(DataError, match=r"p\.jsonl:1: .*0\.\.9 is not within"):
        await measure_pii(lines("p.jsonl", {"text": "short", "spans": [span(0, 9)]}), guard=NumberGuard())
