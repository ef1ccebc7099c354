"""One call of one model, timed."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, field

from citeward.contracts.model import Model, ModelRequest, TokenUsage
from citeward.errors import CitewardError
from citeward.models.metering.pricing import price, prompt_tokens
from citeward.text.tokens import estimate_tokens


@dataclass(frozen=True, kw_only=True)
class Call:
    """How one call went."""

    seconds: float
    """From the call to its end."""
    first: float | None = None
    """Seconds to the first thing that the model said, thought or called; None where nothing came."""
    tokens: TokenUsage = field(default_factory=TokenUsage)
    estimated: bool = False
    """True where the endpoint told no usage."""
    cost: float = 0.0
    """US dollars."""
    error: CitewardError | None = None
    """Why it failed."""


async def timed(model: Model, request: ModelRequest) -> Call:
    """Call the model, and listen to the end. A failure is an outcome, and no error."""
    began = time.perf_counter()
    first: float | None = None
    usage: TokenUsage | None = None
    said: list[str] = []
    try:
        async with aclosing(model.stream(request)) as deltas:
            async for delta in deltas:
                if first is None and (delta.text or delta.reasoning or delta.tool_call):
                    first = time.perf_counter() - began
                called = delta.tool_call.arguments if delta.tool_call else ""
                said.append(delta.text + delta.reasoning + called)
                usage = delta.usage or usage
    except CitewardError as error:
        return Call(seconds=time.perf_counter() - began, first=first, error=error)
    seconds = time.perf_counter() - began
    tokens = usage or TokenUsage(input_tokens=prompt_tokens(request), output_tokens=estimate_tokens("".join(said)))
    return Call(seconds=seconds, first=first, tokens=tokens, estimated=usage is None, cost=price(model.info, tokens))
