"""What a run gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from citeward.contracts.citation import Citation
from citeward.contracts.guardrail import Verdict
from citeward.contracts.metering import Spend
from citeward.contracts.model import FinishReason
from citeward.contracts.routing import Route

NOT_ENOUGH = "There is not enough information in the documents to answer this."
"""What an answer says, to the letter, where the documents do not hold one."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a run used."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of the input: read from the endpoint's prefix cache."""
    reasoning_tokens: int = 0
    """Of the output: thought, and not said."""
    cost: float = 0.0
    """US dollars."""
    estimated: bool = False
    """True where an endpoint told no usage, and tokens were counted in the text."""
    calls: int = 0
    """Model calls, failed ones counted."""
    calls_by_model: Mapping[str, Spend] = field(default_factory=dict)
    """The same by the models' names."""
    fallbacks: int = 0
    """Calls that failed, so that another model was asked."""
    tokens_per_second: float | None = None
    """Output tokens by the time in which they came, first tokens not waited for."""
    first_token_ms: float | None = None
    """From the start of the run to the first released text, where there was any."""
    total_ms: float = 0.0


class Outcome(StrEnum):
    """How a run ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Not enough information in the documents."""
    BLOCKED = "blocked"
    """A guard stopped the question or the answer."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The whole answer of one run."""

    text: str
    outcome: Outcome
    citations: tuple[Citation, ...] = ()
    route: Route | None = None
    verdicts: tuple[Verdict, ...] = ()
    usage: Usage = Usage()
    finish_reason: FinishReason | None = None
    """Why the model stopped: `length` at its limit of tokens; None where no model spoke or it did not say."""
    cached: bool = False
    """Whether it was computed for an earlier question and given again."""
    cache: Literal["", "exact", "semantic"] = ""
    """How it was found: the same words, or a question that means the same; empty where it was computed."""
    similarity: float | None = None
    """Cosine of the two questions, where it was found by meaning. The other question itself is never told."""
    thread_id: str = ""
    run_id: str = ""
