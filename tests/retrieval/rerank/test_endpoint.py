import os
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from citeward.contracts.retrieval import Passage
from citeward.endpoint import client
from citeward.errors import (
    AuthenticationFailed,
    BadResponse,
    ContextTooLong,
    DeadlineExceeded,
    ModelError,
    NotFound,
    SettingsError,
)
from citeward.retrieval.rerank.endpoint import EndpointReranker
from citeward.testing.endpoints import Fault, ModelServer, altered, garbled, refused, stalled
from citeward.testing.suites.reranker import PASSAGES, QUERY, RERANKER_CHECKS, RerankerCheck

BEST = ["doc#0", "doc#5"]
"""By the words that they share with the question, which is all that the server goes by."""


@pytest.fixture(scope="module", params=["documents", "texts"])
def running(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    with ModelServer(rerank=request.param, max_tokens=500) as server:
        yield server


@pytest.fixture
def server(running: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    running.faults.clear()
    running.requests.clear()
    monkeypatch.setattr(client, "FIRST_WAIT", 0.0)
    return running


def url_of(server: ModelServer) -> str:
    return server.url if server.rerank == "documents" else server.root


async def rerank(server: ModelServer, *faults: Fault | None, limit: int = 6, **more: Any) -> list[Passage]:
    server.faults.extend(faults)
    reranker = EndpointReranker(more.pop("url", url_of(server)), **{"model": "tiny", **more})
    try:
        return await reranker.rerank(QUERY, PASSAGES, limit=limit)
    finally:
        await reranker.aclose()


@pytest.mark.parametrize("check", RERANKER_CHECKS, ids=lambda check: check.__name__)
async def test_it_is_a_reranker(check: RerankerCheck, server: ModelServer) -> None:
    async with aclosing(EndpointReranker(url_of(server), model="tiny")) as reranker:
        await check(reranker)


@pytest.mark.parametrize("check", RERANKER_CHECKS, ids=lambda check: check.__name__)
async def test_a_real_server_is_a_reranker(check: RerankerCheck) -> None:
    named = os.environ.get("CITEWARD_TEST_RERANK", "")
    if not named:
        pytest.skip("CITEWARD_TEST_RERANK names no server (http://host:port/v1#model)")
    url, _, model = named.partition("#")
    async with aclosing(EndpointReranker(url, model=model)) as reranker:
        await check(reranker)


async def test_the_models_order_replaces_the_searchs(server: ModelServer) -> None:
    ranked = await rerank(server, limit=2)
    assert [passage.id for passage in ranked] == BEST
    assert 1 > ranked[0].score > ranked[1].score > 0


async def test_only_what_is_needed_is_asked_for(server: ModelServer) -> None:
    await rerank(server, limit=2, api_key="secret-key")
    (request,) = server.requests
    expected: dict[str, Any] = {"query": QUERY, server.rerank: [passage.text for passage in PASSAGES]}
    if server.rerank == "documents":
        expected |= {"model": "tiny", "top_n": 2}
    else:
        expected |= {"truncate": True}
    assert request.body == expected
    assert request.headers["authorization"] == "Bearer secret-key"


@pytest.mark.parametrize("path", ["", "/v1", "/v2/", "/rerank", "/v1/rerank"])
async def test_whichever_url_is_given_the_protocol_is_found_and_kept_to(server: ModelServer, path: str) -> None:
    reranker = EndpointReranker(server.root + path, model="tiny")
    for _ in range(2):
        ranked = await reranker.rerank(QUERY, PASSAGES, limit=2)
        assert [passage.id for passage in ranked] == BEST
    await reranker.aclose()
    assert [server.rerank in one.body for one in server.requests][-2:] == [True, True]
    assert len(server.requests) <= 3


async def test_more_than_tei_takes_at_once_is_sent_in_parts(server: ModelServer) -> None:
    many = [PASSAGES[1]] * 90 + [PASSAGES[0]] + [PASSAGES[1]] * 9
    reranker = EndpointReranker(url_of(server), model="tiny")
    ranked = await reranker.rerank(QUERY, many, limit=3)
    await reranker.aclose()
    assert [passage.id for passage in ranked] == ["doc#0", "doc#1", "doc#1"]
    assert len(server.requests) == (1 if server.rerank == "documents" else 4)


async def test_what_is_too_long_is_cut_and_comes_back_whole(server: ModelServer) -> None:
    long = Passage(id="l", document_id="d", text="port master " * 2000, start=0, end=24_000, source="s")
    async with aclosing(EndpointReranker(url_of(server), model="tiny")) as reranker:
        ranked = await reranker.rerank(QUERY, [long, *PASSAGES], limit=9)
        assert len(ranked) == 7 and long.text in [passage.text for passage in ranked]
        assert len(await reranker.rerank("where " * 2000, PASSAGES, limit=9)) == 6
        server.requests.clear()
        assert [passage.id for passage in await reranker.rerank(QUERY, PASSAGES, limit=2)] == BEST
    assert server.requests[0].body[server.rerank] == [passage.text for passage in PASSAGES], "a later call is not cut"


async def test_a_server_that_finds_everything_too_long_is_believed_in_the_end(server: ModelServer) -> None:
    with pytest.raises(ContextTooLong):
        await rerank(server, *[refused(413)] * 50)


async def test_what_passes_is_waited_for(server: ModelServer) -> None:
    assert len(await rerank(server, refused(503), refused(429, retry_after="0"))) == 6


def _rows(change: Callable[[list[dict[str, Any]]], Any]) -> Fault:
    """Alters the rows of either protocol's answer."""
    return altered(
        lambda answer: change(answer) if isinstance(answer, list) else answer | {"results": change(answer["results"])}
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (garbled(), "not JSON"),
        (altered(lambda _: {"error": "no"}), "without results"),
        (_rows(lambda rows: None), "without results|answered with None"),
        (_rows(lambda rows: [3]), "without results"),
        (_rows(lambda rows: rows[1:]), "scored 5 passages where 6"),
        (_rows(lambda rows: [*rows, rows[0]]), "index"),
        (_rows(lambda rows: [{**rows[0], "index": 6}, *rows[1:]]), "index 6 for 6"),
        (_rows(lambda rows: [{**rows[0], "index": -1}, *rows[1:]]), "index -1"),
        (_rows(lambda rows: [{**rows[0], "index": "0"}, *rows[1:]]), "index 1 character"),
        (_rows(lambda rows: [{**rows[0], "index": True}, *rows[1:]]), "index True"),
        (_rows(lambda rows: [{"index": row["index"]} for row in rows]), "score None"),
        (_rows(lambda rows: [{"index": row["index"], "score": float("nan")} for row in rows]), "score nan"),
        (_rows(lambda rows: [{"index": row["index"], "score": "0.5"} for row in rows]), "score 3 characters"),
        (_rows(lambda rows: [{"index": row["index"], "score": True} for row in rows]), "score True"),
    ],
)
async def test_an_answer_that_does_not_add_up_is_a_bad_response(server: ModelServer, fault: Fault, words: str) -> None:
    with pytest.raises(BadResponse, match=words):
        await rerank(server, fault)


async def test_rows_in_any_order_are_sorted_and_voyages_field_is_read(server: ModelServer) -> None:
    ranked = await rerank(
        server,
        altered(lambda _: {"data": [{"index": at, "relevance_score": at % 3} for at in (5, 1, 0, 4, 2, 3)]}),
    )
    assert [passage.id for passage in ranked] == ["doc#2", "doc#5", "doc#1", "doc#4", "doc#0", "doc#3"]
    assert [passage.score for passage in ranked] == [2.0, 2.0, 1.0, 1.0, 0.0, 0.0]


async def test_what_goes_wrong_is_said_once(server: ModelServer) -> None:
    with pytest.raises(AuthenticationFailed):
        await rerank(server, refused(401))
    assert len(server.requests) == 1
    with pytest.raises(DeadlineExceeded):
        await rerank(server, stalled(), timeout=0.4, retries=0)
    with pytest.raises(ModelError, match="answered 400") as caught:
        await rerank(server, refused(400, "the first reason"), refused(400, "the second"))
    assert caught.value.detail == "the first reason"
    with pytest.raises(NotFound):
        await rerank(server, refused(404))


def test_a_model_needs_a_name() -> None:
    with pytest.raises(SettingsError):
        EndpointReranker("http://127.0.0.1:1/v1", model="")
    with pytest.raises(SettingsError):
        EndpointReranker("127.0.0.1:1/v1", model="m")
