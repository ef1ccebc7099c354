import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citeward.endpoint import Endpoint, client
from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    ContextTooLong,
    DeadlineExceeded,
    ModelUnavailable,
    NotFound,
    RateLimited,
    SettingsError,
)
from citeward.retrieval.embedding.endpoint import EndpointEmbedder
from citeward.testing.embedding import HashEmbedder
from citeward.testing.endpoints import Fault, ModelServer, altered, garbled, refused, stalled
from citeward.testing.logs import captured_logs
from citeward.testing.suites.embedder import EMBEDDER_CHECKS, EmbedderCheck

TEXTS = ["a black cat", "the white dog", "a steam ship"]


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with ModelServer(dimensions=32, max_tokens=400) as server:
        yield server


@pytest.fixture
def server(running: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    running.faults.clear()
    running.requests.clear()
    running.most_at_once = 0
    monkeypatch.setattr(client, "FIRST_WAIT", 0.0)
    return running


def embedder_of(server: ModelServer, **more: Any) -> EndpointEmbedder:
    return EndpointEmbedder(server.url, **{"model": "tiny", "dimensions": 32, **more})


async def embed(
    server: ModelServer, texts: list[str], *faults: Fault | None, queries: bool = False, **more: Any
) -> np.ndarray:
    server.faults.extend(faults)
    embedder = embedder_of(server, **more)
    try:
        return await embedder.embed(texts, queries=queries)
    finally:
        await embedder.aclose()


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "more",
    [{}, {"batch": 3, "concurrency": 2, "cache": Path("v.sqlite"), "query_prefix": "query: ", "max_tokens": 100}],
    ids=["plain", "all"],
)
async def test_it_is_an_embedder(
    check: EmbedderCheck, more: dict[str, Any], server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with aclosing(embedder_of(server, **more)) as embedder:
        await check(embedder)


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
async def test_a_real_server_is_an_embedder(check: EmbedderCheck) -> None:
    named = os.environ.get("CITEWARD_TEST_EMBEDDINGS", "")
    if not named:
        pytest.skip("CITEWARD_TEST_EMBEDDINGS names no server (http://host:port/v1#model)")
    url, _, model = named.partition("#")
    endpoint = Endpoint(url)
    answer = await endpoint.post("/embeddings", {"model": model, "input": ["x"]})
    await endpoint.aclose()
    assert isinstance(answer, dict)
    async with aclosing(EndpointEmbedder(url, model=model, dimensions=len(answer["data"][0]["embedding"]))) as embedder:
        await check(embedder)


async def test_texts_are_sent_in_batches_side_by_side(server: ModelServer) -> None:
    texts = [f"text {n}" for n in range(50)]
    rows = await embed(server, texts, batch=8, concurrency=3)
    assert sorted(len(one.body["input"]) for one in server.requests) == [2, 8, 8, 8, 8, 8, 8]
    assert 1 < server.most_at_once <= 3
    assert np.allclose(rows, await HashEmbedder(dimensions=32).embed(texts), atol=1e-6)


async def test_the_number_of_requests_at_a_time_is_shared_by_all_calls(server: ModelServer) -> None:
    embedder = embedder_of(server, batch=1, concurrency=2)
    await asyncio.gather(*(embedder.embed([f"{call} {n}" for n in range(4)]) for call in range(5)))
    await embedder.aclose()
    assert server.most_at_once == 2


async def test_one_text_is_sent_once(server: ModelServer) -> None:
    rows = await embed(server, ["a", "b", "a", "a"], batch=1)
    assert sorted(server.texts) == ["a", "b"]
    assert (rows[0] == rows[2]).all() and (rows[0] == rows[3]).all()


async def test_questions_and_passages_get_their_prefixes(server: ModelServer) -> None:
    prefixes = {"query_prefix": "query: ", "passage_prefix": "passage: "}
    await embed(server, ["cat"], queries=True, **prefixes)
    await embed(server, ["cat", ""], **prefixes)
    assert server.texts == ["query: cat", "passage: cat", "passage: ."]


async def test_the_key_and_the_dimensions_are_sent_where_they_are_given(server: ModelServer) -> None:
    await embed(server, ["cat"], api_key="secret-key")
    assert "dimensions" not in server.requests[0].body
    assert server.requests[0].headers["authorization"] == "Bearer secret-key"
    assert (await embed(server, ["cat"], dimensions=8, ask_dimensions=True)).shape == (1, 8)
    assert server.requests[1].body["dimensions"] == 8


def test_the_name_tells_spaces_apart_and_servers_not() -> None:
    def name(url: str = "http://a/v1", **more: Any) -> str:
        return EndpointEmbedder(url, **{"model": "m", "dimensions": 8, **more}).name

    assert name() == name("http://b/v1", api_key="k", batch=2, max_tokens=99, cache=Path("x")) == "m"
    names = {
        name(),
        name(model="n"),
        name(ask_dimensions=True),
        name(ask_dimensions=True, dimensions=9),
        name(query_prefix="q"),
        name(passage_prefix="q"),
        name(query_prefix="q", passage_prefix="q"),
        name(query_prefix="q: "),
    }
    assert len(names) == 8


async def test_a_server_that_knows_no_encoding_is_asked_without_it() -> None:
    with ModelServer(base64=False) as server:
        embedder = embedder_of(server)
        for text in ("one", "two"):
            assert (await embedder.embed([text])).shape == (1, 32)
        await embedder.aclose()
        assert ["encoding_format" in one.body for one in server.requests] == [True, False, False]


async def test_a_text_that_is_too_long_by_estimate_is_cut(server: ModelServer) -> None:
    await embed(server, ["word " * 300, "short"], max_tokens=50)
    assert [len(text.split()) for text in server.texts] == [50, 1]


async def test_a_text_that_is_too_long_for_the_server_is_halved_until_it_fits(server: ModelServer) -> None:
    long = "word " * 3000
    with captured_logs() as logs:
        rows = await embed(server, ["one", long, "two", "three"])
    assert np.allclose(rows[[0, 2, 3]], await HashEmbedder(dimensions=32).embed(["one", "two", "three"]), atol=1e-6)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert {entry["event"] for entry in logs} == {"embedding.cut", "upstream.failed"}


async def test_a_server_that_finds_everything_too_long_is_believed_in_the_end(server: ModelServer) -> None:
    with pytest.raises(ContextTooLong):
        await embed(server, ["word " * 3000], *[refused(413, "too long")] * 100)
    assert len(server.requests) < 15


async def test_no_texts_send_nothing(server: ModelServer) -> None:
    assert (await embed(server, [])).shape == (0, 32)
    assert server.requests == []


@pytest.mark.parametrize(
    "faults",
    [[refused(429, retry_after="0")] * 4, [refused(500), refused(503)], [refused(503, retry_after="0"), None]],
)
async def test_what_passes_is_waited_for(server: ModelServer, faults: list[Fault | None]) -> None:
    assert (await embed(server, TEXTS, *faults)).shape == (3, 32)


async def test_each_try_is_counted_by_the_rate_limit(server: ModelServer) -> None:
    server.faults.extend([refused(503)] * 2)
    embedder = embedder_of(server, requests_per_minute=60_000, tokens_per_minute=6_000_000)
    assert embedder._requests is not None and embedder._tokens is not None
    embedder._requests._clock = embedder._tokens._clock = lambda: 0.0
    await embedder.embed(["a b c"])
    await embedder.aclose()
    taken = [pace._full / pace._each for pace in (embedder._requests, embedder._tokens)]
    assert taken == [3, 3 * 5], "three words and two marks, three times"


async def test_a_request_does_not_take_a_whole_minutes_tokens(server: ModelServer) -> None:
    texts = [f"{n} " + "word " * 200 for n in range(10)]
    await embed(server, texts, tokens_per_minute=5_000_000)
    assert [len(one.body["input"]) for one in server.requests] == [10]
    embedder = embedder_of(server, tokens_per_minute=5_000)
    assert embedder._tokens is not None
    embedder._tokens.reserve = lambda amount=1: 0.0  # type: ignore[method-assign] - the test has not a minute
    await embedder.embed(texts)
    await embedder.aclose()
    assert [len(one.body["input"]) for one in server.requests[1:]] == [2] * 5


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (garbled(), BadResponse, "not JSON"),
        (altered(lambda _: []), BadResponse, "without embeddings"),
        (altered(lambda answer: {"data": answer["data"][1:]}), BadResponse, "2 vectors for 3 texts"),
        (altered(lambda answer: {"data": answer["data"] * 2}), BadResponse, "6 vectors for 3 texts"),
        (refused(401, "who?"), AuthenticationFailed, "answered 401"),
        (refused(404, "no such model"), NotFound, "answered 404"),
    ],
)
async def test_what_goes_wrong_is_said(server: ModelServer, fault: Fault, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        await embed(server, TEXTS, fault)


async def test_other_dimensions_are_refused_with_both_numbers(server: ModelServer) -> None:
    with pytest.raises(SettingsError, match=r"vectors of 32 numbers, and 64 were expected"):
        await embed(server, TEXTS, dimensions=64)


async def test_an_unknown_model_is_not_found(server: ModelServer) -> None:
    with pytest.raises(NotFound, match="large"):
        await embed(server, TEXTS, model="large")


async def test_a_server_that_stays_away_is_said(server: ModelServer) -> None:
    with pytest.raises(RateLimited):
        await embed(server, TEXTS, *[refused(429, retry_after="0")] * 3, retries=2)
    with pytest.raises(DeadlineExceeded):
        await embed(server, TEXTS, stalled(), timeout=0.4, retries=0)
    with ModelServer() as other:
        pass
    with pytest.raises(ModelUnavailable):
        await embed(other, TEXTS, retries=0)


async def test_one_failed_batch_fails_the_call_and_the_next_call_works(server: ModelServer) -> None:
    embedder = embedder_of(server, batch=1, concurrency=3)
    server.faults.extend([None, refused(401), stalled()])
    with pytest.raises(AuthenticationFailed):
        await embedder.embed(TEXTS)
    assert (await embedder.embed(TEXTS)).shape == (3, 32)
    await embedder.aclose()


async def test_passages_are_paid_for_once_and_questions_are_not_kept(server: ModelServer, tmp_path: Path) -> None:
    cache = tmp_path / "sub" / "vectors.sqlite"
    first = await embed(server, [*TEXTS, ""], cache=cache)
    again = await embed(server, ["", *TEXTS[::-1], "new"], cache=cache)
    assert server.texts == [*TEXTS, ".", "new"]
    assert (first == again[[3, 2, 1, 0]]).all()
    await embed(server, TEXTS, cache=cache, queries=True)
    await embed(server, TEXTS, cache=cache, queries=True)
    assert server.texts[5:] == TEXTS * 2


async def test_other_prefixes_and_models_are_other_vectors(server: ModelServer, tmp_path: Path) -> None:
    cache = tmp_path / "vectors.sqlite"
    await embed(server, ["cat"], cache=cache)
    await embed(server, ["cat"], cache=cache, passage_prefix="p: ")
    await embed(server, ["cat"], cache=cache, query_prefix="q: ")
    await embed(server, ["cat"], cache=cache, dimensions=8, ask_dimensions=True)
    assert len(server.requests) == 4


async def test_what_was_embedded_before_a_failure_is_kept(server: ModelServer, tmp_path: Path) -> None:
    more: dict[str, Any] = {"cache": tmp_path / "vectors.sqlite", "batch": 1, "concurrency": 1}
    with pytest.raises(AuthenticationFailed):
        await embed(server, TEXTS, None, None, refused(401), **more)
    await embed(server, TEXTS, **more)
    assert server.texts == [*TEXTS, TEXTS[2]]


async def test_a_cache_that_cannot_be_made_is_done_without(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with captured_logs() as logs:
        assert (await embed(server, TEXTS, cache=tmp_path / "file" / "vectors.sqlite")).shape == (3, 32)
    assert [entry["event"] for entry in logs] == ["embedding.cache_off"]


@pytest.mark.parametrize(
    "more",
    [
        {"model": ""},
        {"dimensions": 0},
        {"batch": 0},
        {"concurrency": 0},
        {"requests_per_minute": 0},
        {"tokens_per_minute": -1},
        {"max_tokens": 3},
        {"timeout": 0},
    ],
)
def test_values_that_make_no_sense_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="hint"):
        EndpointEmbedder("http://127.0.0.1:1/v1", **{"model": "m", "dimensions": 8, **more})


def test_it_may_be_used_in_one_loop_after_another(server: ModelServer, tmp_path: Path) -> None:
    embedder = embedder_of(server, cache=tmp_path / "vectors.sqlite")

    async def once(text: str) -> None:
        await asyncio.gather(*(embedder.embed([f"{text} {n}"]) for n in range(9)))
        await embedder.aclose()

    asyncio.run(once("a"))
    asyncio.run(once("b"))
    assert len(server.requests) == 18
