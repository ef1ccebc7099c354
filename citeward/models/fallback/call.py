"""One call of one model, listened to until it ends in whatever way."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from citeward.contracts.metering import ModelCall
from citeward.contracts.model import Delta, Model, ModelRequest, TokenUsage
from citeward.errors import CitewardError, ModelTimeout
from citeward.models.fallback.overlap import Overlap
from citeward.models.fallback.patience import Patience
from citeward.models.fallback.policy import Switch
from citeward.models.metering.pricing import price, prompt_tokens
from citeward.text.tokens import estimate_tokens

GRACE = 2.0
"""Seconds for which a model that has finished may take to tell its usage."""


class Listener(Protocol):
    """Takes what the models of a chain say, and releases it."""

    @property
    def committed(self) -> bool:
        """Whether anything was released: what was said can no longer be replaced unnoticed."""
        ...

    @property
    def satisfied(self) -> bool:
        """Whether no more is wanted: a guard has stopped the stream."""
        ...

    async def take(self, delta: Delta, /) -> None:
        """The next piece."""
        ...

    def switch(self, how: Switch, model: str, reason: str, left: tuple[str, ...], /) -> None:
        """Another model is asked from now on. Fragments of tool calls are void, under `replace` and `restart` all is.

        Args:
            how: Whether it goes on from what was taken so far.
            model: Its name.
            reason: What became of the one before, in plain words.
            left: Names of those that could be asked after it.
        """
        ...


class ListenerFailed(Exception):
    """The listener failed, not the model; its cause is the error."""


class UnclearOverlap(Exception):
    """It cannot be told how much of the text so far the model repeats; nothing of its answer was passed on."""


@dataclass(kw_only=True)
class Call:
    """What is known of a call while it lasts."""

    name: str
    model: Model
    request: ModelRequest
    pieces: list[str] = field(default_factory=list)
    """The text that was taken from it, without what it repeated."""
    told: TokenUsage | None = None
    """What the endpoint told of its usage."""
    heard: list[str] = field(default_factory=list)
    """Everything that it said, thought, or called for."""
    finished: bool = False
    """Whether it said that it has finished; what fails afterwards takes nothing away."""
    began: float = field(default_factory=time.perf_counter)
    first: float | None = None

    async def listen(self, listener: Listener, *, until: float | None, shares: int) -> None:
        """Take the model's stream to its end, or until the listener wants no more.

        Args:
            listener: Takes the pieces.
            until: When the time is over, by the running loop's clock.
            shares: Among how many models the time that is left is shared.

        Raises:
            ModelTimeout: It was silent for longer than its share.
            ListenerFailed: The listener's own error, as its cause.
            UnclearOverlap: What it says cannot be joined to the text so far.
            CitewardError: The model's.
        """
        exact = not self.request.prefix or self.model.info.continues == "exactly"
        overlap = None if exact else Overlap(self.request.prefix)
        try:
            with Patience(until, shares) as patience:
                async with aclosing(self.model.stream(self.request)) as stream:
                    async for delta in stream:
                        patience.heard()
                        self._note(delta)
                        if overlap is not None and delta.text:
                            delta = replace(delta, text=_joining(overlap, overlap.feed(delta.text)))
                        await self._pass(delta, listener)
                        if listener.satisfied:
                            return
                        patience.waiting()
                        if delta.finish_reason is not None:
                            patience.hurry(GRACE)
        except TimeoutError as error:
            if not self.finished:
                raise self._silent() from error
        except CitewardError:
            if not self.finished:
                raise
        # Where it failed, what is still held may be half a repetition: the next model says it again.
        if overlap is not None and (rest := _joining(overlap, overlap.close())):
            await self._pass(Delta(text=rest), listener)

    def books(self, end: Literal["answered", "failed", "cancelled"], error: CitewardError | None = None) -> ModelCall:
        """What the call came to, when it is over.

        Tokens are the endpoint's own where it told them. Else they are counted in the text: the prompt's wherever the
        model may have read it, which it has not where it refused the call.
        """
        tokens, estimated = self.told, False
        if tokens is None:
            refused = error is not None and not self.heard and not isinstance(error, ModelTimeout)
            estimated = not refused
            tokens = TokenUsage() if refused else self._counted()
        now = time.perf_counter()
        return ModelCall(
            model=self.name,
            tokens=tokens,
            cost=price(self.model.info, tokens),
            estimated=estimated,
            end=end,
            error=error.code if error is not None else "",
            first_token_ms=None if self.first is None else round(1e3 * (self.first - self.began), 3),
            total_ms=round(1e3 * (now - self.began), 3),
        )

    def _counted(self) -> TokenUsage:
        return TokenUsage(input_tokens=prompt_tokens(self.request), output_tokens=estimate_tokens("".join(self.heard)))

    async def _pass(self, delta: Delta, listener: Listener) -> None:
        if delta.text:
            self.pieces.append(delta.text)
        try:
            await listener.take(delta)
        except Exception as error:
            raise ListenerFailed from error

    def _note(self, delta: Delta) -> None:
        fragment = delta.tool_call
        words = delta.text or delta.reasoning
        if fragment is not None:
            words += f"{fragment.name or ''} {fragment.arguments}"
        if words:
            if self.first is None:
                self.first = time.perf_counter()
            self.heard.append(words)
        if delta.usage is not None:
            self.told = delta.usage if self.told is None else self.told + delta.usage
        if delta.finish_reason is not None:
            self.finished = True

    def _silent(self) -> ModelTimeout:
        seconds = time.perf_counter() - self.began
        when = "before its first word" if self.first is None else "in the middle of its answer"
        return ModelTimeout(
            f"{self.name} fell silent {when}, {seconds:.1f} s after it was asked",
            hint="Give the run more time (limits.seconds), or name a faster model first.",
        )


def _joining(overlap: Overlap, text: str) -> str:
    """`text`, which goes on from the text so far.

    Raises:
        UnclearOverlap: It cannot be told whether it does.
    """
    if overlap.unclear:
        raise UnclearOverlap
    return text
