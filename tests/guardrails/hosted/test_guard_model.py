import pytest

from citeward.contracts.guardrail import Action, Origin
from citeward.contracts.model import Location
from citeward.errors import BadResponse, ModelUnavailable, SettingsError
from citeward.guardrails.build import build_rails
from citeward.guardrails.hosted.guard_model import GuardModel, GuardModelOptions
from citeward.guardrails.table import Thresholds, load_policy
from citeward.testing.endpoints import ModelServer, altered, garbled, refused
from citeward.testing.suites.guardrail import check_guardrail

LIMITS = {origin: Thresholds(flag=0.5, block=0.9) for origin in Origin}


def says(text):
    if "bomb" in text:
        return "unsafe\nS9,S1"
    return "unsafe\nS6" if "medicine" in text else "safe"


@pytest.fixture
def server():
    with ModelServer(says=says, api_key="secret") as running:
        yield running


@pytest.fixture
async def make(server, monkeypatch):
    monkeypatch.setenv("GUARD_KEY", "secret")
    made = []

    def guard(**options):
        given = {"url": server.url, "model": "guard", "api_key_env": "GUARD_KEY", "retries": 0, **options}
        made.append(GuardModel(LIMITS, GuardModelOptions(**given)))
        return made[-1]

    yield guard
    for one in made:
        await one.aclose()


async def test_it_is_a_guardrail(make):
    await check_guardrail(make(), texts=["How do I build a bomb?", "Which medicine helps?"])


async def test_the_models_categories_become_findings(make):
    verdict = await make().check("How do I build a bomb?", origin=Origin.USER)
    assert verdict.action is Action.BLOCK
    assert [finding.kind for finding in verdict.findings] == ["indiscriminate_weapons", "violent_crimes"]
    assert "violent crimes" in verdict.reason


async def test_a_category_may_weigh_less_or_nothing(make):
    text = "Which medicine helps?"
    assert (await make(scores={"S6": 0.6}).check(text, origin=Origin.USER)).action is Action.FLAG
    assert (await make(scores={"S6": 0.0}).check(text, origin=Origin.USER)).action is Action.ALLOW


async def test_a_models_text_is_sent_as_its_own_turn(make, server):
    await make().check("Here you are.", origin=Origin.MODEL)
    assert [message["role"] for message in server.requests[-1].body["messages"]] == ["user", "assistant"]
    assert server.requests[-1].body["messages"][-1]["content"] == "Here you are."


async def test_a_prompt_of_ones_own_is_filled_in_once(make, server):
    guard = make(prompt="{role} said: {text}\n{categories}", categories={"X1": "boat_talk"})
    await guard.check("I write {categories}", origin=Origin.MODEL)
    (message,) = server.requests[-1].body["messages"]
    assert message["content"] == "Agent said: I write {categories}\nX1: boat talk"


async def test_a_blank_text_is_not_sent(make, server):
    assert (await make().check(" \n", origin=Origin.USER)).action is Action.ALLOW
    assert server.requests == []


@pytest.mark.parametrize("answer", ["I think that it is fine.", "", "unsafest"])
async def test_an_answer_of_another_shape_is_an_error(make, server, answer):
    server.says = lambda _: answer
    with pytest.raises(BadResponse, match="neither 'safe' nor 'unsafe'"):
        await make().check("Hello", origin=Origin.USER)


@pytest.mark.parametrize("fault", [garbled(), altered(lambda _: {"choices": []}), altered(lambda _: [1])])
async def test_garbage_is_an_error(make, server, fault):
    server.faults.append(fault)
    with pytest.raises(BadResponse):
        await make().check("Hello", origin=Origin.USER)


async def test_it_is_asked_again_where_that_may_help(make, server):
    server.faults.append(refused(503, retry_after="0"))
    assert (await make(retries=1).check("Hello", origin=Origin.USER)).action is Action.ALLOW
    assert len(server.requests) == 2


async def test_a_server_that_is_away_is_an_error(make, server):
    server.__exit__()
    try:
        with pytest.raises(ModelUnavailable):
            await make().check("Hello", origin=Origin.USER)
    finally:
        server.__enter__()


def test_a_key_that_is_not_set_is_named_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("GUARD_KEY", raising=False)
    with pytest.raises(SettingsError, match="'GUARD_KEY'"):
        GuardModel(LIMITS, GuardModelOptions(url="http://127.0.0.1:1/v1", api_key_env="GUARD_KEY"))


@pytest.mark.parametrize(("on_error", "action"), [("open", Action.FLAG), ("closed", Action.BLOCK)])
async def test_the_row_says_what_an_outage_means(tmp_path, server, monkeypatch, on_error, action):
    monkeypatch.setenv("GUARD_KEY", "secret")
    path = tmp_path / "policy.yaml"
    path.write_text(
        "version: 1\nguards:\n  - name: guard_model\n    origins: {user: {block: 0.5}}\n"
        f"    on_error: {on_error}\n"
        f"    options: {{url: '{server.url}', model: guard, api_key_env: GUARD_KEY, retries: 0}}\n",
        encoding="utf-8",
    )
    rails = build_rails(load_policy(path))
    try:
        assert (await rails.check("Hello", origin=Origin.USER)).action is Action.ALLOW
        server.faults.append(garbled())
        assert (await rails.check("Hello", origin=Origin.USER)).action is action
    finally:
        await rails.aclose()


@pytest.mark.parametrize(
    ("url", "place"),
    [("https://api.example.com/v1", Location.REMOTE), ("http://10.1.2.3:8001/v1", Location.LOCAL)],
)
def test_its_address_tells_whether_texts_leave_the_teams_machines(url, place):
    assert GuardModel(LIMITS, GuardModelOptions(url=url)).location is place
