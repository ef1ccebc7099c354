"""One contestant of `benchmarks.client`, in a process of its own, which imports nothing of the others.

Reads paced streams, several at a time, and prints JSON: microseconds of CPU a token, the first tokens' times, what it
is. Connections are open and code is warm before the clock starts. Arguments: contestant, url, streams, replies of each
stream, tokens a reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.metadata
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

QUESTION = "What is a paragraph of sixty-four words?"
Pieces = Callable[[], AsyncIterator[str]]
"""Makes one call; gives the text of each piece of the answer."""


def body() -> dict[str, object]:
    messages = [{"role": "user", "content": QUESTION}]
    return {"model": "m", "messages": messages, "stream": True, "stream_options": {"include_usage": True}}


def said(line: bytes | str) -> str | None:
    """The text of one line of the stream, read by hand as a bare client does."""
    import orjson

    if len(line) < 20:  # between two events, or `data: [DONE]`
        return None
    choices = orjson.loads(line[6:])["choices"]
    return choices[0]["delta"].get("content") if choices else None


@asynccontextmanager
async def bare_aiohttp(url: str) -> AsyncIterator[Pieces]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def pieces() -> AsyncIterator[str]:
            rest = b""
            async with session.post(f"{url}/chat/completions", json=body()) as response:
                # Whatever has come at once, which is cheaper than aiohttp's own lines.
                while data := await response.content.readany():
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        if text := said(line):
                            yield text

        yield pieces


@asynccontextmanager
async def bare_httpx(url: str) -> AsyncIterator[Pieces]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def pieces() -> AsyncIterator[str]:
            async with client.stream("POST", f"{url}/chat/completions", json=body()) as response:
                async for line in response.aiter_lines():
                    if text := said(line):
                        yield text

        yield pieces


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Pieces]:
    from citeward.contracts.model import Message, ModelRequest
    from citeward.models.openai_compatible.model import OpenAICompatibleModel

    model = OpenAICompatibleModel(url, "m")

    async def pieces() -> AsyncIterator[str]:
        request = ModelRequest(messages=(Message(role="user", content=QUESTION),))
        async for delta in model.stream(request):
            if delta.text:
                yield delta.text

    yield pieces
    await model.aclose()


@asynccontextmanager
async def ours_in_langchain(url: str) -> AsyncIterator[Pieces]:
    from citeward.models.chat.model import CitewardChatModel
    from citeward.models.openai_compatible.model import OpenAICompatibleModel

    model = OpenAICompatibleModel(url, "m")
    chat = CitewardChatModel(model=model)

    async def pieces() -> AsyncIterator[str]:
        async for chunk in chat.astream(QUESTION):
            if chunk.content:
                yield str(chunk.content)

    yield pieces
    await model.aclose()


@asynccontextmanager
async def openai_sdk(url: str) -> AsyncIterator[Pieces]:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:

        async def pieces() -> AsyncIterator[str]:
            stream = await client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": QUESTION}],
                stream=True,
                stream_options={"include_usage": True},
            )
            async for chunk in stream:
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    yield text

        yield pieces


@asynccontextmanager
async def chat_openai(url: str) -> AsyncIterator[Pieces]:
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model="m", base_url=url, api_key="none", stream_usage=True)

    async def pieces() -> AsyncIterator[str]:
        async for chunk in chat.astream(QUESTION):
            if chunk.content:
                yield str(chunk.content)

    yield pieces


CONTESTANTS = {
    "aiohttp": (bare_aiohttp, ("aiohttp", "orjson")),
    "httpx": (bare_httpx, ("httpx", "orjson")),
    "citeward": (ours, ("citeward",)),
    "citeward-langchain": (ours_in_langchain, ("citeward", "langchain-core")),
    "openai": (openai_sdk, ("openai",)),
    "langchain-openai": (chat_openai, ("langchain-openai", "langchain-core")),
}


async def measure(name: str, url: str, streams: int, replies: int, tokens: int) -> dict[str, object]:
    open_client, packages = CONTESTANTS[name]
    first: list[float] = []

    async def stream(pieces: Pieces, replies: int) -> None:
        for _ in range(replies):
            count, began = 0, time.perf_counter()
            async for _ in pieces():
                if not count:
                    first.append(time.perf_counter() - began)
                count += 1
            assert count == tokens, f"{name} gave {count} tokens of {tokens}"

    async def all_streams(replies: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(streams):
                group.create_task(stream(pieces, replies))

    async with open_client(url) as pieces:
        await all_streams(1)
        first.clear()
        gc.collect()
        began = time.process_time()
        await all_streams(replies)
        cpu = time.process_time() - began
    return {
        "cpu_us_a_token": cpu * 1e6 / (streams * replies * tokens),
        "first_token_ms": [seconds * 1000 for seconds in first],
        "versions": {package: importlib.metadata.version(package) for package in packages},
    }


def main() -> None:
    name, url, streams, replies, tokens = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
    try:
        found = asyncio.run(measure(name, url, streams, replies, tokens))
    except ImportError as error:
        found = {"missing": str(error)}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
