"""A server that models seem to stand behind: real HTTP on a free port of this machine, with faults on order."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from citeward.testing.embedding import HashEmbedder


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client sent."""

    path: str
    body: Any
    """The JSON; None where there was none."""
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What goes back."""

    status: int = 200
    body: Any = None
    """Sent as it is where it is bytes, else as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)


Fault: TypeAlias = Callable[[Any], Reply | None]
"""From the right answer's JSON to what is sent instead; None sends nothing and keeps the client waiting."""


def refused(status: int, message: str = "no", *, retry_after: str | None = None) -> Fault:
    """An error, worded as OpenAI's."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda _: Reply(status=status, body={"error": {"message": message}}, headers=headers)


def garbled(content: bytes = b"<html>Welcome to the login page") -> Fault:
    """Status 200 and no JSON."""
    return lambda _: Reply(body=content)


def stalled() -> Fault:
    """No answer at all, until the server is closed."""
    return lambda _: None


def altered(change: Callable[[Any], Any]) -> Fault:
    """The right answer, changed: `altered(lambda answer: {**answer, "data": []})`."""
    return lambda answer: Reply(body=change(answer))


class ModelServer:
    """OpenAI's `/v1/embeddings` and `/v1/models`, `/v1/rerank` as vLLM, Jina and Cohere have it, and TEI's `/rerank`.

    With `says` and `rates` also `/v1/chat/completions`, not streamed, and `/v1/moderations`.

    Vectors are `HashEmbedder`'s, a reranker's scores the cosines between them. Embeddings come in another order than
    the texts, each with its `index`, as the protocol allows; empty texts are refused, as many servers do. It runs in
    a thread of its own, so that both `asyncio.run` and a test's loop may call it.

    Args:
        dimensions: Of the embeddings; a request that asks for fewer gets fewer.
        model: The one name that it knows.
        api_key: Asked for where it is given.
        max_tokens: Longest text that it takes, in words.
        base64: Whether it knows `encoding_format`; a server that does not refuses the field.
        rerank: Whose protocol `/rerank` has: `documents` (vLLM and others) or `texts` (TEI).
        says: What its chat model answers to the last message.
        rates: The moderation categories of a text and their scores.

    Example:
        >>> import asyncio
        >>> from citeward.retrieval.embedding.endpoint import EndpointEmbedder
        >>> with ModelServer(dimensions=16) as server:
        ...     embedder = EndpointEmbedder(server.url, model="tiny", dimensions=16)
        ...     asyncio.run(embedder.embed(["a black cat"])).shape
        (1, 16)
    """

    def __init__(
        self,
        *,
        dimensions: int = 32,
        model: str = "tiny",
        api_key: str | None = None,
        max_tokens: int = 10_000,
        base64: bool = True,
        rerank: str = "documents",
        says: Callable[[str], str] | None = None,
        rates: Callable[[str], Mapping[str, float]] | None = None,
    ) -> None:
        self.dimensions = dimensions
        self.model = model
        self.api_key = api_key
        self.max_tokens = max_tokens
        self.base64 = base64
        self.rerank = rerank
        self.says = says
        self.rates = rates
        self.faults: deque[Fault | None] = deque()
        """One a request, in order, None for no fault; past the last there are none."""
        self.requests: list[Request] = []
        """Every request so far."""
        self.most_at_once = 0
        """Requests that were being answered at the same time, at most."""
        self._at_once = 0
        self._port = 0
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def root(self) -> str:
        """Address without the version."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """Address with the version, as embedders want it."""
        return f"{self.root}/v1"

    @property
    def texts(self) -> list[str]:
        """Every text of every embeddings request so far."""
        return [text for one in self.requests if one.path.endswith("/embeddings") for text in one.body["input"]]

    def __enter__(self) -> ModelServer:
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._started.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listener)), name="citeward-test-models")
        self._thread.start()
        self._started.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop and self._stop and self._thread
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        clients: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            clients.add(task)
            try:
                while (reply := await self._answer(reader)) is not None:
                    writer.write(reply)
                    await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the client is gone, or the server is
            finally:
                clients.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, sock=listener)
        self._started.set()
        await self._stop.wait()
        server.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader) -> bytes | None:
        """The bytes that answer the connection's next request; None where there is none."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        _, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(path=path, body=json.loads(content) if content else None, headers=headers)
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else None
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            # Others that were sent at the same time arrive meanwhile.
            await asyncio.sleep(0.002)
            reply: Reply | None = await self._right(request)
            if fault is not None:
                assert reply is not None
                reply = fault(reply.body)
            if reply is None:
                await asyncio.Event().wait()
        finally:
            self._at_once -= 1
        assert reply is not None
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        lines = {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(body))}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {reply.status} -\r\n{text}\r\n".encode() + body

    async def _right(self, request: Request) -> Reply:
        path, body = request.path.partition("?")[0], request.body
        if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return _error(401, f"Incorrect API key provided: {request.headers.get('authorization', '')[7:]}")
        if path == "/v1/models":
            return Reply(body={"object": "list", "data": [{"id": self.model, "object": "model"}]})
        if path == "/v1/embeddings":
            return await self._embeddings(body)
        if path == "/v1/chat/completions" and self.says is not None:
            message = {"role": "assistant", "content": self.says(body["messages"][-1]["content"])}
            return Reply(body={"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
        if path == "/v1/moderations" and self.rates is not None:
            scores = dict(self.rates(body["input"]))
            flags = {name: score >= 0.5 for name, score in scores.items()}
            rated = {"flagged": any(flags.values()), "categories": flags, "category_scores": scores}
            return Reply(body={"id": "1", "model": self.model, "results": [rated]})
        if path.endswith("/rerank") and self.rerank in body:
            return await self._ranking(body)
        if path.endswith("/rerank"):
            return _error(422, f"missing field `{self.rerank}`")
        return _error(404, "Not Found")

    async def _embeddings(self, body: Any) -> Reply:
        if body["model"] != self.model:
            return _error(404, f"The model `{body['model']}` does not exist.")
        if "encoding_format" in body and not self.base64:
            return _error(422, "encoding_format: extra inputs are not permitted")
        texts = body["input"]
        if not all(text.strip() for text in texts):
            return _error(400, "'$.input' is invalid: an input cannot be empty.")
        if any(len(text.split()) > self.max_tokens for text in texts):
            return _error(400, f"This model's maximum context length is {self.max_tokens} tokens.")
        # A server's vectors need not be of unit length.
        rows = 3 * await HashEmbedder(dimensions=body.get("dimensions", self.dimensions)).embed(texts)
        packed = body.get("encoding_format") == "base64"
        data = [
            {"index": at, "embedding": base64.b64encode(row.tobytes()).decode() if packed else row.tolist()}
            for at, row in enumerate(rows.astype("<f4"))
        ]
        return Reply(body={"object": "list", "model": self.model, "data": data[::-1], "usage": {"total_tokens": 1}})

    async def _ranking(self, body: Any) -> Reply:
        texts = body[self.rerank]
        if not all(text.strip() for text in texts):
            return _error(400, "a document cannot be empty")
        if body.get("truncate"):
            texts = [" ".join(text.split()[: self.max_tokens]) for text in texts]
        if any(len(text.split()) > self.max_tokens for text in (body["query"], *texts)):
            return _error(413, f"inputs must have less than {self.max_tokens} tokens")
        vectors = await HashEmbedder().embed([body["query"], *texts])
        scores = (vectors[1:] @ vectors[0]).tolist()
        order = np.argsort(scores)[::-1].tolist()
        if self.rerank == "texts":
            if len(texts) > 32:
                return _error(422, f"batch size {len(texts)} > maximum allowed batch size 32")
            return Reply(body=[{"index": at, "score": scores[at]} for at in order])
        if body["model"] != self.model:
            return _error(404, f"The model `{body['model']}` does not exist.")
        best = order[: body.get("top_n", len(order))]
        return Reply(body={"id": "1", "results": [{"index": at, "relevance_score": scores[at]} for at in best]})


def _error(status: int, message: str) -> Reply:
    return Reply(status=status, body={"error": {"message": message, "type": "invalid_request_error"}})
