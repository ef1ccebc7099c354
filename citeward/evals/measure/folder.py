"""A labelled folder: documents, and questions that name the documents which answer them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pydantic import Field

from citeward.contracts.retrieval import Document, Embedder, Store
from citeward.errors import DataError
from citeward.evals.dataset import Line, read_jsonl, sample, unique
from citeward.ingest.chunk import Chunker
from citeward.ingest.sync import sync

Fill: TypeAlias = Callable[[Sequence[Document]], Awaitable[int]]
"""Puts documents into an empty store; gives back how many passages that made."""


class DocumentLine(Line):
    """One line of documents.jsonl."""

    id: str = Field(min_length=1)
    text: str
    title: str = ""


class Question(Line):
    """One line of questions.jsonl."""

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    relevant: tuple[str, ...] = Field(min_length=1)
    """Ids of the documents that answer it."""
    answers: tuple[str, ...] = ()
    """Texts, any one of which is a right answer."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """What a folder holds."""

    documents: tuple[Document, ...]
    questions: tuple[Question, ...]


def read_folder(folder: Path, *, limit: int | None = None, seed: int = 0) -> Labelled:
    """Read `documents.jsonl` and `questions.jsonl`.

    Args:
        folder: Where they are.
        limit: How many questions to draw; every document is kept, or the search would get easier.
        seed: Of the drawing.

    Raises:
        DataError: With file and line; also for an id that stands twice or a question whose document is not there.
    """
    path = folder / "documents.jsonl"
    lines = read_jsonl(path, DocumentLine)
    unique(lines, path)
    documents = tuple(Document(id=line.id, text=line.text, source=line.id, title=line.title) for line in lines)
    path = folder / "questions.jsonl"
    questions = read_jsonl(path, Question)
    unique(questions, path)
    known = {document.id for document in documents}
    for question in questions:
        for document_id in question.relevant:
            if document_id not in known:
                raise DataError(
                    f"question {question.id!r} names the document {document_id!r}, which is not in documents.jsonl",
                    hint="Add the document, or take its id out of `relevant`.",
                    path=str(path),
                )
    return Labelled(documents=documents, questions=tuple(sample(questions, limit, seed)))


def filler(store: Store, embedder: Embedder, chunker: Chunker | None = None) -> Fill:
    """What cuts, embeds and stores documents just as `citeward index` does."""

    async def fill(documents: Sequence[Document]) -> int:
        return (await sync(documents, store, embedder, roots=(), chunker=chunker)).passages

    return fill
