"""What the models of one call say, on its way to the sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from citeward.contracts.citation import Citation
from citeward.contracts.event import Cited, Event, ReasoningDelta, Restarted, Routed, TextDelta
from citeward.contracts.guardrail import Action, Verdict
from citeward.contracts.model import Delta, FinishReason, Model
from citeward.contracts.routing import Route
from citeward.guardrails.stream import Progress, Release
from citeward.models.fallback.policy import Switch
from citeward.nodes.conversation import ToolCallAssembly
from citeward.nodes.unfinished import Unfinished
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

    An utterance outlives the models that speak in it: where one goes on from another, the guards see one text. It also
    goes on from the utterance of the turn's model call before, and so do the thoughts; see `pause`.
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
    think: Callable[[Progress], Release] | None = None
    """Makes a release that goes on with what the models of this turn have thought so far; None drops thoughts."""
    thoughts: Progress = field(default_factory=Progress)
    """What they have thought so far."""
    calls: ToolCallAssembly = field(default_factory=ToolCallAssembly)
    finish_reason: FinishReason | None = None
    """Why the model that spoke last ended; None where it was stopped, or did not say."""
    utterance: Utterance = field(init=False)
    _began_at: float | None = field(default=None, init=False)
    _thought: Release | None = field(default=None, init=False)
    """Releases the thought that is being told."""
    _thinking: bool = field(default=False, init=False)
    """Whether some of the thoughts may be held back."""
    _judged: list[Verdict] = field(default_factory=list, init=False)
    """On thoughts that have ended."""
    _stopped: bool = field(default=False, init=False)
    """Whether a guard has stopped a thought."""
    _paused: tuple[Verdict, ...] | None = field(default=None, init=False)
    """The verdicts when the call ended, where the turn goes on."""

    def __post_init__(self) -> None:
        self.utterance = self.begin()
        self._thinking = bool(self.thoughts.given)

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
        if self._paused is not None:
            return self._paused
        thought = self._thought.verdicts if self._thought is not None else ()
        verdicts = (*self._judged, *thought, *self.utterance.verdicts)
        return tuple(verdict for verdict in verdicts if verdict.action is not Action.ALLOW)

    async def take(self, delta: Delta, /) -> None:
        """Release the text; keep the piece of a tool call until the answer is whole."""
        if delta.reasoning and self.think is not None:
            self._ponder(self.think, delta.reasoning)
        if delta.text:
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
        """The turn's answer has ended: release the rest."""
        self._conclude()
        await self.utterance.close()

    def pause(self) -> Unfinished:
        """The model call has ended, and the turn goes on with another one: release nothing more."""
        self._paused = self.verdicts
        paused = self.utterance.pause()
        return Unfinished(
            text=paused.text,
            thoughts=self._thought.progress if self._thought is not None else self.thoughts,
            sentences=paused.sentences,
            unreleased=paused.unreleased,
        )

    def _ponder(self, think: Callable[[Progress], Release], text: str) -> None:
        if self._stopped:
            return
        if self._thought is None:
            self._thought = think(self.thoughts)
        self._thinking = True
        if safe := self._thought.feed(text):
            self.tell(ReasoningDelta(text=safe))
        self._stopped = self._thought.stopped

    def _conclude(self) -> None:
        """Text begins, or the turn ends: release the rest of the thoughts, so that they stand before it."""
        if not self._thinking or self.think is None:
            return
        thought = self._thought if self._thought is not None else self.think(self.thoughts)
        if rest := thought.close():
            self.tell(ReasoningDelta(text=rest))
        self._judged += thought.verdicts
        self._stopped = self._stopped or thought.stopped
        self.thoughts, self._thought, self._thinking = thought.progress, None, False
