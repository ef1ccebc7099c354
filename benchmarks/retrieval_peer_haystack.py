"""A peer of `benchmarks.retrieval`: Haystack's in-memory retrievers, joined as its documentation shows.

The store keeps its defaults (BM25L, dot product, which is cosine for vectors of unit length); the joiner is measured in
each of its modes, `concatenate` being the default.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

# Before the import: Haystack reports its use over the network otherwise.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
sys.path.insert(0, str(Path(__file__).parent))
from retrieval_peer import Search, System, Task, run

sys.path.pop(0)
MODES = {
    "default join": "concatenate",
    "merge join": "merge",
    "rank join": "reciprocal_rank_fusion",
    "distribution join": "distribution_based_rank_fusion",
}


def build(task: Task) -> Mapping[str, System]:
    from haystack import Document, Pipeline
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    started = time.perf_counter()
    store = InMemoryDocumentStore()
    store.write_documents(
        [
            Document(id=name, content=text, embedding=vector)
            for name, text, vector in zip(
                task.passages.ids, task.passages.texts, task.passages.vectors.tolist(), strict=True
            )
        ]
    )
    took = time.perf_counter() - started
    keyword = InMemoryBM25Retriever(document_store=store, top_k=task.depth)
    vector = InMemoryEmbeddingRetriever(document_store=store, top_k=task.depth)

    def joined(mode: str) -> Search:
        pipeline = Pipeline()
        pipeline.add_component("bm25", InMemoryBM25Retriever(document_store=store, top_k=task.depth))
        pipeline.add_component("vector", InMemoryEmbeddingRetriever(document_store=store, top_k=task.depth))
        pipeline.add_component("joiner", DocumentJoiner(join_mode=mode))
        pipeline.connect("bm25", "joiner")
        pipeline.connect("vector", "joiner")

        def search(question: str, embedding: list[float]) -> list[str]:
            found = pipeline.run({"bm25": {"query": question}, "vector": {"query_embedding": embedding}})
            return [one.id for one in found["joiner"]["documents"]]

        return search

    systems = {
        "bm25": System(
            about="InMemoryBM25Retriever (BM25L)",
            search=lambda question, _: [one.id for one in keyword.run(query=question)["documents"]],
            build=took,
        ),
        "vector": System(
            about="InMemoryEmbeddingRetriever",
            search=lambda _, embedding: [one.id for one in vector.run(query_embedding=embedding)["documents"]],
            build=took,
        ),
    }
    for name, mode in MODES.items():
        about = f"Pipeline of both retrievers and DocumentJoiner(join_mode={mode!r})"
        systems[name] = System(about=about, search=joined(mode), build=took)
    return {name: system for name, system in systems.items() if not task.only or name in task.only}


if __name__ == "__main__":
    run("Haystack", ("haystack-ai",), build)
