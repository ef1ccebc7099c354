import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

import pytest

from citeward.ingest.sync.pipeline import ahead, in_thread, until, whole


async def _counting(made: list[int], until_: int, error: Exception | None = None) -> AsyncGenerator[int]:
    for number in range(until_):
        made.append(number)
        yield number
    if error is not None:
        raise error


async def test_a_stage_is_one_item_ahead_and_no_more() -> None:
    made: list[int] = []
    async with ahead(_counting(made, 10)) as items:
        async for item in items:
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(made) == min(item + 2, 10)


async def test_an_error_comes_after_the_items_before_it() -> None:
    async with ahead(_counting([], 3, ValueError("broken"))) as items:
        assert [await anext(items) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="broken"):
            await anext(items)


async def test_leaving_early_closes_the_stage() -> None:
    closed = []

    async def stage() -> AsyncGenerator[int]:
        try:
            for number in range(10):
                yield number
        finally:
            closed.append(True)

    async with ahead(stage()) as items:
        async for _ in items:
            break
    assert closed == [True]


async def test_items_are_made_in_one_other_thread_and_closed_there() -> None:
    threads = []

    def items() -> Iterator[int]:
        try:
            for number in range(5):
                threads.append(threading.get_ident())
                yield number
        finally:
            threads.append(threading.get_ident())

    made = in_thread(items())
    assert [await anext(made) for _ in range(3)] == [0, 1, 2]
    await made.aclose()
    assert len(threads) == 4 and len(set(threads)) == 1 and threads[0] != threading.get_ident()


async def test_a_long_run_in_the_thread_ends_once_nothing_more_is_wanted() -> None:
    stop, busy = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def none_of_them() -> Iterator[int]:
        for number in until(stop, endless()):
            if number < 1:
                yield number
            elif number == 1:
                loop.call_soon_threadsafe(busy.set)

    made = in_thread(none_of_them(), stop)
    assert await anext(made) == 0
    waiting = asyncio.create_task(anext(made))
    await busy.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert stop.is_set()


async def test_cancelled_work_is_done_to_its_end() -> None:
    begun, go, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await go.wait()
        done.append(True)

    task = asyncio.create_task(whole(work()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [True]
