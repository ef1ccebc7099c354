from collections.abc import AsyncGenerator
from typing import Any

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.evaluation import Case
from citeward.contracts.event import Answered, Event, Interrupted, TextDelta, ToolCalled
from citeward.contracts.principal import Principal
from citeward.contracts.tool import ToolCall
from citeward.evals.target import agent_target

CALL = ToolCall(id="1", name="clock")
ANSWER = Answer(text="It is noon.", outcome=Outcome.ANSWERED)


class Played:
    """An agent whose run is these events."""

    def __init__(self, *events: Event) -> None:
        self.events = events
        self.asked: list[tuple[str, Principal | None]] = []

    async def run(self, question: str, *, principal: Principal | None = None) -> AsyncGenerator[Event, None]:
        self.asked.append((question, principal))
        for event in self.events:
            yield event


async def test_a_run_gives_its_answer_and_the_tools_that_it_called() -> None:
    agent: Any = Played(ToolCalled(call=CALL), TextDelta(text="It is noon."), Answered(answer=ANSWER))
    reader = Principal(tenant="t")
    sample = await agent_target(agent, principal=reader)(Case(id="c", question="What time is it?"))
    assert (sample.answer, sample.tools, sample.error) == (ANSWER, ("clock",), "")
    assert agent.asked == [("What time is it?", reader)]


async def test_a_run_that_waits_for_a_person_failed() -> None:
    agent: Any = Played(ToolCalled(call=CALL), Interrupted(call=CALL, reason="dangerous"))
    sample = await agent_target(agent)(Case(id="c", question="?"))
    assert (sample.answer, sample.error) == (None, "the call of 'clock' waits for approval")
