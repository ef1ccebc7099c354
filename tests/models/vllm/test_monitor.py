import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, aclosing
from typing import Any

import pytest

from citeward.contracts.routing import Monitor, Status
from citeward.errors import SettingsError
from citeward.models.vllm.monitor import VLLMMonitor

BUSY = b"vllm:num_requests_running 4\nvllm:num_requests_waiting 9\nvllm:kv_cache_usage_perc 0.97\n"
Serving = Callable[..., AbstractContextManager[str]]


async def test_asking_waits_for_nothing_and_the_next_who_asks_is_told(serving: Serving) -> None:
    with serving(body=BUSY) as root:
        async with aclosing(VLLMMonitor({"m": f"{root}/v1"}, every=60)) as vllm:
            monitor: Monitor = vllm
            assert monitor.status("m") is None
            assert await vllm.look("m") == Status(waiting=9, kv_cache_usage=0.97)
            assert monitor.status("m") == Status(waiting=9, kv_cache_usage=0.97)


async def test_models_of_one_server_are_looked_up_together(serving: Serving) -> None:
    with serving(body=BUSY) as root:
        async with aclosing(VLLMMonitor({"base": f"{root}/v1", "adapter": f"{root}/v1/"}, every=60)) as monitor:
            await monitor.look("base")
            assert monitor.status("adapter") == Status(waiting=9, kv_cache_usage=0.97)


async def test_a_server_that_is_gone_is_unhealthy(serving: Serving) -> None:
    with serving() as root:
        pass
    async with aclosing(VLLMMonitor({"m": f"{root}/v1"}, every=60)) as monitor:
        assert await monitor.look("m") == Status(healthy=False)


@pytest.mark.parametrize(("status", "healthy"), [(404, None), (401, None), (200, None), (500, False), (503, False)])
async def test_a_server_that_tells_no_figures_is_unknown_and_one_that_fails_is_unhealthy(
    serving: Serving, status: int, healthy: bool | None
) -> None:
    with serving(status=status, body=b"<html>") as root:
        async with aclosing(VLLMMonitor({"m": f"{root}/v1"})) as monitor:
            seen = await monitor.look("m")
    assert (seen.healthy if seen else None) is healthy


async def test_a_model_that_is_not_on_vllm_is_unknown() -> None:
    async with aclosing(VLLMMonitor({})) as monitor:
        assert monitor.status("extractive") is None
        assert await monitor.look("extractive") is None


async def test_what_was_seen_long_ago_is_not_told_any_more(serving: Serving) -> None:
    with serving(body=BUSY) as root:
        async with aclosing(VLLMMonitor({"m": f"{root}/v1"}, every=1e-9)) as monitor:
            await monitor.look("m")
            assert monitor.status("m") is None


def test_outside_of_any_loop_nothing_is_known_and_nothing_is_raised() -> None:
    assert VLLMMonitor({"m": "http://127.0.0.1:9/v1"}).status("m") is None


def test_one_monitor_serves_several_loops(serving: Serving) -> None:
    async def seen(monitor: VLLMMonitor) -> Status | None:
        async with aclosing(monitor):
            return await monitor.look("m")

    with serving(body=BUSY) as root:
        monitor = VLLMMonitor({"m": f"{root}/v1"})
        assert asyncio.run(seen(monitor)) == asyncio.run(seen(monitor))


def test_times_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsError):
        VLLMMonitor({}, every=0)


async def test_the_real_server_tells_how_it_is(vllm_server: Any) -> None:
    async with aclosing(VLLMMonitor({"m": vllm_server.url})) as monitor:
        seen = await monitor.look("m")
    assert seen is not None
    assert seen.healthy
    assert 0 <= seen.kv_cache_usage <= 1
