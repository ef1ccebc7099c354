from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from citeward.contracts.retrieval import TokenEmbedder
from citeward.errors import InvalidInput, ModelUnavailable
from citeward.retrieval.embedding import files
from citeward.retrieval.embedding.minilm import MiniLM

TEXTS = [f"{'word ' * (length * 7 % 90)}number {length}" for length in range(60)]


def test_it_is_a_token_embedder(embedder: MiniLM) -> None:
    contract: TokenEmbedder = embedder
    assert (contract.name, contract.dimensions) == ("all-MiniLM-L6-v2", 384)


def test_making_one_opens_nothing(tmp_path: Path) -> None:
    threads = threading.active_count()
    MiniLM(cache_dir=tmp_path / "none")
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []


async def test_no_text_gives_no_row(embedder: MiniLM) -> None:
    vectors = await embedder.embed([])
    assert (vectors.shape, vectors.dtype) == ((0, 384), np.float32)
    assert await embedder.embed_tokens([]) == []


async def test_rows_come_in_the_order_of_the_texts_and_depend_on_nothing_beside_them(embedder: MiniLM) -> None:
    together = await embedder.embed(TEXTS)
    assert (together.shape, together.dtype) == ((60, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([await embedder.embed([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)


async def test_tokens_come_in_the_order_of_the_texts(embedder: MiniLM) -> None:
    for text, tokens in zip(TEXTS, await embedder.embed_tokens(TEXTS), strict=True):
        start, end = tokens.offsets[-1]
        assert text.endswith(text[start:end])
        assert tokens.vectors.shape == (len(text.split()), 384)


async def test_both_at_once_are_what_each_alone_is(embedder: MiniLM) -> None:
    texts = ["A key under the mat.", "", "Where?"]
    vectors, tokens = await embedder.embed_both(texts)
    np.testing.assert_array_equal(vectors, await embedder.embed(texts))
    for got, due in zip(tokens, await embedder.embed_tokens(texts), strict=True):
        np.testing.assert_array_equal(got.vectors, due.vectors)
        assert got.offsets == due.offsets
    none, nothing = await embedder.embed_both([])
    assert none.shape == (0, 384) and nothing == []


async def test_an_empty_text_has_a_vector_and_no_tokens(embedder: MiniLM) -> None:
    assert np.linalg.norm((await embedder.embed([""]))[0]) == pytest.approx(1, abs=1e-5)
    (tokens,) = await embedder.embed_tokens([""])
    assert (tokens.vectors.shape, tokens.offsets) == ((0, 384), ())


async def test_first_uses_at_once_load_the_model_once(cache_dir: Path) -> None:
    fresh = MiniLM(cache_dir=cache_dir, workers=4)
    rows = await asyncio.gather(*(fresh.embed([f"text {index}"]) for index in range(12)))
    assert len({row.tobytes() for row in rows}) == 12
    assert fresh.load() is fresh.load()


def test_one_embedder_serves_one_event_loop_after_another(embedder: MiniLM) -> None:
    first, second = (asyncio.run(embedder.embed(["hello"])) for _ in range(2))
    np.testing.assert_array_equal(first, second)


async def test_a_question_does_not_wait_for_all_the_documents_ahead_of_it(cache_dir: Path) -> None:
    fresh = MiniLM(cache_dir=cache_dir, workers=1)
    await fresh.embed(["warm"])
    documents = asyncio.create_task(fresh.embed(["a long document " * 100] * 60))
    await asyncio.sleep(0)
    await fresh.embed(["a question"])
    assert not documents.done()
    documents.cancel()
    with pytest.raises(asyncio.CancelledError):
        await documents


async def test_it_opens_no_socket(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert (await MiniLM(cache_dir=cache_dir).embed(["hello"])).shape == (1, 384)


async def test_a_bare_text_is_a_mistake(embedder: MiniLM) -> None:
    with pytest.raises(InvalidInput, match="'hello'"):
        await embedder.embed("hello")


def test_no_workers_is_a_mistake() -> None:
    with pytest.raises(InvalidInput, match="0 workers"):
        MiniLM(workers=0)


async def test_a_missing_model_is_an_error_at_first_use_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / files.MODEL.package).mkdir()
    (tmp_path / files.MODEL.package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    embedder = MiniLM(cache_dir=tmp_path)
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match=r"model\.onnx"):
            await embedder.embed(["hello"])
