"""What a run is given from outside: who asks, where events go, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from langchain_core.messages import AnyMessage
from langgraph.runtime import Runtime

from citeward.contracts.event import Event, Sink
from citeward.contracts.principal import Principal
from citeward.nodes.services import Services


@dataclass(frozen=True, kw_only=True)
class Context:
    """Given with each run: ``graph.ainvoke({"question": …}, context=Context(…))``. Every field has a default."""

    principal: Principal = field(default_factory=Principal)
    sink: Sink | None = None
    """Takes the run's events; None sends them to LangGraph's stream writer (``stream_mode="custom"``)."""
    deadline: float | None = None
    """Unix time in seconds after which the run fails with DeadlineExceeded; None waits."""
    services: Services | None = None
    """Used instead of those the graph was built with: for a test, or a tenant with parts of its own."""
    run_id: str = field(default_factory=lambda: uuid4().hex)
    thread_id: str = ""
    """The thread's name as events and the answer show it; the checkpointer's own thread id by default."""
    history: Sequence[AnyMessage] = field(default=(), repr=False)
    """What was said before the question, where that is not in the thread: user and assistant in turn, oldest first. It
    stands here and not in the graph's input, which an app's tracers and callbacks are shown."""


def context_of(runtime: Runtime[Context]) -> Context:
    """The run's context; the defaults where the caller gave none."""
    return runtime.context or Context()


def emit(runtime: Runtime[Context], event: Event) -> None:
    """Hand the event to the run's sink."""
    context = runtime.context
    if context is not None and context.sink is not None:
        context.sink(event)
    else:
        runtime.stream_writer(event)
