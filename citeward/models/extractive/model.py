"""The embedded default's answers: the sentences of the passages that answer best, word for word."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence

from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.context import FencedPassage
from citeward.contracts.model import (
    Delta,
    Location,
    Message,
    ModelInfo,
    ModelRequest,
    TokenUsage,
    ToolCallFragment,
)
from citeward.contracts.retrieval import TokenEmbedder
from citeward.contracts.tool import ToolCall, ToolDecider, ToolSpec
from citeward.errors import ModelError
from citeward.logs import get_logger
from citeward.models.extractive.evidence import weigh
from citeward.models.extractive.floor import enough
from citeward.models.extractive.quoting import chosen, written
from citeward.models.extractive.reading import Reading, read, told
from citeward.models.extractive.units import units
from citeward.models.extractive.vectors import PassageVectors

logger = get_logger(__name__)

LONG_RESULT, MANY_SENTENCES = 300, 4
"""Characters and sentences of a tool's result from which it is read like a passage, rather than told whole."""
_PIECE = re.compile(r"\s*\S+|\s+")


class ExtractiveModel:
    """Quotes the one to three sentences that answer best, each with its marker; writes nothing of its own.

    Deterministic and without weights of its own. It reads the passages and the tools' results in its prompt, and says
    that there is not enough information where no sentence clears the floor.

    Args:
        embedder: Compares the question with each sentence; None compares by words alone.
        decider: Decides tool calls; None calls no tools.
        name: As it is configured.
        tier: As it is configured.
    """

    def __init__(
        self,
        embedder: TokenEmbedder | None,
        *,
        decider: ToolDecider | None = None,
        name: str = "extractive",
        tier: str = "small",
    ) -> None:
        self._embedder = embedder
        self._decider = decider
        self._vectors = PassageVectors(embedder) if embedder is not None else None
        self._info = ModelInfo(
            name=name,
            description="Quotes the sentences of the passages that answer best; writes nothing of its own.",
            tier=tier,
            location=Location.LOCAL,
            window=32_768,
            tools=decider is not None,
            continues="never",
            schemas=False,
        )

    @property
    def info(self) -> ModelInfo:
        """What it is: local, free, and calling tools where it has a decider."""
        return self._info

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The answer word by word, or the calls of tools that the question needs."""
        reading = read(request.messages)
        calls: list[ToolCall] = []
        if request.tools and self._decider is not None and not reading.results:
            calls = await self._decided(self._decider, reading.question, request.tools)
        answer = "" if calls else await self._answer(reading)
        for index, call in enumerate(calls):
            arguments = json.dumps(dict(call.arguments))
            yield Delta(tool_call=ToolCallFragment(index=index, id=call.id, name=call.name, arguments=arguments))
        for piece in _PIECE.findall(answer):
            yield Delta(text=piece)
        prompt = sum(len(message.content) for message in request.messages)
        yield Delta(usage=TokenUsage(input_tokens=prompt // 4, output_tokens=len(answer) // 4))
        yield Delta(finish_reason="tool_calls" if calls else "stop")

    async def _decided(self, decider: ToolDecider, question: str, tools: Sequence[ToolSpec]) -> list[ToolCall]:
        """The decider's calls; none where it fails, since the documents may still answer."""
        try:
            return await decider.decide(question, tools)
        except ModelError as error:
            logger.warning("extractive.no_tool_calls", reason=error.message, hint=error.hint)
            return []

    async def _answer(self, reading: Reading) -> str:
        if reading.told:
            return " ".join([await self._told(message, reading.question) for message in reading.told])
        quoted = await self._quoted(reading.question, reading.passages)
        if not quoted and reading.results:
            return " ".join(told(message) for message in reading.results)
        return quoted or NOT_ENOUGH

    async def _told(self, message: Message, question: str) -> str:
        """A tool's result; of a text of many sentences (an e-mail, a page) those that answer, where any do."""
        text = message.content
        if len(text) <= LONG_RESULT or sum(unit.kind == "sentence" for unit in units(text)) < MANY_SENTENCES:
            return told(message)
        passage = FencedPassage(number=1, source=message.name or "", title="", text=text)
        return await self._quoted(question, [passage], marked=False) or told(message)

    async def _quoted(self, question: str, passages: Sequence[FencedPassage], *, marked: bool = True) -> str:
        """The best sentences; nothing where the passages do not hold enough."""
        texts = [passage.text for passage in passages]
        if not texts or not question:
            return ""
        asked, vectors = None, None
        if self._embedder is not None and self._vectors is not None:
            (asked,) = await self._embedder.embed_tokens([question])
            vectors = await self._vectors.of(texts)
        titles = [passage.title for passage in passages]
        evidence = weigh(question, texts, vectors, asked, titles=titles)
        if not enough(evidence, by_words=vectors is None):
            return ""
        return written(chosen(evidence.scored, texts), passages, marked=marked)
