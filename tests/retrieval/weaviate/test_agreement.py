"""Both stores, and the server's own hybrid query, on the same passages: the same ten come first."""

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.retrieval import Chunk, Document
from citeward.retrieval.analysis import terms
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.weaviate import WeaviateStore
from citeward.testing.embedding import HashEmbedder

Make = Callable[..., WeaviateStore]
EMBEDDER = HashEmbedder(dimensions=384)
PASSAGE = re.compile(r"\S.{200,}?[.!?](?=\s|$)|\S.*", re.DOTALL)
EVERY = 7
"""Each so manieth question is asked."""
ALPHAS = (0.0, 0.5, 1.0)


@pytest.fixture
def xquad() -> tuple[list[Document], list[list[Chunk]], list[str]]:
    folder = os.environ.get("CITEWARD_DATA")
    if not folder:
        pytest.skip("CITEWARD_DATA names no folder with evaluation data")
    articles = json.loads((Path(folder) / "retrieval" / "xquad.en.json").read_text("utf-8"))["data"]
    paragraphs = [one for article in articles for one in article["paragraphs"]]
    documents = [Document(id=f"{n:03}", text=one["context"], source="xquad") for n, one in enumerate(paragraphs)]
    chunks = [
        [
            Chunk(ordinal=number, text=match.group().rstrip(), start=match.start(), end=match.start() + size)
            for number, match in enumerate(PASSAGE.finditer(document.text))
            if (size := len(match.group().rstrip()))
        ]
        for document in documents
    ]
    return documents, chunks, [asked["question"] for one in paragraphs for asked in one["qas"]][::EVERY]


async def test_the_same_passages_come_first_everywhere(
    make: Make, tmp_path: Path, xquad: tuple[list[Document], list[list[Chunk]], list[str]]
) -> None:
    documents, chunks, questions = xquad
    vectors = [await EMBEDDER.embed([chunk.text for chunk in pieces]) for pieces in chunks]
    asked = list(zip(questions, await EMBEDDER.embed(questions, queries=True), strict=True))
    weaviate = make(EMBEDDER)
    async with LanceStore(tmp_path, embedder=EMBEDDER.name, dimensions=EMBEDDER.dimensions) as lance:
        for store in (weaviate, lance):
            await store.upsert(documents, chunks, vectors)
        await lance.optimize()
        for alpha in ALPHAS:
            ours, theirs, servers = [], [], []
            for question, vector in asked:
                hits = await weaviate.search(question, vector, alpha=alpha)
                ours.append([hit.passage.id for hit in hits])
                theirs.append([hit.passage.id for hit in await lance.search(question, vector, alpha=alpha)])
                servers.append(await _hybrid(weaviate, question, vector.tolist(), alpha))
            print(  # noqa: T201 - the figures are what the test is for
                f"alpha {alpha}: of {len(asked)} questions the same ten as LanceDB's {_same(ours, theirs):.3f} "
                f"(in order {_same(ours, theirs, ordered=True):.3f}), as the server's hybrid {_same(ours, servers):.3f}"
            )
            assert _same(ours, theirs) >= 0.95
            assert _same(ours, servers) >= 0.95


async def _hybrid(store: WeaviateStore, question: str, vector: list[float], alpha: float) -> list[str]:
    """Ids of the ten that the server's own fusion puts first."""
    from weaviate.classes.query import HybridFusion

    part = await store._found("default")

    async def ask(client: Any) -> Any:
        return await part.passages(client).query.hybrid(
            " ".join(terms(question)),
            vector=vector,
            alpha=alpha,
            fusion_type=HybridFusion.RELATIVE_SCORE,
            query_properties=["words"],
            limit=10,
            return_properties=["reference"],
        )

    found = await store._connection.ask(ask)
    return [one.properties["reference"].partition(" ")[2] for one in found.objects]


def _same(one: Sequence[list[str]], other: Sequence[list[str]], *, ordered: bool = False) -> float:
    alike = [a == b if ordered else set(a) == set(b) for a, b in zip(one, other, strict=True)]
    return sum(alike) / len(alike)
