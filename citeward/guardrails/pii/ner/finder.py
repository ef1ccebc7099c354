"""What can be looked for by name, and the way to look for it. Nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.reading import read
from citeward.guardrails.pii.recognizers import Find

ENTITIES: tuple[str, ...] = ("PERSON", "LOCATION", "ORGANIZATION", "NRP", "DATE_TIME", "AGE", "TITLE")
"""What can be looked for with the extra `ner`; NRP is a nationality, a religious or a political group."""


def name_finder(entities: Iterable[str], *, floor: float = 0.0, least: Mapping[str, float] | None = None) -> Find:
    """A function that finds `entities` in a sentence, those whose score reaches `floor`.

    Scores: .9 what a rule is sure of, .85 what the model says or a list of places holds, .75 what only the words
    around it speak for.

    Args:
        entities: Of ENTITIES; others are not looked for.
        floor: The least score, 0..1.
        least: By entity, a higher one.
    """
    wanted = {entity: max(floor, (least or {}).get(entity, 0.0)) for entity in entities if entity in ENTITIES}

    def find(text: str, before: str = "", /) -> Sequence[Finding]:
        from citeward.guardrails.pii.ner.named import named  # half a second of patterns, for those who use them

        reading = read(text)
        found: list[Finding] = []
        for one in named(reading.text, read(before).text):
            if one.kind in wanted and one.score >= wanted[one.kind]:
                start, end = reading.span(one.start, one.end)
                found.append(Finding(kind=one.kind, start=start, end=end, score=one.score))
        return found

    return find
