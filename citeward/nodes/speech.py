"""What the models of one call say, on its way to the sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from citeward.contracts.citation import Citation
from citeward.contracts.event import Cited, Event, ReasoningDelta, Restarted, Routed, TextDelta
from citeward.contracts.guardrail import Action, Verdict
from citeward.contracts.model import Delta, FinishReason, Model
from citeward.contracts.routing import Route
from citeward.guardrails.stream import Release
from citeward.models.fallback.policy import Switch
from citeward.nodes.conversation import ToolCallAssembly
from citeward.nodes.utterance import Utterance

_HOW: Mapping[Switch, str] = {
    "replace": "took over",
    "continue": "went on from there",
    "restart": "began the answer again",
}


@dataclass(kw_only=True)
class Speech:
    """The `Listener` of a run: text goes through an utterance, tool calls are put together.

    What a model thinks goes through a release of its own where `think` makes one, and nowhere where not.

    An utterance outlives the models that speak in it: where one goes on from another, the guards see one text.
    """

    begin: Callable[[], Utterance]
    """Makes an utterance."""
    tell: Callable[[Event], None]
    route: Route
    """Who speaks now."""
    models: Mapping[str, Model]
    draft: str = ""
    """What was released in earlier steps of the turn."""
    cited: Sequence[Citation] = ()
    """The citations of that."""
    think: Callable[[], Release] | None = None
    """Makes a release for what the model thinks; None drops it."""
    calls: ToolCallAssembly = field(default_factory=ToolCallAssembly)
    finish_reason: FinishReason | None = None
    """Why the model that spoke last ended; None where it was stopped, or did not say."""
    utterance: Utterance = field(init=False)
    _began_at: float | None = field(default=None, init=False)
    _thought: Release | None = field(default=None, init=False)
    """Releases the thought that is being told."""
    _judged: list[Verdict] = field(default_factory=list, init=False)
    """On thoughts that have ended."""
    _stopped: bool = field(default=False, init=False)
    """Whether a guard has stopped a thought."""

    def __post_init__(self) -> None:
        self.utterance = self.begin()

    @property
    def committed(self) -> bool:
        """Whether any text has left."""
        return self.utterance.began_at is not None

    @property
    def satisfied(self) -> bool:
        """Whether a guard has stopped the text, or the thoughts."""
        return self._stopped or self.utterance.stopped

    @property
    def began_at(self) -> float | None:
        """Unix time of the first text that left, withdrawn or not."""
        return self._began_at or self.utterance.began_at

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the guards did to the text, other than let it pass."""
        verdicts = (*self._judged, *self.utterance.verdicts)
        return tuple(verdict for verdict in verdicts if verdict.action is not Action.ALLOW)

    async def take(self, delta: Delta, /) -> None:
        """Release the text; keep the piece of a tool call until the answer is whole."""
        if delta.reasoning and self.think is not None:
            self._ponder(self.think, delta.reasoning)
        if delta.text or delta.tool_call is not None:
            self._conclude()
        if delta.text and not self._stopped:
            await self.utterance.feed(delta.text)
        if delta.tool_call is not None:
            self.calls.add(delta.tool_call)
        if delta.finish_reason is not None:
            self.finish_reason = delta.finish_reason

    def switch(self, how: Switch, model: str, reason: str, left: tuple[str, ...], /) -> None:
        """Another model speaks from now on; the sink is told, and where the text is withdrawn, so is the sink's."""
        self.calls = ToolCallAssembly()
        self.finish_reason = None
        self._conclude()
        told = "; ".join(part for part in (self.route.reason, reason) if part)
        self.route = replace(
            self.route,
            model=model,
            tier=self.models[model].info.tier,
            fallbacks=left,
            reason=f"{told}; {model} {_HOW[how]}",
        )
        self.tell(Routed(route=self.route))
        if how == "continue":
            return
        self._began_at = self.began_at
        self.utterance = self.begin()
        if how == "restart":
            self.tell(Restarted(model=model, reason=reason))
            if self.draft:
                self.tell(TextDelta(text=self.draft))
            for citation in self.cited:
                self.tell(Cited(citation=citation))

    async def close(self) -> None:
        """The answer has ended: release the rest."""
        self._conclude()
        await self.utterance.close()

    def _ponder(self, think: Callable[[], Release], text: str) -> None:
        if self._stopped:
            return
        if self._thought is None:
            self._thought = think()
        if safe := self._thought.feed(text):
            self.tell(ReasoningDelta(text=safe))
        self._stopped = self._thought.stopped

    def _conclude(self) -> None:
        """The thought has ended: release the rest of it."""
        if self._thought is None:
            return
        if rest := self._thought.close():
            self.tell(ReasoningDelta(text=rest))
        self._judged += self._thought.verdicts
        self._stopped = self._stopped or self._thought.stopped
        self._thought = None
