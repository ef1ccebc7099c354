from collections.abc import Callable
from typing import Any

import pytest

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.citation import Citation, Label
from citeward.contracts.evaluation import Case, Sample


@pytest.fixture
def sampled() -> Callable[..., Sample]:
    """A sample of a case that names the fields given, answered with `text` unless told otherwise."""

    def make(
        text: str | None = "It is 42.",
        *,
        cited: tuple[tuple[str, str, int], ...] = (),
        outcome: Outcome = Outcome.ANSWERED,
        called: tuple[str, ...] = (),
        seconds: float = 0.5,
        expected: str = "answered",
        **case: Any,
    ) -> Sample:
        citations = tuple(
            Citation(
                start=0, end=1, passage_id="p", document_id=document, source=f"docs/{document}", quote=quote,
                quote_start=start, quote_end=start + len(quote), label=Label.SUPPORTED, score=1.0, marker=1,
            )
            for document, quote, start in cited
        )  # fmt: skip
        answer = Answer(text=text, outcome=outcome, citations=citations) if text is not None else None
        asked = Case(id="c", question="What?", outcome=expected, **case)
        return Sample(case=asked, answer=answer, tools=called, error="" if answer else "broken", seconds=seconds)

    return make
