from typing import Any

from citeward.agents.build import Parts, build_agent
from citeward.agents.spec import AgentSpec
from citeward.contracts.principal import Principal
from citeward.contracts.retrieval import Where
from citeward.contracts.tool import ToolCall
from citeward.graphs.chat import build_chat_graph
from citeward.guardrails.build import build_rails
from citeward.models.router.rules import RuleRouter
from citeward.prompts.template import Template


class Shelf:
    """A store that remembers how it was searched."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def search(self, query: str, vector: Any = None, /, **how: Any) -> list[Any]:
        self.asked.append(how)
        return []


async def test_the_search_tool_is_held_to_the_agents_own_filter_and_the_callers_rights() -> None:
    shelf: Any = Shelf()
    prompt = {"name": "p", "version": "1", "messages": [{"role": "system", "content": "Answer."}]}
    parts = Parts(
        models={},
        router=RuleRouter({}),
        rails=build_rails(),
        prompts={"p": Template.model_validate(prompt)},
        tools={},
        graphs={"chat": build_chat_graph},
        store=shelf,
    )
    spec = AgentSpec.model_validate(
        {
            "name": "a",
            "description": "d",
            "prompt": "p",
            "tools": ["search_documents"],
            "retrieval": {"where": {"a": 1}},
        }
    )
    tools = build_agent(spec, parts).services.tools
    assert tools is not None
    toolset = tools(Principal(tenant="acme", groups=("staff",)))
    await toolset.call(ToolCall(id="1", name="search_documents", arguments={"query": "x"}))
    (asked,) = shelf.asked
    assert (asked["tenant"], asked["groups"]) == ("acme", ("staff",))
    assert asked["filters"] == Where(field="a", op="eq", value=1)
