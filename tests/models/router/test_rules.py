import pytest

from citeward.contracts.model import Location, ModelInfo
from citeward.contracts.routing import Features
from citeward.errors import NotFound
from citeward.models.router.rules import RuleRouter

SMALL = ModelInfo(name="small", tier="small", location=Location.LOCAL, window=1000)
LARGE = ModelInfo(name="large", tier="large", location=Location.REMOTE, window=100_000)
ROUTER = RuleRouter({"small": SMALL, "large": LARGE})


async def test_the_smallest_model_answers_and_the_rest_are_fallbacks() -> None:
    route = await ROUTER.choose(Features(question="q"))
    assert (route.model, route.tier, route.fallbacks) == ("small", "small", ("large",))
    assert route.reason


async def test_a_prompt_too_long_for_the_small_model_goes_to_the_large_one() -> None:
    route = await ROUTER.choose(Features(question="q", prompt_tokens=5000))
    assert (route.model, route.fallbacks) == ("large", ())
    assert "window of 1,000 tokens is too small" in route.reason


async def test_a_tier_that_the_agent_does_not_allow_is_left_out() -> None:
    assert (await ROUTER.choose(Features(question="q", tiers=("large",)))).model == "large"


async def test_a_private_question_never_gets_a_remote_fallback() -> None:
    assert (await ROUTER.choose(Features(question="q", private=True))).fallbacks == ()


async def test_a_tool_loop_keeps_its_model() -> None:
    assert (await ROUTER.choose(Features(question="q", tools_in_progress="large"))).model == "large"


async def test_where_no_model_fits_each_is_told_why() -> None:
    with pytest.raises(NotFound, match=r"small: its window.*large: the question must stay local"):
        await ROUTER.choose(Features(question="q", private=True, prompt_tokens=5000))
