"""Any embeddings endpoint that speaks OpenAI's protocol: vLLM, TEI, Ollama, llama.cpp, OpenAI, Voyage and others."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from citeward.contracts.model import Location
from citeward.contracts.retrieval import Vector, Vectors
from citeward.endpoint import Endpoint, Json, PerLoop
from citeward.errors import ContextTooLong, InvalidInput, ModelError, SettingsError
from citeward.logs import get_logger
from citeward.retrieval.embedding.answer import vectors_of
from citeward.retrieval.embedding.cache import VectorCache
from citeward.retrieval.embedding.pace import Pace
from citeward.retrieval.embedding.sent import batches, sendable

REQUEST_TOKENS = 200_000
"""Tokens that one request has at most, by estimate; OpenAI takes 300,000."""
LEAST_TOKENS = 16
"""A text that is too long for the model even when cut to this is no matter of length."""

logger = get_logger(__name__)


class EndpointEmbedder:
    """An `Embedder` behind HTTP: batched, tried again, held to a rate, and cached on disk.

    Making one opens nothing. A text that has been embedded before, in whatever run, is read from the cache. Only
    passages are kept there: they are in the store already, while a question is somebody's own words, is rarely asked
    again to the letter, and would wait for the disk.

    Args:
        url: Up to and with the version, as `http://127.0.0.1:8001/v1`.
        model: The model's name there.
        dimensions: Length of its vectors; a model that gives others is refused at the first answer.
        api_key: Sent as a bearer token.
        ask_dimensions: Send `dimensions`, for models that can give shorter vectors (Matryoshka).
        batch: Texts a request, at most.
        concurrency: Requests at a time, over all calls.
        requests_per_minute: Tries counted, over all calls; None for as many as come.
        tokens_per_minute: The same for tokens, by estimate.
        max_tokens: Longest text, prefix included; what is beyond is cut, by estimate. A text that the server still
            finds too long is halved until it fits.
        query_prefix: Put before each question, for models that were trained so (E5, BGE, Nomic).
        passage_prefix: Put before each passage.
        timeout: Seconds that one request may take.
        retries: Further tries of one request.
        cache: SQLite file; None keeps nothing.

    Raises:
        SettingsError: A value makes no sense.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        dimensions: int,
        api_key: str | None = None,
        ask_dimensions: bool = False,
        batch: int = 64,
        concurrency: int = 4,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        max_tokens: int = 8000,
        query_prefix: str = "",
        passage_prefix: str = "",
        timeout: float = 30.0,
        retries: int = 4,
        cache: Path | None = None,
    ) -> None:
        for name, value, least in (
            ("dimensions", dimensions, 1),
            ("batch", batch, 1),
            ("concurrency", concurrency, 1),
            ("requests_per_minute", requests_per_minute, 1),
            ("tokens_per_minute", tokens_per_minute, 1),
            ("max_tokens", max_tokens, LEAST_TOKENS),
        ):
            if value is not None and value < least:
                raise SettingsError(f"{name} is {value!r}.", hint=f"Give {least} or more.")
        if not model:
            raise SettingsError("The embeddings endpoint's model is ''.", hint="Give the name that the server knows.")
        name = f"the embedding model {model!r}"
        self._endpoint = Endpoint(url, api_key=api_key, timeout=timeout, retries=retries, name=name)
        self._model = model
        self._dimensions = dimensions
        self._ask_dimensions = ask_dimensions
        self._batch = batch
        self._concurrency = concurrency
        self._requests = Pace(requests_per_minute) if requests_per_minute else None
        self._tokens = Pace(tokens_per_minute) if tokens_per_minute else None
        # One request must not take a whole minute's tokens, where there is a limit to them.
        self._request_tokens = min(REQUEST_TOKENS, self._tokens.burst) if self._tokens else REQUEST_TOKENS
        self._max_tokens = max_tokens
        self._prefixes = {True: query_prefix, False: passage_prefix}
        self._cache = VectorCache(cache) if cache is not None else None
        self._free = PerLoop(lambda: asyncio.Semaphore(concurrency))
        self._encoding: dict[str, str] = {"encoding_format": "base64"}

    @property
    def name(self) -> str:
        """Of the vectors' space: the model, the dimensions where they were asked for, and a mark of the prefixes.

        The address is no part of it, so that a model may move to another server.
        """
        name = f"{self._model}@{self._dimensions}" if self._ask_dimensions else self._model
        if not any(self._prefixes.values()):
            return name
        prefixes = json.dumps([self._prefixes[True], self._prefixes[False]])
        return f"{name}+{hashlib.sha256(prefixes.encode()).hexdigest()[:8]}"

    @property
    def dimensions(self) -> int:
        """As given."""
        return self._dimensions

    @property
    def location(self) -> Location:
        """Whether texts leave the team's machines, by the address."""
        return Location.of(self._endpoint.url)

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        """float32[n, dimensions], each row of unit length, in the order of `texts`.

        What a failed call has embedded before it failed is in the cache.

        Raises:
            InvalidInput: One text was given bare.
            SettingsError: The model's vectors have another length.
            ModelError: As `Endpoint.post` raises; BadResponse where a vector is missing or has no direction.
            NotFound: The server knows no such model or path.
            DeadlineExceeded: No answer in time.
        """
        if isinstance(texts, str):
            raise InvalidInput(f"One text was given bare: {texts[:40]!r}.", hint="Give a list of texts.")
        prefix = self._prefixes[queries]
        sent = [sendable(text, prefix=prefix, max_tokens=self._max_tokens) for text in texts]
        cache = None if queries else self._cache
        wanted = list(dict.fromkeys(sent))
        known: dict[str, Vector] = {}
        if cache is not None and wanted:
            known = await cache.get(self.name, wanted, dimensions=self._dimensions)
        await self._fill(known, [text for text in wanted if text not in known], cache)
        rows = np.zeros((len(sent), self._dimensions), np.float32)
        for row, text in zip(rows, sent, strict=True):
            row[:] = known[text]
        return rows

    async def aclose(self) -> None:
        """Give back the connections and the cache's file; a later call opens them again."""
        await self._endpoint.aclose()
        if self._cache is not None:
            await self._cache.aclose()

    async def _fill(self, known: dict[str, Vector], missing: Sequence[str], cache: VectorCache | None) -> None:
        """Put the vectors of `missing` into `known`, and into the cache as they come."""
        waiting = batches(missing, size=self._batch, tokens=self._request_tokens)

        async def work() -> None:
            for batch, tokens in waiting:
                rows = await self._request(batch, tokens)
                fresh = dict(zip(batch, rows, strict=True))
                known.update(fresh)
                if cache is not None:
                    await cache.put(self.name, fresh)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(missing))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            # The others were cancelled; the first says why.
            raise errors.exceptions[0] from errors.exceptions[0].__cause__

    async def _request(self, batch: list[str], tokens: int) -> Vectors:
        """The batch's vectors. A batch that is too long is halved, and so is a text that is too long by itself."""
        try:
            async with self._free.get():
                answer = await self._post(batch, tokens)
            return vectors_of(answer, batch, model=self._model, dimensions=self._dimensions)
        except ContextTooLong:
            if len(batch) > 1:
                middle = len(batch) // 2
                halves = [await self._request(half, tokens // 2) for half in (batch[:middle], batch[middle:])]
                return np.concatenate(halves)
            (text,) = batch
            shorter = sendable(text, max_tokens=max(LEAST_TOKENS, min(tokens, self._max_tokens) // 2))
            if len(shorter) >= len(text):
                raise
            logger.warning("embedding.cut", model=self._model, characters=len(text), kept=len(shorter))
            return await self._request([shorter], tokens // 2)

    async def _post(self, batch: list[str], tokens: int) -> Json:
        async def pace() -> None:
            if self._requests is not None:
                await self._requests.take()
            if self._tokens is not None:
                await self._tokens.take(tokens)

        body: dict[str, object] = {"model": self._model, "input": batch}
        if self._ask_dimensions:
            body["dimensions"] = self._dimensions
        encoding = self._encoding
        try:
            return await self._endpoint.post("/embeddings", body | encoding, before=pace)
        except ModelError as error:
            if type(error) is not ModelError or not encoding:
                raise
            # Refused, for what reason one cannot know: it may be the encoding, which not every server knows.
            answer = await self._endpoint.post("/embeddings", body, before=pace)
            self._encoding = {}
            return answer
