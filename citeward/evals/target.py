"""An agent as a suite's target."""

from __future__ import annotations

from contextlib import aclosing

from citeward.agents.agent import Agent
from citeward.contracts.answer import Answer
from citeward.contracts.evaluation import Case, Sample
from citeward.contracts.event import Answered, Interrupted, ToolCalled
from citeward.contracts.principal import Principal
from citeward.evals.runner import Target


def agent_target(agent: Agent, *, principal: Principal | None = None) -> Target:
    """Asks the agent each case's question in a thread of its own; a call that waits for approval ends the run."""

    async def run(case: Case) -> Sample:
        answer: Answer | None = None
        tools: list[str] = []
        error = ""
        async with aclosing(agent.run(case.question, principal=principal)) as events:
            async for event in events:
                match event:
                    case ToolCalled():
                        tools.append(event.call.name)
                    case Interrupted():
                        error = f"the call of {event.call.name!r} waits for approval"
                    case Answered():
                        answer = event.answer
                    case _:
                        pass
        return Sample(case=case, answer=answer, tools=tuple(tools), error="" if answer else error)

    return run
