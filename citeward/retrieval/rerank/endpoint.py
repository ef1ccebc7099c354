"""Rerank endpoints: vLLM, Jina, Cohere, Voyage, llama.cpp, Infinity, and Hugging Face's TEI."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from citeward.contracts.model import Location
from citeward.contracts.retrieval import Passage
from citeward.endpoint import Endpoint, Json
from citeward.endpoint.refusal import shape
from citeward.errors import BadResponse, ContextTooLong, InvalidInput, ModelError, SettingsError

TEI_BATCH = 32
"""Texts that TEI takes at once unless it was started otherwise (`--max-client-batch-size`)."""
SHORTEST = 64
"""Characters: a text that is too long for the model even when cut to this is no matter of length."""
_VERSION = re.compile(r"/v\d+(?:/|$)")
_BLANK = "."
"""Sent in place of a text without a character to see, which some servers refuse."""
_HINT = "Is this the address and the model of a rerank endpoint? See what its server logs."


class Shape(StrEnum):
    """What a request looks like, after the field that the texts are in."""

    DOCUMENTS = "documents"
    """`{model, query, documents, top_n}`: Cohere's, which vLLM, Jina, Infinity, llama.cpp and others follow."""
    TEXTS = "texts"
    """`{query, texts, truncate}`: TEI's."""


class EndpointReranker:
    """A `Reranker` behind HTTP. Making one opens nothing.

    Which of the two protocols the server speaks is taken from the url, and if the server refuses that one the other
    is tried; what works is kept to. What is too long for the model is cut until it fits.

    Args:
        url: Up to and with the version, as `http://127.0.0.1:8001/v1`; TEI has none. `/rerank` may be part of it.
        model: The model's name there; TEI, which serves one model, is not told.
        api_key: Sent as a bearer token.
        timeout: Seconds that one request may take.
        retries: Further tries.

    Raises:
        SettingsError: The url is none, or the model has no name.
    """

    def __init__(
        self, url: str, *, model: str, api_key: str | None = None, timeout: float = 30.0, retries: int = 2
    ) -> None:
        if not model:
            raise SettingsError("The rerank endpoint's model is ''.", hint="Give the name that the server knows.")
        name = f"the reranker {model!r}"
        self._endpoint = Endpoint(url, api_key=api_key, timeout=timeout, retries=retries, name=name)
        self._path = "" if self._endpoint.url.endswith("/rerank") else "/rerank"
        self._model = model
        self._shape = Shape.DOCUMENTS if _VERSION.search(self._endpoint.url) else Shape.TEXTS
        self._settled = False

    @property
    def name(self) -> str:
        """The model's."""
        return self._model

    @property
    def location(self) -> Location:
        """Whether texts leave the team's machines, by the address."""
        return Location.of(self._endpoint.url)

    async def rerank(
        self,
        query: str,
        passages: Sequence[Passage],
        /,
        *,
        limit: int,
        tenant: str = "default",  # noqa: ARG002 - a text is judged alike for everybody
    ) -> list[Passage]:
        """At most `limit` passages, best first, by the model's scores; equal ones keep their order.

        Raises:
            InvalidInput: `limit` is below 1.
            ModelError: As `Endpoint.post` raises; BadResponse where scores are missing or are no numbers.
            NotFound: The server knows no such model or path.
            DeadlineExceeded: No answer in time.
        """
        if limit < 1:
            raise InvalidInput(f"A limit of {limit!r} keeps no passage.", hint="Give 1 or more.")
        if not passages:
            return []
        texts = [_clean(passage.text) for passage in passages]
        scores = await self._fitting(_clean(query), texts, top=min(limit, len(texts)))
        best = sorted(scores, key=lambda at: (-scores[at], at))[:limit]
        return [replace(passages[at], score=scores[at]) for at in best]

    async def aclose(self) -> None:
        """Give back the connections; a later call opens new ones."""
        await self._endpoint.aclose()

    async def _fitting(self, query: str, texts: list[str], *, top: int) -> dict[int, float]:
        """Scores by index. For as long as the server finds something too long, the longest is cut by half: the
        question, or the passages to one length.

        That length is not kept for the next call: one passage of odd characters would shorten all that come after it.
        """
        while True:
            try:
                return await self._scores(query, texts, top=top)
            except ContextTooLong:
                longest = max(map(len, texts))
                if max(len(query), longest) < 2 * SHORTEST:
                    raise
                if len(query) > longest:
                    query = query[: len(query) // 2]
                else:
                    texts = [text[: longest // 2] for text in texts]

    async def _scores(self, query: str, texts: list[str], *, top: int) -> dict[int, float]:
        try:
            return await self._asked(self._shape, query, texts, top=top)
        except ModelError as error:
            # Refused for what it says, not for who asks or for want of room: it may be the other protocol's server.
            if type(error) is not ModelError or self._settled:
                raise
            other = Shape.TEXTS if self._shape is Shape.DOCUMENTS else Shape.DOCUMENTS
            try:
                scores = await self._asked(other, query, texts, top=top)
            except ModelError:
                raise error from None
            self._shape = other
            return scores

    async def _asked(self, shape: Shape, query: str, texts: list[str], *, top: int) -> dict[int, float]:
        if shape is Shape.DOCUMENTS:
            body = {"model": self._model, "query": query, "documents": texts, "top_n": top}
            scores = self._read(await self._endpoint.post(self._path, body), len(texts), least=top)
        else:
            starts = range(0, len(texts), TEI_BATCH)
            parts = [texts[start : start + TEI_BATCH] for start in starts]
            answers = await asyncio.gather(
                *(self._endpoint.post(self._path, {"query": query, "texts": part, "truncate": True}) for part in parts)
            )
            scores = {
                start + at: score
                for start, part, answer in zip(starts, parts, answers, strict=True)
                for at, score in self._read(answer, len(part), least=len(part)).items()
            }
        self._settled = True
        return scores

    def _read(self, answer: Json, count: int, *, least: int) -> dict[int, float]:
        """Scores by index: `results` of `relevance_score` (Cohere), `data` (Voyage), or a bare list of `score`."""
        rows: Any = answer if isinstance(answer, list) else answer.get("results", answer.get("data"))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadResponse(f"Model {self._model!r} answered without results ({shape(answer)}).", hint=_HINT)
        scores: dict[int, float] = {}
        for row in rows:
            at, score = row.get("index"), row.get("relevance_score", row.get("score"))
            if type(at) is not int or not 0 <= at < count or at in scores:
                raise BadResponse(f"Model {self._model!r} gave index {shape(at)} for {count} passages.", hint=_HINT)
            if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
                raise BadResponse(f"Model {self._model!r} gave passage {at} the score {shape(score)}.", hint=_HINT)
            scores[at] = float(score)
        if len(scores) < least:
            raise BadResponse(
                f"Model {self._model!r} scored {len(scores)} passages where {least} were asked for.", hint=_HINT
            )
        return scores


def _clean(text: str) -> str:
    """Valid UTF-8 with at least one character to see."""
    text = text.encode("utf-8", "replace").decode()
    return text if text.strip() else _BLANK
