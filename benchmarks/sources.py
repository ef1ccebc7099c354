"""Documents to ingest, made or read one at a time, and the embedder that goes with them."""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stores import EMBEDDER
from benchmarks.synthetic import DIMENSIONS, World, clustered, documents
from citeward.contracts.retrieval import Document, Vectors
from citeward.text.sentences import sentences


class Stream:
    """An embedder that hands out clustered vectors as fast as they can be drawn, whatever the texts say."""

    name = EMBEDDER
    dimensions = DIMENSIONS

    def __init__(self, of: World) -> None:
        self._world = of
        self._block = itertools.count()

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False) -> Vectors:  # noqa: ARG002 - contract
        return clustered(self._world, len(texts), next(self._block))


@dataclass(kw_only=True)
class Tap:
    """Lets documents through until it is closed, and times what making them took, which no real source would need."""

    open: bool = True
    seconds: float = 0.0

    def through(self, source: Iterator[Document]) -> Iterator[Document]:
        while self.open:
            started = time.perf_counter()
            document = next(source, None)
            self.seconds += time.perf_counter() - started
            if document is None:
                return
            yield document


def made_up(of: World) -> Iterator[Document]:
    """Documents without end."""
    return (made.document for made in documents(of, 0, sys.maxsize))


def real(texts: Path, seed: int) -> Iterator[Document]:
    """The documents of a `documents.jsonl`, without end: at each further turn their sentences in another order."""
    lines = [json.loads(line) for line in texts.read_text("utf-8").splitlines()]
    shuffle: Callable[[list[str]], None] = random.Random(seed).shuffle
    for turn in itertools.count():
        for line in lines:
            text = line["text"]
            if turn:
                parts = [span.of(text) for span in sentences(text)]
                shuffle(parts)
                text = " ".join(parts)
            name = f"{turn}-{line['id']}"
            yield Document(id=name, text=text, source=name, title=line.get("title", ""))
