from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from citeward.contracts.event import Event, Routed
from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.contracts.metering import ModelCall
from citeward.contracts.model import Sampling
from citeward.contracts.principal import Principal
from citeward.contracts.routing import Features, Route
from citeward.guardrails.build import build_rails
from citeward.nodes.context import Context
from citeward.nodes.route import route
from citeward.nodes.services import Services
from citeward.prompts.template import Template
from citeward.testing.embedding import HashEmbedder
from citeward.testing.logs import captured_logs

PROMPT = Template.model_validate({"name": "t", "version": "1", "messages": [{"role": "system", "content": "Answer."}]})
CHOSEN = Route(tier="small", model="m", fallbacks=("n",), reason="because", scores={"difficulty": 0.123456})


@dataclass
class Asked:
    """A router that keeps what it was asked."""

    features: list[Features] = field(default_factory=list)

    async def choose(self, features: Features, /) -> Route:
        self.features.append(features)
        return CHOSEN


@pytest.fixture(scope="module")
def services() -> Services:
    return Services(agent="a", version="1", prompt=PROMPT, models={}, router=Asked(), rails=build_rails())


async def _asked(services: Services, state: dict[str, Any]) -> tuple[Features, dict[str, Any], list[Event]]:
    router, events = Asked(), []
    context = Context(principal=Principal(tenant="acme"), sink=events.append, run_id="r1")
    written = await route(replace(services, router=router))({"question": "q", **state}, Runtime(context=context))
    return router.features[0], written, events


async def test_the_choice_goes_to_the_state_the_sink_and_the_log_with_reason_and_scores(services: Services) -> None:
    with captured_logs() as logs:
        _, written, events = await _asked(services, {})
    assert written == {"route": CHOSEN, "thread_model": "m"}
    assert events == [Routed(route=CHOSEN)]
    assert [(log["event"], log["run_id"], log["model"], log["reason"], log["scores"]) for log in logs] == [
        ("route.chosen", "r1", "m", "because", {"difficulty": 0.1235})
    ]


async def test_what_is_known_of_the_run_is_told(services: Services) -> None:
    flagged = Verdict(guard="pii", origin=Origin.USER, action=Action.FLAG, text="")
    services = replace(services, sampling=Sampling(max_tokens=77), tiers=("small",))
    asked, _, _ = await _asked(
        services, {"verdicts": (flagged,), "calls": (ModelCall(model="m", cost=0.25),), "thread_model": "m"}
    )
    assert (asked.tenant, asked.private, asked.answer_tokens, asked.tiers) == ("acme", True, 77, ("small",))
    assert (asked.spent, asked.thread_model, asked.needs_tools) == (0.25, "m", False)


async def test_the_vector_of_the_search_is_handed_on_with_the_name_of_its_space(services: Services) -> None:
    vector = np.ones(4, np.float32) / 2
    asked, _, _ = await _asked(replace(services, embedder=HashEmbedder(name="space")), {"vector": vector})
    assert asked.vector is vector
    assert asked.space == "space"
    without, _, _ = await _asked(services, {})
    assert (without.vector, without.space) == (None, "")


async def test_a_tool_loop_in_progress_names_its_model(services: Services) -> None:
    call = {"id": "1", "name": "t", "args": {}, "type": "tool_call"}
    loop = [HumanMessage("q"), AIMessage("", tool_calls=[call]), ToolMessage("r", tool_call_id="1")]
    within, _, _ = await _asked(services, {"route": CHOSEN, "messages": loop})
    assert within.tools_in_progress == "m"
    new_turn, _, _ = await _asked(services, {"route": None, "messages": [*loop, AIMessage("a")]})
    assert new_turn.tools_in_progress is None


async def test_the_thread_so_far_counts_into_the_prompt_and_scripts_by_their_bytes(services: Services) -> None:
    alone, _, _ = await _asked(services, {"question": "x" * 400})
    assert alone.prompt_tokens == 100
    earlier = [HumanMessage("y" * 400), AIMessage("z" * 400)]
    thread, _, _ = await _asked(services, {"question": "x" * 400, "messages": earlier})
    assert thread.prompt_tokens == 300
    chinese, _, _ = await _asked(services, {"question": "问" * 400})
    assert chinese.prompt_tokens == 300
