"""Scorers that need no model: what an answer says, cites and called can be looked up.

Each gives 1 where all is right. A run that failed scores 0 wherever its case had something to judge by.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from citeward.contracts.answer import Outcome
from citeward.contracts.evaluation import Sample, Score, Scorer
from citeward.errors import CitewardError
from citeward.evals.suite import ScorerName

DocumentText: TypeAlias = Callable[[str], Awaitable[str]]
"""The text of the stored document of that id; NotFound where there is none."""


def build_scorers(names: Sequence[ScorerName], *, document_text: DocumentText, seconds: float) -> list[Scorer]:
    """The named scorers, in order.

    Args:
        names: From the suite.
        document_text: Where quotes are looked up.
        seconds: What latency allows.
    """
    made: dict[ScorerName, Scorer] = {
        ScorerName.OUTCOME: OutcomeScorer(),
        ScorerName.CONTAINS: ContainsScorer(),
        ScorerName.SOURCES: SourcesScorer(),
        ScorerName.TOOLS: ToolsScorer(),
        ScorerName.QUOTES: QuotesScorer(document_text=document_text),
        ScorerName.LATENCY: LatencyScorer(seconds=seconds),
    }
    return [made[name] for name in names]


@dataclass(frozen=True, kw_only=True)
class OutcomeScorer:
    """Did the run end as the case says: answered, refused or blocked?"""

    name: str = ScorerName.OUTCOME

    async def score(self, sample: Sample, /) -> Score:
        """1 or 0."""
        ended = str(sample.answer.outcome) if sample.answer else "error"
        right = ended == sample.case.outcome
        return Score(
            scorer=self.name, value=float(right), reason="" if right else f"{ended}, expected {sample.case.outcome}"
        )


@dataclass(frozen=True, kw_only=True)
class ContainsScorer:
    """The share of the case's texts that stand in the answer, whatever the case of the letters."""

    name: str = ScorerName.CONTAINS

    async def score(self, sample: Sample, /) -> Score | None:
        """None where the case names no text."""
        text = _plain(sample.answer.text) if sample.answer else ""
        missing = [wanted for wanted in sample.case.contains if _plain(wanted) not in text]
        return _share(self.name, sample.case.contains, missing, "not in the answer")


@dataclass(frozen=True, kw_only=True)
class SourcesScorer:
    """Is one of the case's documents cited, by its id or its source?"""

    name: str = ScorerName.SOURCES

    async def score(self, sample: Sample, /) -> Score | None:
        """None where the case names no document."""
        if not sample.case.sources:
            return None
        citations = sample.answer.citations if sample.answer else ()
        cited = {citation.document_id for citation in citations} | {citation.source for citation in citations}
        right = not cited.isdisjoint(sample.case.sources)
        shown = ", ".join(sorted({citation.document_id for citation in citations})) or "nothing"
        return Score(scorer=self.name, value=float(right), reason="" if right else f"cited {shown}")


@dataclass(frozen=True, kw_only=True)
class ToolsScorer:
    """The share of the case's tools that were called."""

    name: str = ScorerName.TOOLS

    async def score(self, sample: Sample, /) -> Score | None:
        """None where the case names no tool."""
        missing = [tool for tool in sample.case.tools if tool not in sample.tools]
        return _share(self.name, sample.case.tools, missing, "not called")


@dataclass(frozen=True, kw_only=True)
class QuotesScorer:
    """The share of citations whose quote stands at its offsets in the stored document."""

    document_text: DocumentText
    name: str = ScorerName.QUOTES

    async def score(self, sample: Sample, /) -> Score | None:
        """None where nothing is cited; an answered case that failed scores 0."""
        if sample.answer is None:
            answerable = sample.case.outcome == Outcome.ANSWERED
            return Score(scorer=self.name, value=0.0, reason="no answer") if answerable else None
        missing = []
        for citation in sample.answer.citations:
            try:
                text = await self.document_text(citation.document_id)
            except CitewardError:
                text = ""
            if not citation.quote or text[citation.quote_start : citation.quote_end] != citation.quote:
                missing.append(f"{citation.document_id}:{citation.quote_start}")
        return _share(self.name, sample.answer.citations, missing, "quote not found")


@dataclass(frozen=True, kw_only=True)
class LatencyScorer:
    """Did the run take no longer than allowed?"""

    seconds: float
    name: str = ScorerName.LATENCY

    async def score(self, sample: Sample, /) -> Score:
        """1 or 0, with the seconds taken in the details."""
        right = sample.answer is not None and sample.seconds <= self.seconds
        return Score(
            scorer=self.name,
            value=float(right),
            reason="" if right else f"{sample.seconds:.2f} s, allowed {self.seconds:g} s",
            details={"seconds": sample.seconds},
        )


def _share(scorer: str, wanted: Sequence[object], missing: Sequence[str], problem: str) -> Score | None:
    if not wanted:
        return None
    reason = f"{problem}: {', '.join(repr(one) for one in missing)}" if missing else ""
    return Score(scorer=scorer, value=1 - len(missing) / len(wanted), reason=reason)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
