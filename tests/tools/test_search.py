from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from citeward.contracts.retrieval import Hit, Passage, Where
from citeward.contracts.tool import ToolCall
from citeward.testing.logs import captured_logs
from citeward.testing.suites.toolset import check_toolset
from citeward.tools.search import search_toolset

DOCUMENTS = {"acme": ["Acme ships on Mondays.", "Acme is closed on Sundays."], "other": ["Other's secret."]}


@dataclass
class Shelf:
    """A retriever over a dictionary that remembers what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    async def search(self, query: str, vector: Any = None, /, *, limit: int = 10, tenant: str = "default", **how: Any):
        self.asked.append({"query": query, "vector": vector, "limit": limit, "tenant": tenant, **how})
        found = [text for text in DOCUMENTS[tenant] if any(word in text for word in query.split())]
        return [
            Hit(
                score=1.0,
                passage=Passage(
                    id=str(n), document_id="d", text=text, start=0, end=len(text), source="a.md", title="About"
                ),
            )
            for n, text in enumerate(found[:limit])
        ]


class Ones:
    name = "ones"
    dimensions = 2

    async def embed(self, texts: Sequence[str], /, *, queries: bool = False):
        return np.ones((len(texts), 2), dtype=np.float32)


def call(**arguments: object) -> ToolCall:
    return ToolCall(id="1", name="search_documents", arguments=arguments)


async def test_passages_come_numbered_with_their_document():
    result = await search_toolset(Shelf(), tenant="acme").call(call(query="Mondays Sundays"))
    assert result.content == (
        "[1] About (a.md)\nAcme ships on Mondays.\n\n[2] About (a.md)\nAcme is closed on Sundays."
    )


async def test_nothing_found_is_said():
    assert (await search_toolset(Shelf(), tenant="acme").call(call(query="zebra"))).content == "No passage was found."


async def test_it_searches_as_its_owner_and_no_argument_changes_that():
    shelf = Shelf()
    only = Where(field="area", op="eq", value="public")
    toolset = search_toolset(shelf, tenant="acme", groups=["staff"], filters=only)
    assert set(toolset.specs()[0].parameters["properties"]) == {"query", "limit"}
    assert (await toolset.call(call(query="secret", tenant="other"))).error
    assert (await toolset.call(call(query="secret", filters=None))).error
    await toolset.call(call(query="secret"))
    asked = [(one["tenant"], one["groups"], one["filters"]) for one in shelf.asked]
    assert asked == [("acme", ["staff"], only)]


async def test_with_an_embedder_both_legs_are_searched_and_without_one_only_words():
    shelf = Shelf()
    await search_toolset(shelf, Ones(), tenant="acme").call(call(query="Mondays"))
    await search_toolset(shelf, tenant="acme").call(call(query="Mondays"))
    assert shelf.asked[0]["vector"].tolist() == [1.0, 1.0]
    assert "alpha" not in shelf.asked[0]
    assert (shelf.asked[1]["vector"], shelf.asked[1]["alpha"]) == (None, 0.0)


async def test_a_reranker_sees_twenty_and_decides_what_comes_first():
    asked = {}

    class Backwards:
        name = "test"

        async def rerank(self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"):
            asked.update(query=query, limit=limit, tenant=tenant)
            return list(reversed(passages))[:limit]

    shelf = Shelf()
    toolset = search_toolset(shelf, reranker=Backwards(), tenant="acme")
    result = await toolset.call(call(query="Mondays Sundays", limit=1))
    assert result.content == "[1] About (a.md)\nAcme is closed on Sundays."
    assert shelf.asked[0]["limit"] == 20
    assert asked == {"query": "Mondays Sundays", "limit": 1, "tenant": "acme"}


async def test_where_the_reranker_fails_the_order_of_the_search_stands():
    class Failing:
        name = "test"

        async def rerank(self, query: str, passages: Sequence[Passage], /, *, limit: int, tenant: str = "default"):
            raise ConnectionError(query)

    with captured_logs() as logs:
        toolset = search_toolset(Shelf(), reranker=Failing(), tenant="acme")
        result = await toolset.call(call(query="Mondays Sundays", limit=1))
    assert result.content == "[1] About (a.md)\nAcme ships on Mondays."
    assert [log["event"] for log in logs] == ["search.rerank_failed"]
    assert "Mondays" not in str(logs)


async def test_it_holds_to_the_contract():
    await check_toolset(
        search_toolset(Shelf(), tenant="acme"),
        valid=[call(query="Mondays"), call(query="Acme", limit=1)],
        invalid=[call(), call(query="x", limit=0), call(query="x", limit=1000)],
    )
