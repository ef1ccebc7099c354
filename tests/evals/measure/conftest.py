"""A store and an embedder small enough to be seen through; what is measured about them is known beforehand."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from citeward.contracts.retrieval import Chunk, Document, Filter, Fusion, Hit, Passage, StoredDocument, Vector, Vectors
from citeward.text.words import content_words


class LetterEmbedder:
    """One dimension a letter; texts with the same letters are near."""

    name = "letters"
    dimensions = 26

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:
        rows = np.array([[text.lower().count(chr(97 + i)) + 1e-6 for i in range(26)] for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@dataclass
class ListStore:
    """Keeps everything in a list and looks at all of it."""

    kept: list[tuple[Document, Chunk, Vector]] = field(default_factory=list)

    async def upsert(
        self,
        documents: Sequence[Document],
        chunks: Sequence[Sequence[Chunk]],
        vectors: Sequence[Vectors],
        /,
        *,
        tenant: str = "default",
    ) -> None:
        for document, pieces, rows in zip(documents, chunks, vectors, strict=True):
            self.kept += [(document, piece, row) for piece, row in zip(pieces, rows, strict=True)]

    async def search(
        self,
        query: str,
        vector: Vector | None = None,
        /,
        *,
        alpha: float = 0.5,
        limit: int = 10,
        filters: Filter | None = None,
        tenant: str = "default",
        groups: Sequence[str] | None = None,
        fusion: Fusion = Fusion.RELATIVE,
    ) -> list[Hit]:
        asked = set(content_words(query))
        hits = []
        for document, piece, row in self.kept:
            keyword = float(len(asked & set(content_words(piece.text))))
            similarity = float(row @ vector) if vector is not None else 0.0
            score = (1 - alpha) * keyword / (len(asked) or 1) + alpha * similarity
            passage = Passage(
                id=f"{document.id}#{piece.ordinal}", document_id=document.id, text=piece.text, start=piece.start,
                end=piece.end, source=document.source, score=score,
            )  # fmt: skip
            if score > 0:
                hits.append(Hit(passage=passage, score=score, keyword_score=keyword, vector_score=similarity))
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))[:limit]

    async def delete(self, document_ids: Sequence[str], /, *, tenant: str = "default") -> int:
        raise NotImplementedError

    async def document(self, document_id: str, /, *, tenant: str = "default") -> Document:
        return next(document for document, _, _ in self.kept if document.id == document_id)

    async def documents(self, *, tenant: str = "default") -> AsyncIterator[StoredDocument]:
        for document, _, _ in self.kept:
            yield StoredDocument(id=document.id, content_hash="", source=document.source, passages=1)

    async def count(self, *, tenant: str = "default") -> int:
        return len(self.kept)

    async def optimize(self) -> None:
        pass

    async def close(self) -> None:
        pass


@pytest.fixture
def store() -> ListStore:
    return ListStore()


@pytest.fixture
def embedder() -> LetterEmbedder:
    return LetterEmbedder()


WriteLines = Callable[..., Path]


@pytest.fixture
def lines(tmp_path: Path) -> WriteLines:
    """Writes objects as a JSON Lines file."""

    def write(name: str, *items: object) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
        return path

    return write


@pytest.fixture
def folder(lines: WriteLines, tmp_path: Path) -> Path:
    """Three documents and four questions."""
    lines(
        "documents.jsonl",
        {"id": "tower", "text": "The tower in Paris is 330 metres tall. It was built in 1889.", "title": "Tower"},
        {"id": "river", "text": "The river Rhine flows through Basel. It is 1,230 km long."},
        {"id": "cake", "text": "A cake needs flour, eggs and sugar. Bake it for 40 minutes."},
    )
    lines(
        "questions.jsonl",
        {"id": "1", "question": "How tall is the tower in Paris?", "relevant": ["tower"], "answers": ["330 metres"]},
        {"id": "2", "question": "When was the tower built?", "relevant": ["tower"], "answers": ["1889"]},
        {"id": "3", "question": "Which river flows through Basel?", "relevant": ["river"], "answers": ["Rhine"]},
        {"id": "4", "question": "Tell me of cake and rivers", "relevant": ["cake", "river"]},
    )
    return tmp_path
