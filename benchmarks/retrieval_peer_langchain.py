"""A peer of `benchmarks.retrieval`: LangChain's own retrievers, put together as its documentation shows.

`bm25` splits at white space, which is the retriever's default; `bm25-words` is given lower-case words instead, by the
`preprocess_func` that its documentation offers for this.
"""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from retrieval_peer import Search, System, Task, run

sys.path.pop(0)


def build(task: Task) -> Mapping[str, System]:
    warnings.simplefilter("ignore")
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_community.retrievers import BM25Retriever
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.vectorstores import InMemoryVectorStore

    known = dict(zip(task.questions, task.question_vectors.tolist(), strict=True))

    class Given(Embeddings):
        """Hands out the corpus's own vectors."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            rows: list[list[float]] = task.passages.vectors.tolist()
            if len(rows) != len(texts):
                raise ValueError(f"{len(texts)} texts for {len(rows)} vectors")
            return rows

        def embed_query(self, text: str) -> list[float]:
            return known[text]

    documents = [
        Document(id=name, page_content=text, metadata={"id": name})
        for name, text in zip(task.passages.ids, task.passages.texts, strict=True)
    ]
    started = time.perf_counter()
    store = InMemoryVectorStore(Given())
    store.add_documents(documents)
    vector = store.as_retriever(search_kwargs={"k": task.depth})
    vector_build = time.perf_counter() - started

    def searching(retriever) -> Search:
        return lambda question, _: [found.metadata["id"] for found in retriever.invoke(question)]

    systems = {"vector": System(about="InMemoryVectorStore", search=searching(vector), build=vector_build)}
    for suffix, options in (("", {}), ("-words", {"preprocess_func": words})):
        if task.only and not {f"bm25{suffix}", f"ensemble{suffix}"} & set(task.only):
            continue
        started = time.perf_counter()
        keyword = BM25Retriever.from_documents(documents, k=task.depth, **options)
        took = time.perf_counter() - started
        cut = "lower-case words" if suffix else "default preprocessing"
        systems[f"bm25{suffix}"] = System(about=f"BM25Retriever, {cut}", search=searching(keyword), build=took)
        # Reciprocal rank fusion, equal weights, c = 60: the defaults. The id tells passages of equal text apart.
        both = EnsembleRetriever(retrievers=[keyword, vector], id_key="id")
        systems[f"ensemble{suffix}"] = System(
            about=f"EnsembleRetriever (reciprocal rank) of BM25Retriever, {cut}, and InMemoryVectorStore",
            search=searching(both),
            build=took + vector_build,
        )
    return {name: system for name, system in systems.items() if not task.only or name in task.only}


def words(text: str) -> Sequence[str]:
    return re.findall(r"\w+", text.lower())


if __name__ == "__main__":
    run("LangChain", ("langchain-core", "langchain-classic", "langchain-community", "rank-bm25"), build)
