"""A Hugging Face causal model that runs in this process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from citeward.contracts.model import Delta, ModelInfo, ModelRequest
from citeward.errors import InvalidInput, ModelTimeout, ModelUnavailable
from citeward.models.local.generation import Generation, Loaded

MOST_LOGPROBS = 20


class LocalModel:
    """A `Model` that transformers runs in threads of this process; `load_local` makes one.

    An answer leaves token by token. One that nobody reads on is stopped after the token at hand, and its place is
    given to the next call. Answers are written side by side up to the model's `concurrency`; further calls wait, and
    their waiting counts against their time. The same seed draws the same answer, whatever is written beside it.

    Args:
        loaded: The model in memory.
        info: What the router and people need to know of it.
    """

    def __init__(self, loaded: Loaded, *, info: ModelInfo) -> None:
        self._loaded: Loaded | None = loaded
        self._info = replace(
            info,
            window=min(info.window, loaded.window),
            tools=info.tools and loaded.form.calls,
            continues="exactly",
            schemas=False,
        )
        self._threads = ThreadPoolExecutor(loaded.options.concurrency, thread_name_prefix="citeward-local")
        self._running: set[Generation] = set()

    def __repr__(self) -> str:
        return f"LocalModel({self._info.name!r})"

    @property
    def info(self) -> ModelInfo:
        """As given, with the window that its files allow, and tools only where its form of a call is known."""
        return self._info

    @property
    def running(self) -> int:
        """Answers that are being written or wait for their turn."""
        return len(self._running)

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The answer piece by piece; its last deltas are the usage, counted exactly, and the reason for its end.

        Raises:
            InvalidInput: A JSON schema, which nothing here holds the model to; log probabilities out of range.
            ContextTooLong: The prompt leaves no room in the window; the message names both.
            ModelTimeout: The request's own time is over.
            Overloaded: There is not enough memory for the answer.
            BadResponse: The model wrote a tool call that cannot be read.
            ModelUnavailable: It was closed.
            ModelError: The chat template refuses the conversation, or torch failed.
        """
        self._check(request)
        if self._loaded is None:
            raise ModelUnavailable(f"{self._info.name} was closed", hint="Open the project again.")
        until = None if request.timeout is None else time.monotonic() + request.timeout
        loop = asyncio.get_running_loop()
        said: asyncio.Queue[Delta | None] = asyncio.Queue()

        def say(delta: Delta | None) -> None:
            # A loop that is closed reads nothing more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(said.put_nowait, delta)

        def done() -> None:
            self._running.discard(generation)
            say(None)

        generation = Generation(self._loaded, request, say)
        self._running.add(generation)
        written = self._threads.submit(generation.run)
        written.add_done_callback(lambda _: done())
        try:
            while (delta := await _next(said, until)) is not None:
                yield delta
        except TimeoutError as error:
            raise ModelTimeout(
                f"{self._info.name} did not end its answer in time",
                hint="Give the run more time, ask for fewer tokens, or raise the model's `concurrency`.",
            ) from error
        finally:
            generation.leave()
            written.cancel()
        if generation.error is not None:
            raise generation.error

    def _check(self, request: ModelRequest) -> None:
        if request.output_schema is not None:
            raise InvalidInput(
                f"{self._info.name} cannot be held to a JSON schema",
                hint="Route such requests to an OpenAI-compatible endpoint, as vLLM's.",
            )
        if request.logprobs is not None and not 0 <= request.logprobs <= MOST_LOGPROBS:
            raise InvalidInput(f"logprobs {request.logprobs!r} is out of range", hint=f"ask for 0 to {MOST_LOGPROBS}")

    async def aclose(self) -> None:
        """Stop what is being written, and give the memory back."""
        self._loaded = None
        for generation in tuple(self._running):
            generation.leave()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        await asyncio.to_thread(_give_back)


async def _next(said: asyncio.Queue[Delta | None], until: float | None) -> Delta | None:
    async with asyncio.timeout(None if until is None else until - time.monotonic()):
        return await said.get()


def _give_back() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
