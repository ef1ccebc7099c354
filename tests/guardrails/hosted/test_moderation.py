import pytest

from citeward.contracts.guardrail import Action, Origin
from citeward.contracts.model import Location
from citeward.errors import AuthenticationFailed, BadResponse
from citeward.guardrails.hosted.moderation import ModerationGuard, ModerationOptions
from citeward.guardrails.table import Thresholds
from citeward.testing.endpoints import ModelServer, altered, garbled
from citeward.testing.suites.guardrail import check_guardrail

LIMITS = {Origin.USER: Thresholds(flag=0.4, block=0.8), Origin.MODEL: Thresholds(block=0.8)}


def rates(text):
    return {"hate": 0.9 if "vermin" in text else 0.01, "self-harm/intent": 0.5 if "pills" in text else 0.0}


@pytest.fixture
def server():
    with ModelServer(rates=rates, api_key="secret") as running:
        yield running


@pytest.fixture
async def make(server, monkeypatch):
    monkeypatch.setenv("GUARD_KEY", "secret")
    made = []

    def guard(**options):
        given = {"url": server.url, "api_key_env": "GUARD_KEY", "retries": 0, **options}
        made.append(ModerationGuard(LIMITS, ModerationOptions(**given)))
        return made[-1]

    yield guard
    for one in made:
        await one.aclose()


async def test_it_is_a_guardrail(make):
    await check_guardrail(make(), texts=["They are vermin.", "How many pills?", "Hello"])


async def test_the_highest_score_decides_and_categories_become_findings(make):
    verdict = await make().check("How many pills?", origin=Origin.USER)
    assert (verdict.action, verdict.score) == (Action.FLAG, 0.5)
    assert [finding.kind for finding in verdict.findings] == ["self_harm_intent"]
    assert (await make().check("They are vermin.", origin=Origin.USER)).action is Action.BLOCK


async def test_an_allowed_text_has_its_score_too(make):
    assert (await make().check("Hello", origin=Origin.USER)).score == 0.01


async def test_only_the_categories_that_are_asked_for_count(make):
    guard = make(categories=["self-harm/intent"])
    assert (await guard.check("They are vermin.", origin=Origin.USER)).action is Action.ALLOW
    with pytest.raises(BadResponse, match="no category 'boats'"):
        await make(categories=["boats"]).check("Hello", origin=Origin.USER)


async def test_an_origin_that_the_table_leaves_out_is_not_sent(make, server):
    assert (await make().check("They are vermin.", origin=Origin.TOOL)).action is Action.ALLOW
    assert server.requests == []


async def test_the_model_is_named_where_one_is_chosen(make, server):
    await make(model="tiny").check("Hello", origin=Origin.USER)
    await make().check("Hello", origin=Origin.USER)
    assert [request.body.get("model") for request in server.requests] == ["tiny", None]


@pytest.mark.parametrize(
    "fault",
    [
        garbled(),
        altered(lambda _: {"results": []}),
        altered(lambda _: {"results": [{"category_scores": {"hate": "high"}}]}),
        altered(lambda _: {"results": [{"category_scores": {"hate": 7}}]}),
        altered(lambda _: {"results": [{"category_scores": {}}]}),
    ],
)
async def test_garbage_is_an_error(make, server, fault):
    server.faults.append(fault)
    with pytest.raises(BadResponse):
        await make().check("Hello", origin=Origin.USER)


async def test_a_wrong_key_is_an_error_that_does_not_repeat_it(make, monkeypatch):
    monkeypatch.setenv("GUARD_KEY", "wrong-key-123")
    with pytest.raises(AuthenticationFailed) as caught:
        await make().check("Hello", origin=Origin.USER)
    assert "wrong-key-123" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [("https://api.example.com/v1", Location.REMOTE), ("http://10.1.2.3:8001/v1", Location.LOCAL)],
)
def test_its_address_tells_whether_texts_leave_the_teams_machines(url, place):
    assert ModerationGuard(LIMITS, ModerationOptions(url=url)).location is place
