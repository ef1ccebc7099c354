import json

import pytest

from citeward.contracts.model import ModelInfo
from citeward.errors import ModelUnavailable, NotFound, SettingsError
from citeward.models.health import HealthState, endpoint_probe
from citeward.models.lazy import LazyModel
from citeward.models.registry import Entry, Registry
from citeward.testing.endpoints import ModelServer, altered, garbled, refused, stalled
from citeward.testing.scripted import ScriptedModel
from citeward.testing.upstream import Turn, Upstream

KEY = "sk-do-not-show-me"


def served(url: str, model: str = "tiny", **more: object) -> Registry:
    probe = endpoint_probe(url, model, **more)  # type: ignore[arg-type]
    return Registry({"m": Entry(model=ScriptedModel(), provider="vllm", served=model, probe=probe)})


def test_it_is_a_mapping_in_the_order_of_the_settings() -> None:
    small, large = ScriptedModel(), ScriptedModel()
    registry = Registry({"b": Entry(model=small, provider="test"), "a": Entry(model=large, provider="test")})
    assert list(registry) == ["b", "a"]
    assert registry["b"] is small
    assert ("a" in registry, "c" in registry, registry.get("c")) == (True, False, None)
    with pytest.raises(NotFound, match=r"no model 'c'\nhint: Models: b, a"):
        registry.entry("c")


async def test_a_server_that_serves_the_model_is_ready() -> None:
    with ModelServer(model="tiny", api_key=KEY) as server:
        health = await served(server.url, api_key=KEY).health("m")
        assert [request.path for request in server.requests] == ["/v1/models"]
    assert (health.state, health.detail) == (HealthState.READY, "")
    assert health.latency_ms is not None


async def test_a_server_that_serves_another_model_says_which() -> None:
    with ModelServer(model="tiny") as server:
        health = await served(server.url, "big").health("m")
        assert health.state is HealthState.FAILED
        assert health.detail == "'big' is not among what it lists: tiny"
        partial = await served(server.url, "big", lists_all=False).health("m")
        assert (partial.state, partial.detail) == (HealthState.READY, health.detail)


async def test_a_refused_key_is_a_failure_and_is_not_shown() -> None:
    with ModelServer(model="tiny", api_key="another key") as server:
        health = await served(server.url, api_key=KEY).health("m")
    assert health.state is HealthState.FAILED
    assert "401" in health.detail
    assert KEY not in repr(health)


async def test_a_server_that_is_silent_or_gone_is_unreachable() -> None:
    with ModelServer() as server:
        server.faults.append(stalled())
        registry = served(server.url)
        assert (await registry.health("m", within=0.2)).state is HealthState.UNREACHABLE
    health = await registry.health("m")
    assert (health.state, health.latency_ms) == (HealthState.UNREACHABLE, None)


async def test_a_server_in_trouble_is_told_apart_from_one_that_is_no_api() -> None:
    with ModelServer() as server:
        server.faults += [refused(503), garbled(), altered(lambda _: ["odd", {}])]
        registry = served(server.url)
        states = [(await registry.health("m")).state for _ in range(3)]
    assert states == [HealthState.FAILED, HealthState.FAILED, HealthState.READY]


async def test_a_chat_server_without_a_list_of_models_is_ready() -> None:
    async with Upstream(Turn(text=("Hi.",))) as server:
        health = await served(server.url).health("m")
        assert server.requests == []
    assert (health.state, health.detail) == (HealthState.READY, "answers, but lists no models")


def test_a_key_that_cannot_be_sent_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(SettingsError, match="API key"):
        endpoint_probe("http://127.0.0.1:1/v1", "m", api_key="two\nlines")


async def test_a_model_that_is_not_loaded_yet_says_so_and_one_that_cannot_be_says_why() -> None:
    def load() -> ScriptedModel:
        raise ModelUnavailable("not installed", hint="pip install it")

    model = LazyModel(ModelInfo(name="heavy"), load)
    registry = Registry({"heavy": Entry(model=model, provider="local")})
    assert (await registry.health("heavy")).state is HealthState.NOT_LOADED
    with pytest.raises(ModelUnavailable):
        await model.load()
    health = await registry.health("heavy")
    assert (health.state, health.detail) == (HealthState.FAILED, "not installed")


async def test_the_listing_is_json_in_order_and_asks_all_servers_at_once() -> None:
    with ModelServer(model="tiny", api_key=KEY) as server:
        probe = endpoint_probe(server.url, "tiny", api_key=KEY)
        entry = Entry(model=ScriptedModel(), provider="vllm", served="tiny", probe=probe)
        registry = Registry({f"m{place}": entry for place in range(6)})
        listed = await registry.listing()
        assert server.most_at_once > 1
    told = json.dumps([one.to_dict() for one in listed])
    assert KEY not in told
    first = json.loads(told)[0]
    assert first["health"]["state"] == "ready"
    assert {"name", "provider", "model", "tier", "window", "input_price", "output_price", "location"} <= set(first)
    assert [one.health for one in await registry.listing(health=False)] == [None] * 6
