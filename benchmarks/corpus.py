"""What every contestant searches: the same passages and questions, with the same vectors, as files.

Peers run in processes and environments of their own, so a corpus is handed over as a folder: `passages.jsonl` {id,
text}, `passages.npy` float32[n, d], `questions.jsonl` {question}, `questions.npy` float32[m, d].
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citeward.contracts.retrieval import Vectors


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Passages and questions with their vectors, row by row."""

    documents: Mapping[str, str]
    """Passage id to document id, in the order of `texts`."""
    texts: Sequence[str]
    """What the vectors were made from: the title (or headings) before the passage, so that peers find it by both."""
    vectors: Vectors
    questions: Sequence[str]
    question_vectors: Vectors


def write_corpus(corpus: Corpus, folder: Path) -> Path:
    """Write the files that the module names into a new folder; gives it back."""
    folder.mkdir(parents=True)
    passages = zip(corpus.documents, corpus.texts, strict=True)
    _lines(folder / "passages.jsonl", ({"id": name, "text": text} for name, text in passages))
    _lines(folder / "questions.jsonl", ({"question": question} for question in corpus.questions))
    np.save(folder / "passages.npy", corpus.vectors)
    np.save(folder / "questions.npy", corpus.question_vectors)
    return folder


def _lines(path: Path, items: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
