import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from citeward.contracts.model import Delta, ModelInfo, ModelRequest, TokenUsage
from citeward.testing.scripted import ScriptedModel
from citeward.testing.suites.model import MODEL_CHECKS, SAMPLED_CHECKS, STEADY_CHECKS, ModelCheck

ALL = (*MODEL_CHECKS, *SAMPLED_CHECKS, *STEADY_CHECKS)
WORDS = ("In ", "the ", "third ", "drawer, ", "behind ", "the ", "letters.")


@pytest.mark.parametrize("check", (*MODEL_CHECKS, *STEADY_CHECKS[:2]), ids=lambda check: check.__name__)
async def test_the_test_double_is_a_model(check: ModelCheck) -> None:
    await check(ScriptedModel(*[WORDS] * 64))


class Broken(ScriptedModel):
    """Does one thing wrong, by name."""

    def __init__(self, fault: str) -> None:
        super().__init__(*[WORDS] * 64)
        self.fault = fault
        self.calls = 0
        self.loop: Any = None

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        self.calls += 1
        calls = self.calls
        fault = self.fault
        if fault == "loop":
            self.loop = self.loop or asyncio.get_running_loop()
            assert self.loop is asyncio.get_running_loop(), "bound to another loop"
        if fault == "surrogates":
            request.messages[-1].content.encode()
        if fault == "renamed":
            self._info = ModelInfo(name=f"call {calls}")
        if fault == "mute":
            yield Delta(finish_reason="stop")
            return
        if fault == "cancelled":
            try:
                yield Delta(text="x")
            except GeneratorExit:
                raise RuntimeError("I do not stop") from None
        async for delta in super().stream(request):
            if fault == "endless" and delta.finish_reason:
                continue
            if fault == "cached" and delta.usage:
                yield Delta(usage=TokenUsage(input_tokens=1, cached_tokens=2))
            elif fault == "mixed" and calls % 3 == 0:
                yield Delta(text="another's ", finish_reason=delta.finish_reason)
            else:
                yield delta
        if fault == "late":
            yield Delta(text="and so on")


@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        ("renamed", "it_says_what_it_is", "changed what it is"),
        ("mute", "an_answer_has_words_and_one_end", "no words"),
        ("endless", "an_answer_has_words_and_one_end", "ends once, not 0"),
        ("late", "an_answer_has_words_and_one_end", "came after the end"),
        ("cached", "usage_is_plausible", "more was read from the cache"),
        ("mixed", "the_same_request_gets_the_same_answer", "then"),
        ("mixed", "answers_side_by_side_do_not_mix", "another's"),
        ("loop", "it_answers_in_another_loop", "another loop"),
        ("none", "a_limit_is_kept", "ended by 'stop'"),
        ("none", "a_stop_ends_the_answer", "told to stop at"),
        ("none", "it_waits_for_nothing_once_its_time_is_over", "ModelTimeout was due"),
    ],
)
async def test_a_model_that_breaks_its_contract_is_caught(fault: str, check: str, words: str) -> None:
    model = Broken(fault)
    if check == "the_same_request_gets_the_same_answer":
        model.calls = 1
    (wanted,) = [one for one in ALL if one.__name__ == check]
    with pytest.raises(AssertionError, match=words):
        await wanted(model)


@pytest.mark.parametrize(
    ("fault", "check", "error"),
    [
        ("surrogates", "anything_may_be_asked", UnicodeEncodeError),
        ("cancelled", "a_stream_may_be_left", RuntimeError),
    ],
)
async def test_an_error_that_is_not_ours_comes_through(fault: str, check: str, error: type[Exception]) -> None:
    (wanted,) = [one for one in ALL if one.__name__ == check]
    with pytest.raises(error):
        await wanted(Broken(fault))


async def test_a_prefix_that_is_said_again_is_caught() -> None:
    (wanted,) = [one for one in ALL if one.__name__ == "a_prefix_is_gone_on_from"]
    model = ScriptedModel(*[WORDS] * 8, info=ModelInfo(name="again", continues="exactly"))
    with pytest.raises(AssertionError, match="was gone on from with"):
        await wanted(model)
