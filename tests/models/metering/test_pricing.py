import pytest

from citeward.contracts.model import Message, ModelInfo, ModelRequest, Sampling, TokenUsage
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.models.metering.pricing import ANSWER_TOKENS, price, prompt_tokens, quote

INFO = ModelInfo(name="m", input_price=2.0, output_price=10.0, window=4_000)
ASKED = ModelRequest(messages=(Message(role="user", content="How do I add a tool?"),))


def test_prices_are_per_million_tokens() -> None:
    assert price(INFO, TokenUsage(input_tokens=500_000, output_tokens=100_000)) == 2.0


def test_a_quote_is_the_prompt_and_the_longest_answer() -> None:
    prompt = prompt_tokens(ASKED)
    assert quote(INFO, ASKED) == pytest.approx((prompt * 2 + ANSWER_TOKENS * 10) / 1e6)
    limited = ModelRequest(messages=ASKED.messages, sampling=Sampling(max_tokens=7))
    assert quote(INFO, limited) == pytest.approx((prompt * 2 + 7 * 10) / 1e6)


def test_an_answer_is_no_longer_than_the_window() -> None:
    endless = ModelRequest(messages=ASKED.messages, sampling=Sampling(max_tokens=1_000_000))
    assert quote(INFO, endless) < 4_000 * 10 / 1e6


def test_a_model_without_a_price_is_quoted_nothing() -> None:
    assert quote(ModelInfo(name="m"), ASKED) == 0.0


def test_everything_that_is_sent_is_counted() -> None:
    tool = ToolSpec(name="search", description="Search.", parameters={"type": "object"})
    called = Message(role="assistant", tool_calls=(ToolCall(id="1", name="search", arguments={"query": "fox"}),))
    plain = prompt_tokens(ASKED)
    for more in (
        ModelRequest(messages=ASKED.messages, tools=(tool,)),
        ModelRequest(messages=ASKED.messages, prefix="You add"),
        ModelRequest(messages=ASKED.messages, output_schema={"type": "object"}),
        ModelRequest(messages=(*ASKED.messages, called)),
    ):
        assert prompt_tokens(more) >= plain + 2
