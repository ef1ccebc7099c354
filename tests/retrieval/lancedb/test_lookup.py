from dataclasses import replace
from pathlib import Path

from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.rows import DOCUMENT, LISTED, PASSAGE
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, sample

EMBEDDER = HashEmbedder()


async def test_token_vectors_are_found_by_id_with_and_without_the_index(tmp_path: Path) -> None:
    async with LanceStore(tmp_path, embedder="hash", dimensions=64) as store:
        for name in ("it's", "late"):
            document, chunks = sample(name, *(f"fox {number}" for number in range(30)))
            await fill(store, EMBEDDER, (document, [replace(one, tokens=one.text.encode()) for one in chunks]))
            if name == "it's":
                await store.optimize()
        asked = [f"{name}#{number}" for name in ("it's", "late", "never") for number in range(10)]
        found = await store.tokens([*asked, asked[0], "half \ud800"])
        assert found == {name: f"fox {name.partition('#')[2]}".encode() for name in asked[:20]}


def test_nothing_but_a_reranker_reads_token_vectors() -> None:
    assert "tokens" not in {*PASSAGE, *DOCUMENT, *LISTED}
