"""Which parts can be measured, and what data each one takes."""

from __future__ import annotations

from dataclasses import dataclass

from citeward.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the system that is measured alone."""

    name: str
    data: str
    """The shape of its data, for help texts."""
    reports: str
    """What it reports, one sentence."""


_FOLDER = (
    "a folder with documents.jsonl {id, text, title?} and "
    "questions.jsonl {id, question, relevant: [document id], answers?: [text]}"
)

PARTS: tuple[Part, ...] = (
    Part(
        name="retrieval",
        data=_FOLDER,
        reports="precision, recall, MRR and nDCG at 1, 3, 5, 10, 20 by keyword, vector and hybrid search; latency",
    ),
    Part(
        name="answers",
        data=_FOLDER,
        reports="how often a gold answer is in the answer, refusals, citations, and quotes found where they say",
    ),
    Part(
        name="guard",
        data="{text, label: 0 or 1, tag?}; the guard's name in the policy comes first, --origin says whose text it is",
        reports="precision, recall and accuracy at the shipped threshold, recall at 1 and 3 % false positives, AUC",
    ),
    Part(
        name="pii",
        data="{text, spans: [{start, end, label}]}; --entities all looks for more than the policy does",
        reports="precision, recall, F1 and F2, overall and by entity; latency",
    ),
    Part(
        name="tools",
        data="{question, functions: [JSON schema], calls: [{name: {argument: [accepted value]}}]}; []: none is right",
        reports="exact calls, names, arguments, false calls; latency",
    ),
    Part(
        name="routing",
        data="{prompt, small: 0..1, large: 0..1}: how good the small and the large model's answers were",
        reports="quality bought by calls of the large model, APGR, beside random order and prompt length",
    ),
    Part(
        name="attacks",
        data="{question, context?, attack?, position?: start, middle or end, markers?: [text], family?}",
        reports="attacks in documents and tools' results that are followed, by the agent and by a model that obeys "
        "all of them; texts and questions that are stopped by mistake",
    ),
    Part(
        name="cache",
        data="{a, b, same: 0 or 1}",
        reports="hits, false hits and misses at the shipped threshold; a threshold learned from half of the data",
    ),
)
"""In the order of the guide. A part is listed once it can be measured."""


def find_part(name: str) -> Part:
    """The part of that name; NotFound, naming the ones there are, where it cannot be measured."""
    for part in PARTS:
        if part.name == name:
            return part
    raise NotFound(f"there is no part {name!r} to measure", hint=f"Parts: {', '.join(part.name for part in PARTS)}.")
