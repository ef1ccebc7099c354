import asyncio

import pytest

from citeward.models.fallback.patience import Patience


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_silence_ends_with_the_share_and_leaves_the_task_as_it_was() -> None:
    with pytest.raises(TimeoutError), Patience(_now() + 0.04, 2):
        await _for_ever()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_the_work_on_what_was_heard_is_never_cut_off() -> None:
    done = False
    with Patience(_now() + 0.04, 4) as patience:
        patience.heard()
        await asyncio.sleep(0.05)
        done = True
    assert done


async def test_a_cancellation_from_outside_is_no_timeout() -> None:
    began = asyncio.Event()

    async def listening() -> None:
        with Patience(_now() + 60, 1):
            began.set()
            await _for_ever()

    task = asyncio.create_task(listening())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_from_outside_is_left_to_its_owner() -> None:
    scope = asyncio.timeout(0.02)
    with pytest.raises(TimeoutError):
        async with scope:
            with Patience(_now() + 60, 1):
                await _for_ever()
    assert scope.expired()


async def test_without_a_deadline_only_the_grace_after_the_end_is_bounded() -> None:
    with pytest.raises(TimeoutError), Patience(None, 1) as patience:
        patience.hurry(0.01)
        await _for_ever()
