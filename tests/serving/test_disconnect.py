"""A client that goes away takes its run with it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from citeward.testing.upstream import Received, Turn, Upstream

QUESTION = "When does the harbour master open the port of Lund?"
ASK = {"input": QUESTION}
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
REQUESTS = {
    "/invoke": ASK,
    "/batch": {"inputs": [QUESTION]},
    "/stream": ASK,
    "/stream_events": ASK,
    "/stream_log": ASK,
    "/v1/chat/completions": CHAT,
    "/v1/chat/completions?streamed": {**CHAT, "stream": True},
}


async def test_the_model_is_left_when_the_client_leaves(
    tmp_path: Path, speaking: Callable[[Path, str], Path], serve: Callable[[Path], AbstractContextManager[str]]
) -> None:
    asked = asyncio.Event()

    class Said(tuple[str, ...]):
        """Tells when the first of it is about to be sent."""

        def __iter__(self) -> Iterator[str]:
            asked.set()
            return super().__iter__()

    def turn(_: Received) -> Turn:
        return Turn(text=Said(("Seven ", "o'clock.")), stall_at=1)

    async with Upstream(turn) as upstream:
        root = await asyncio.to_thread(speaking, tmp_path, upstream.url)
        served = serve(root)
        address = await asyncio.to_thread(served.__enter__)
        try:
            for count, (path, body) in enumerate(REQUESTS.items(), 1):
                asked.clear()
                async with httpx.AsyncClient(timeout=60) as client:
                    asking = asyncio.create_task(client.post(address + path, json=body))
                    # The model has begun and will say nothing more: only the client's leaving can end this.
                    await asyncio.wait_for(asked.wait(), 60)
                    asking.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await asking
                async with asyncio.timeout(30):
                    await upstream.idle()
                assert upstream.abandoned == count, path
        finally:
            await asyncio.to_thread(served.__exit__, None, None, None)
