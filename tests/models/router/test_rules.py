from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.model import Location, ModelInfo
from citeward.contracts.routing import Difficulty, Features, Status
from citeward.errors import BudgetSpent, InvalidInput, NotFound
from citeward.models.router.load import FULL_CACHE, FULL_QUEUE
from citeward.models.router.rules import RuleRouter

SMALL = ModelInfo(name="small", tier="small", location=Location.LOCAL, window=1000)
LARGE = ModelInfo(name="large", tier="large", location=Location.REMOTE, window=100_000)
MODELS = {"small": SMALL, "large": LARGE}
ROUTER = RuleRouter(MODELS)


class Fixed:
    """Says the same of every question."""

    threshold = 0.5

    def __init__(self, value: float) -> None:
        self.value = value

    async def judge(self, features: Features, /) -> Difficulty:
        return Difficulty(value=self.value, reason="by decree", scores={"gain": self.value / 2})


class Seen(dict[str, Status]):
    """A monitor that was told what to say."""

    def status(self, model: str, /) -> Status | None:
        return self.get(model)


class Purse:
    """A budget with so much in it."""

    def __init__(self, dollars: float | None) -> None:
        self.dollars = dollars
        self.asked: list[tuple[str, float]] = []

    async def left(self, tenant: str, /, *, spent: float = 0.0) -> float | None:
        self.asked.append((tenant, spent))
        return self.dollars


async def test_the_smallest_model_answers_and_the_rest_are_fallbacks() -> None:
    route = await ROUTER.choose(Features(question="q"))
    assert (route.model, route.tier, route.fallbacks) == ("small", "small", ("large",))
    assert route.reason


async def test_a_prompt_too_long_for_the_small_model_goes_to_the_large_one() -> None:
    route = await ROUTER.choose(Features(question="q", prompt_tokens=5000))
    assert (route.model, route.fallbacks) == ("large", ())
    assert "window of 1,000 tokens is too small" in route.reason


async def test_the_window_must_hold_the_answer_too() -> None:
    assert (await ROUTER.choose(Features(question="q", prompt_tokens=900, answer_tokens=100))).model == "small"
    assert (await ROUTER.choose(Features(question="q", prompt_tokens=900, answer_tokens=101))).model == "large"


async def test_a_tier_that_the_agent_does_not_allow_is_left_out() -> None:
    assert (await ROUTER.choose(Features(question="q", tiers=("large",)))).model == "large"


async def test_a_private_question_never_gets_a_remote_fallback() -> None:
    assert (await ROUTER.choose(Features(question="q", private=True))).fallbacks == ()


async def test_a_tool_loop_keeps_its_model() -> None:
    assert (await ROUTER.choose(Features(question="q", tools_in_progress="large"))).model == "large"


async def test_where_no_model_fits_each_is_told_why() -> None:
    with pytest.raises(NotFound, match=r"small: its window.*large: the question must stay local"):
        await ROUTER.choose(Features(question="q", private=True, prompt_tokens=5000))


@pytest.mark.parametrize(("value", "model"), [(0.49, "small"), (0.5, "large"), (1.0, "large")])
async def test_difficulty_decides_with_its_reason_and_its_scores(value: float, model: str) -> None:
    route = await RuleRouter(MODELS, scorer=Fixed(value)).choose(Features(question="q"))
    assert route.model == model
    assert f"difficulty {value:.2f}" in route.reason
    assert "by decree" in route.reason
    assert route.scores == {"difficulty": value, "threshold": 0.5, "gain": value / 2}


async def test_the_settings_threshold_goes_before_the_scorers_own() -> None:
    assert (await RuleRouter(MODELS, scorer=Fixed(0.6), threshold=0.7).choose(Features(question="q"))).model == "small"
    with pytest.raises(InvalidInput, match=r"1\.2"):
        RuleRouter(MODELS, threshold=1.2)


@pytest.mark.parametrize(("value", "model"), [(0.3, "small"), (0.6, "middle"), (0.8, "large")])
async def test_several_larger_tiers_share_the_rest_of_the_scale(value: float, model: str) -> None:
    models = {"small": SMALL, "middle": replace(LARGE, tier="middle"), "large": LARGE}
    assert (await RuleRouter(models, scorer=Fixed(value)).choose(Features(question="q"))).model == model


async def test_a_tenant_may_use_what_its_list_names() -> None:
    router = RuleRouter(MODELS, scorer=Fixed(1.0), allowed={"acme": ["small"], "beta": ["large"]})
    chosen = [(await router.choose(Features(question="q", tenant=name))).model for name in ("acme", "beta", "other")]
    assert chosen == ["small", "large", "large"]
    assert (await router.choose(Features(question="q", tenant="acme"))).fallbacks == ()


async def test_an_answer_in_a_schema_needs_a_model_that_can() -> None:
    router = RuleRouter({"small": replace(SMALL, schemas=False), "large": LARGE})
    assert (await router.choose(Features(question="q", needs_schema=True))).model == "large"


async def test_tools_on_offer_go_to_a_model_that_can_call_them_where_there_is_one() -> None:
    router = RuleRouter({"small": SMALL, "large": replace(LARGE, tools=True)})
    route = await router.choose(Features(question="q", needs_tools=True))
    assert (route.model, route.fallbacks) == ("large", ("small",))
    assert "small: it cannot call tools" in route.reason
    assert (await ROUTER.choose(Features(question="q", needs_tools=True))).model == "small"


async def test_a_model_that_costs_more_than_is_left_is_left_out() -> None:
    models = {"small": SMALL, "large": replace(LARGE, input_price=10.0, output_price=30.0)}
    asked = Features(question="q", tenant="acme", prompt_tokens=100, answer_tokens=100, spent=0.2)
    for dollars, model in ((0.003, "small"), (0.0, "small"), (-1.0, "small"), (0.004, "large"), (None, "large")):
        purse = Purse(dollars)
        route = await RuleRouter(models, scorer=Fixed(1.0), budget=purse).choose(asked)
        assert route.model == model
        assert purse.asked == [("acme", 0.2)]
        assert route.scores.get("budget") == dollars
    with pytest.raises(BudgetSpent, match=r"about \$0\.0040 is more than the \$0\.0030 left"):
        await RuleRouter({"large": models["large"]}, budget=Purse(0.003)).choose(asked)


async def test_a_thread_keeps_its_model_while_it_can() -> None:
    asked = Features(question="q", thread_model="large")
    assert (await ROUTER.choose(asked)).model == "large"
    assert (await RuleRouter(MODELS, sticky=False).choose(asked)).model == "small"
    assert (await ROUTER.choose(replace(asked, private=True))).model == "small"
    assert (await RuleRouter(MODELS, monitor=Seen(large=Status(waiting=50))).choose(asked)).model == "small"


FULL = [Status(waiting=FULL_QUEUE), Status(kv_cache_usage=FULL_CACHE), Status(healthy=False)]


@pytest.mark.parametrize("status", FULL)
async def test_a_full_server_is_passed_over_and_becomes_the_last_fallback(status: Status) -> None:
    models = {"small": SMALL, "twin": SMALL, "large": LARGE}
    route = await RuleRouter(models, monitor=Seen(small=status)).choose(Features(question="q"))
    assert (route.model, route.fallbacks) == ("twin", ("large", "small"))
    assert "passed over: small: " in route.reason


async def test_where_every_server_is_full_the_shortest_queue_is_taken_and_a_dead_one_last() -> None:
    models = {"dead": SMALL, "long": SMALL, "short": SMALL}
    seen = Seen(dead=Status(healthy=False), long=Status(waiting=90), short=Status(waiting=20))
    route = await RuleRouter(models, monitor=seen).choose(Features(question="q"))
    assert (route.model, route.fallbacks) == ("short", ("long", "dead"))
    assert (route.scores["waiting.short"], route.scores["waiting.long"]) == (20, 90)


async def test_a_tool_loop_keeps_a_full_server_but_not_a_dead_one() -> None:
    asked = Features(question="q", tools_in_progress="large")
    full, dead = Seen(large=Status(waiting=99)), Seen(large=Status(healthy=False))
    assert (await RuleRouter(MODELS, monitor=full).choose(asked)).model == "large"
    assert (await RuleRouter(MODELS, monitor=dead).choose(asked)).model == "small"


async def test_fallbacks_of_the_same_tier_come_first() -> None:
    models = {"a": SMALL, "b": LARGE, "c": SMALL, "d": LARGE}
    assert (await RuleRouter(models, scorer=Fixed(1.0)).choose(Features(question="q"))).fallbacks == ("d", "a", "c")
    assert (await RuleRouter(models, scorer=Fixed(0.0)).choose(Features(question="q"))).fallbacks == ("c", "b", "d")


INFOS = st.builds(
    ModelInfo,
    name=st.just("m"),
    tier=st.sampled_from(["s", "m", "l"]),
    location=st.sampled_from(Location),
    window=st.sampled_from([100, 1000]),
    input_price=st.sampled_from([0.0, 10.0]),
    tools=st.booleans(),
    schemas=st.booleans(),
)
STATUSES = st.builds(Status, healthy=st.booleans(), waiting=st.integers(0, 20), kv_cache_usage=st.floats(0, 1))
ASKED = st.builds(
    Features,
    question=st.just("q"),
    prompt_tokens=st.sampled_from([10, 500]),
    private=st.booleans(),
    needs_tools=st.booleans(),
    needs_schema=st.booleans(),
    tiers=st.sampled_from([(), ("s",), ("m", "l")]),
    thread_model=st.sampled_from([None, "0", "1", "gone"]),
    tools_in_progress=st.sampled_from([None, "1", "gone"]),
)


@given(
    infos=st.lists(INFOS, min_size=1, max_size=5),
    seen=st.dictionaries(st.sampled_from(["0", "1", "2"]), STATUSES),
    asked=ASKED,
    difficulty=st.floats(0, 1),
    dollars=st.sampled_from([None, 0.0, 1.0]),
)
async def test_no_model_of_a_route_ever_breaks_a_constraint(
    infos: list[ModelInfo], seen: dict[str, Status], asked: Features, difficulty: float, dollars: float | None
) -> None:
    models: dict[str, Any] = {str(place): info for place, info in enumerate(infos)}
    router = RuleRouter(models, scorer=Fixed(difficulty), monitor=Seen(seen), budget=Purse(dollars))
    try:
        route = await router.choose(asked)
    except (NotFound, BudgetSpent):
        return
    assert route.reason
    assert len({route.model, *route.fallbacks}) == 1 + len(route.fallbacks)
    for name in (route.model, *route.fallbacks):
        info = models[name]
        assert not (asked.private and info.location is Location.REMOTE)
        assert not asked.tiers or info.tier in asked.tiers
        assert asked.prompt_tokens <= info.window
        assert info.schemas or not asked.needs_schema
        assert dollars is None or dollars > 0 or not info.input_price
    callers = [name for name in (route.model, *route.fallbacks) if models[name].tools]
    assert models[route.model].tools or not (asked.needs_tools and callers)
    assert route == await router.choose(asked)
