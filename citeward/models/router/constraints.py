"""What a model must be and have before it may answer at all."""

from __future__ import annotations

from collections.abc import Collection

from citeward.contracts.model import Location, ModelInfo, TokenUsage
from citeward.contracts.routing import Features
from citeward.models.metering.pricing import ANSWER_TOKENS, price


def lack(name: str, info: ModelInfo, features: Features, *, allowed: Collection[str] | None = None) -> str:
    """Why the model must not or cannot answer, in plain words; empty where it may.

    Args:
        name: The model's name in the registry.
        info: What it is.
        features: The question.
        allowed: Names of models and tiers that the tenant may use; None allows all.
    """
    if features.private and info.location is Location.REMOTE:
        return "the question must stay local"
    if features.tiers and info.tier not in features.tiers:
        return f"tier {info.tier!r} is not allowed"
    if allowed is not None and name not in allowed and info.tier not in allowed:
        return f"tenant {features.tenant!r} may not use it"
    if features.prompt_tokens + features.answer_tokens > info.window:
        return f"its window of {info.window:,} tokens is too small"
    if features.needs_schema and not info.schemas:
        return "it cannot follow a JSON schema"
    return ""


def dear(info: ModelInfo, features: Features, left: float | None) -> str:
    """Why the model costs too much, in plain words; empty where it does not.

    Args:
        info: The model; one that costs nothing is never too dear.
        features: The question.
        left: US dollars that may still be spent; None for no limit.
    """
    dollars = cost(info, features)
    if left is None or not dollars or dollars <= left:
        return ""
    return f"about ${dollars:.4f} is more than the ${max(left, 0.0):.4f} left of the budget"


def cost(info: ModelInfo, features: Features) -> float:
    """US dollars that one call will cost, estimated."""
    answer = features.answer_tokens or ANSWER_TOKENS
    return price(info, TokenUsage(input_tokens=features.prompt_tokens, output_tokens=answer))


def toolless(info: ModelInfo, features: Features) -> bool:
    """Whether tools are on offer that the model cannot call.

    It is no more than a last fallback then: an answer from the documents alone is better than none.
    """
    return features.needs_tools and not info.tools
