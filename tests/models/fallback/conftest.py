"""Real clients of real servers that fail as each test wants, and what listens to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import pytest

from citeward.contracts.metering import Spender
from citeward.contracts.model import Delta, Message, Model, ModelInfo, ModelRequest
from citeward.models.breaker import Breakers
from citeward.models.fallback.chain import Chain, ask
from citeward.models.fallback.policy import Fallback, Switch
from citeward.models.metering.memory import MemoryMeter
from citeward.models.metering.purse import Purse
from citeward.models.openai_compatible.dialect import VLLM, Dialect
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.testing.upstream import Turn, Upstream

ASKED = ModelRequest(messages=(Message(role="user", content="Which port is it?"),))


@dataclass
class Ear:
    """Releases text as it comes, but for the last `holds` characters, which it holds back as a guard does."""

    holds: int = 0
    committed: bool = False
    satisfied: bool = False
    taken: str = ""
    released: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    switches: list[tuple[Switch, str, str]] = field(default_factory=list)
    stop_at: str = ""
    third: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when three pieces have been released."""

    async def take(self, delta: Delta, /) -> None:
        self.taken += delta.text
        self._release(len(self.taken) - self.holds)
        if delta.tool_call is not None:
            self.calls.append(delta.tool_call.arguments)
        self.satisfied = bool(self.stop_at) and self.stop_at in self.taken

    def _release(self, end: int) -> None:
        done = sum(map(len, self.released))
        if end > done:
            self.released.append(self.taken[done:end])
            self.committed = True
            if len(self.released) >= 3:
                self.third.set()

    def switch(self, how: Switch, model: str, reason: str, left: tuple[str, ...], /) -> None:
        self.switches.append((how, model, reason))
        self.calls = []
        if how != "continue":
            self.taken, self.released, self.committed = "", [], False

    @property
    def text(self) -> str:
        self._release(len(self.taken))
        return "".join(self.released)


@dataclass
class Stage:
    """Servers `a`, `b`, `c`, … in order, and the chain over them."""

    stack: AsyncExitStack
    servers: list[Upstream] = field(default_factory=list)
    models: dict[str, Model] = field(default_factory=dict)
    meter: MemoryMeter = field(default_factory=MemoryMeter)
    breakers: Breakers = field(default_factory=Breakers)
    purse: Purse | None = None

    async def up(self, *turns: Turn, dialect: Dialect = VLLM, price: float = 0.0, patience: float = 60.0) -> Upstream:
        """Add a server."""
        name = "abcdef"[len(self.servers)]
        server = await self.stack.enter_async_context(Upstream(*turns))
        model = OpenAICompatibleModel(
            server.url,
            name,
            info=ModelInfo(name=name, tools=True, input_price=price, output_price=price),
            dialect=dialect,
            retries=0,
            timeout=patience,
        )
        self.stack.push_async_callback(model.aclose)
        self.servers.append(server)
        self.models[name] = model
        return server

    def ear(self, **how: object) -> Ear:
        """A listener."""
        return Ear(**how)  # type: ignore[arg-type]

    async def ask(
        self, ear: Ear | None = None, *, policy: str = "continue", spent: float = 0.0, **request: object
    ) -> Ear:
        """Ask the chain."""
        ear = ear or Ear()
        self.purse = Purse(self.meter, Spender(tenant="t", thread_id="h"), spent=spent)
        chain = Chain(
            models=self.models,
            fallback=Fallback(after_first_token=policy),  # type: ignore[arg-type]
            breakers=self.breakers,
            purse=self.purse,
        )
        await ask(chain, replace(ASKED, **request), ear)  # type: ignore[arg-type]
        return ear


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        yield Stage(stack)


@pytest.fixture(scope="session")
def stage_type() -> type[Stage]:
    """For tests that need a stage of their own for each example."""
    return Stage
