"""The embedded default's answers: the sentences of the passages that answer best, word for word."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import structlog

from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.context import FencedPassage, fenced
from citeward.contracts.model import Delta, Location, Message, ModelInfo, ModelRequest, TokenUsage, ToolCallFragment
from citeward.contracts.retrieval import TokenEmbedder, TokenVectors
from citeward.contracts.tool import ToolCall, ToolDecider, ToolSpec
from citeward.errors import ModelError
from citeward.models.candidates import readable
from citeward.models.evidence import Scored, score
from citeward.text.followup import leans

logger = structlog.get_logger(__name__)

FLOOR = 10.4
"""Score below which nothing is answered. On XQuAD it refuses 3 % of the answerable questions, 95 % of those whose
article was taken out of the documents, and over 99 % of those asked of documents on another subject."""
FLOOR_BY_WORDS = 4.5
"""The same without an embedder: half of what the question's words weigh must be in the sentence, or beside it."""
MARGIN = 1.0
"""How far below the best sentence a second or third may score and still be quoted."""
MOST = 3
"""Sentences of an answer."""
KEPT = 64
"""Passages whose token vectors are kept, about 0.3 MB each."""
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
        self._vectors: OrderedDict[str, TokenVectors] = OrderedDict()
        self._info = ModelInfo(
            name=name,
            description="Quotes the sentences of the passages that answer best; writes nothing of its own.",
            tier=tier,
            location=Location.LOCAL,
            window=32_768,
            tools=decider is not None,
        )

    @property
    def info(self) -> ModelInfo:
        """What it is: local, free, and calling tools where it has a decider."""
        return self._info

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The answer word by word, or the calls of tools that the question needs."""
        read = _read(request.messages)
        calls: list[ToolCall] = []
        if request.tools and self._decider is not None and not read.results:
            calls = await self._decided(self._decider, read.question, request.tools)
        answer = "" if calls else await self._answer(read)
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

    async def _answer(self, read: _Read) -> str:
        good = [message for message in read.results if not message.error]
        if good:
            return " ".join(_told(message) for message in good)
        quoted = await self._quoted(read)
        if not quoted and read.results:
            return " ".join(_told(message) for message in read.results)
        return quoted or NOT_ENOUGH

    async def _quoted(self, read: _Read) -> str:
        """The best sentences in the order in which they stand, best passage first."""
        if not read.passages:
            return ""
        texts = [passage.text for passage in read.passages]
        asked, vectors = None, None
        if self._embedder is not None:
            (asked,) = await self._embedder.embed_tokens([read.question])
            vectors = await self._tokens(texts)
        titles = [passage.title for passage in read.passages]
        ranked = sorted(score(read.question, texts, vectors, asked, headings=titles), key=lambda found: -found.score)
        floor = FLOOR_BY_WORDS if vectors is None else FLOOR
        if not ranked or ranked[0].score < floor:
            return ""
        chosen = _chosen(ranked, texts, least=max(floor, ranked[0].score - MARGIN))
        return _written(chosen, read.passages)

    async def _tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Token vectors of the passages; those of a passage that was read lately are kept."""
        assert self._embedder is not None
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        made = dict(zip(missing, await self._embedder.embed_tokens(missing), strict=True)) if missing else {}
        found = [made[text] if text in made else self._vectors[text] for text in texts]
        for text, vectors in zip(texts, found, strict=True):
            self._vectors[text] = vectors
            self._vectors.move_to_end(text)
        while len(self._vectors) > KEPT:
            self._vectors.popitem(last=False)
        return found


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What stands in a prompt."""

    question: str
    passages: list[FencedPassage]
    results: list[Message]
    """Tool messages after the question."""


def _read(messages: Sequence[Message]) -> _Read:
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=-1)
    passages = next((found for m in reversed(messages) if m.role != "tool" and (found := fenced(m.content))), [])
    question = messages[last].content if last >= 0 else ""
    _, fence, after = question.rpartition("</passages ")
    if fence:  # the prompt put passages and question into one message
        question = after.partition(">")[2].strip().removeprefix("Question:")
    question = question.strip()
    earlier = [message.content for message in messages[:last] if message.role == "user"]
    if earlier and leans(question):
        question = f"{earlier[-1]} {question}"
    results = [message for message in messages[last + 1 :] if message.role == "tool"]
    return _Read(question=question, passages=passages, results=results)


def _told(message: Message) -> str:
    """A tool's result as a sentence: as it is where it is one already."""
    content = message.content.strip()
    if content.endswith((".", "!", "?")) and " " in content:
        return content
    return f"The result of {message.name or 'the tool'} is {content}."


def _chosen(ranked: Sequence[Scored], texts: Sequence[str], *, least: float) -> list[Scored]:
    """The best sentences, none of them twice."""
    chosen: list[Scored] = []
    said: set[str] = set()
    for found in ranked:
        words = readable(found.candidate.span.of(texts[found.passage])).casefold()
        if found.score < least or len(chosen) == MOST:
            break
        if words not in said:
            said.add(words)
            chosen.append(found)
    return sorted(chosen, key=lambda found: (found.passage, found.candidate.span.start))


def _written(chosen: Sequence[Scored], passages: Sequence[FencedPassage]) -> str:
    written = ""
    for found in chosen:
        text = passages[found.passage].text
        row = found.candidate.row
        if written and not written.endswith("\n"):
            written += "\n" if row else " "
        written += f"{readable(found.candidate.span.of(text))} [{passages[found.passage].number}]"
        if found.candidate.code is not None:
            written += f"\n\n{found.candidate.code.of(text).strip()}\n\n"
        elif row:
            written += "\n"
    return written.strip()
