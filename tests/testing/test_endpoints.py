import threading

import httpx
import pytest

from citeward.testing.endpoints import ModelServer, altered, garbled, refused, stalled


def _embed(server: ModelServer, *texts: str, **more: object) -> httpx.Response:
    return httpx.post(server.url + "/embeddings", json={"model": "tiny", "input": texts, **more}, timeout=5)


def test_embeddings_come_with_their_index_in_another_order() -> None:
    with ModelServer(dimensions=8) as server:
        data = _embed(server, "one", "two").json()["data"]
        assert [one["index"] for one in data] == [1, 0]
        assert [len(one["embedding"]) for one in data] == [8, 8]
        assert server.texts == ["one", "two"] and server.requests[0].path == "/v1/embeddings"


def test_what_a_server_refuses_is_refused() -> None:
    with ModelServer(api_key="k", max_tokens=3) as server:
        assert _embed(server, "one").status_code == 401
        server.api_key = None
        assert _embed(server, "").status_code == 400
        assert _embed(server, "one two three four").status_code == 400
        assert _embed(server, "one", model="large").status_code == 404
        assert httpx.get(server.root + "/elsewhere").status_code == 404


def test_both_rerank_protocols_put_the_best_first() -> None:
    texts = ["a white dog", "the black cat"]
    with ModelServer() as server:
        body = {"model": "tiny", "query": "black cat", "documents": texts, "top_n": 1}
        (best,) = httpx.post(server.url + "/rerank", json=body).json()["results"]
        assert best["index"] == 1 and 0 < best["relevance_score"] <= 1
    with ModelServer(rerank="texts") as server:
        rows = httpx.post(server.root + "/rerank", json={"query": "black cat", "texts": texts}).json()
        assert [row["index"] for row in rows] == [1, 0]
        assert httpx.post(server.root + "/rerank", json={"query": "q", "texts": ["x"] * 33}).status_code == 422


def test_faults_come_in_order_and_then_no_more() -> None:
    with ModelServer() as server:
        server.faults.extend([refused(429, retry_after="7"), None, garbled(b"x"), altered(lambda _: {"data": []})])
        replies = [_embed(server, "one") for _ in range(5)]
        assert [reply.status_code for reply in replies] == [429, 200, 200, 200, 200]
        assert replies[0].headers["retry-after"] == "7"
        assert (replies[2].content, replies[3].json(), len(replies[4].json()["data"])) == (b"x", {"data": []}, 1)


def test_a_stalled_request_ends_with_the_server() -> None:
    with ModelServer() as server:
        server.faults.append(stalled())
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(server.url + "/embeddings", json={"model": "tiny", "input": ["one"]}, timeout=0.05)
    assert not any(thread.name == "citeward-test-models" for thread in threading.enumerate())
