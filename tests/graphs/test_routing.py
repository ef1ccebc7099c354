"""The router inside a whole run: what it is told, and what of that a thread keeps."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from citeward.contracts.model import ModelInfo
from citeward.contracts.routing import Difficulty, Features
from citeward.graphs.chat import build_chat_graph
from citeward.models.router.rules import RuleRouter
from citeward.nodes.context import Context
from citeward.nodes.services import Services
from citeward.testing.scripted import ScriptedModel

PORT = "The server listens on port 8080 by default. [1]"
Make = Callable[..., Awaitable[Services]]


@dataclass
class Sees:
    """Finds questions with `port` in them hard, and keeps what it was asked."""

    threshold: float = 0.5
    asked: list[Features] = field(default_factory=list)

    async def judge(self, features: Features, /) -> Difficulty:
        self.asked.append(features)
        return Difficulty(value=float("port" in features.question), reason="it says port")


async def test_a_thread_keeps_its_model_and_the_searchs_vector_is_in_no_checkpoint(make_services: Make) -> None:
    small = ScriptedModel(info=ModelInfo(name="small", tier="small", tools=True))
    large = ScriptedModel(PORT, PORT, info=ModelInfo(name="large", tier="large", tools=True))
    scorer = Sees()
    router = RuleRouter({"small": small.info, "large": large.info}, scorer=scorer)
    services = await make_services(small, large, router=router, cache=None)
    graph = build_chat_graph(services).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    answers = [
        (await graph.ainvoke({"question": question}, config, context=Context(sink=lambda _: None)))["answer"]
        for question in ("Which port does the server listen on?", "Which colour is the sky?")
    ]
    assert [answer.route.model for answer in answers] == ["large", "large"]
    assert answers[0].route.scores == {"difficulty": 1.0, "threshold": 0.5}
    assert "it says port" in answers[0].route.reason
    assert answers[1].route.reason == "it keeps the thread that it began"
    assert services.embedder is not None
    assert [asked.space for asked in scorer.asked] == [services.embedder.name]
    assert scorer.asked[0].vector is not None
    kept = (await graph.aget_state(config)).values
    assert kept["thread_model"] == "large"
    assert "vector" not in kept
