"""The instructions that a model was given, kept from being said."""

from __future__ import annotations

import base64
import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.guardrail import Action, Origin, Outgoing, StreamGuard, Verdict
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.letters import folded
from citeward.guardrails.withheld.stream import Match, WithholdGuard
from citeward.guardrails.withheld.suffixes import Suffixes

PROMPT, ENCODED = "PROMPT", "ENCODED_PROMPT"
SCORES = {PROMPT: 1.0, ENCODED: 0.8}
_ENCODED_UP_TO = 8_000
"""Characters of a prompt; what base64 makes of a longer one is not looked for."""


class LeakageOptions(BaseModel):
    """The `options` of the `leakage` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    letters: int = Field(default=40, ge=16, le=256)
    """How many letters of the prompt in a row are a leak; 40 are about eight words."""
    phrases: tuple[str, ...] = ()
    """What the prompt asks the model to say to the letter, besides the refusal that Citeward knows."""


class LeakageGuard:
    """Withholds stretches of the system prompt, whatever the letter case, the punctuation or the spacing.

    A leak is a run of `letters` letters of the prompt, one after the other. What stands in the question, in a passage
    or in a tool's result as well may be said, and so may the refusal that the prompt asks for. The prompt is also
    known in base64, as `ENCODED_PROMPT`. A paraphrase or a translation is none of this guard's findings.

    Args:
        thresholds: By origin, from which score on what is done: 1 for a stretch of the prompt, .8 for one in base64.
        options: How long a leak is.
        name: The guard's name in the policy table.
    """

    def __init__(
        self, thresholds: Mapping[Origin, Thresholds], options: LeakageOptions | None = None, *, name: str = "leakage"
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._options = options or LeakageOptions()

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """ALLOW: without the prompt of a run there is nothing to compare with. See `stream`."""
        return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:
        """A guard of one stream; None where there is no prompt, or the policy asks for nothing of this origin."""
        thresholds = self._thresholds.get(origin)
        if thresholds is None or not outgoing.prompt:
            return None
        known = _known(outgoing.prompt)
        given = (*outgoing.given, *self._options.phrases, NOT_ENOUGH)
        return WithholdGuard(_Run(known, self._options.letters, given), thresholds)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Known:
    """A prompt in all the readings that are looked for."""

    suffixes: Suffixes
    plain: int
    """Letters of the prompt itself; what comes after them are its encodings."""


@functools.lru_cache(maxsize=64)
def _known(prompt: str) -> _Known:
    plain = folded(prompt)
    # No letter of a stream is the sign between two readings, so no run goes over it.
    return _Known(suffixes=Suffixes("\0".join([plain, *_encoded(prompt)])), plain=len(plain))


def _encoded(prompt: str) -> Iterator[str]:
    """The prompt in base64; three times, because what stands before it shifts it by none, one or two bytes."""
    if len(prompt) <= _ENCODED_UP_TO:
        data = prompt.encode("utf-8", "replace")
        for shift in range(3):
            yield folded(base64.b64encode(data[shift:]).decode("ascii"))


class _Run:
    """A `Matcher` for one stream: how much of what came last stands in the prompt."""

    def __init__(self, known: _Known, least: int, given: Collection[str]) -> None:
        self.longest = least
        self._known = known
        self._given = given
        self._sayable: frozenset[int] | None = None
        self._state = self._length = 0

    @property
    def pending(self) -> int:
        """How many of the last letters stand in the prompt; of a whole leak one less, for the leak after it."""
        return min(self._length, self.longest - 1)

    def read(self, text: str, /) -> Iterator[Match]:
        """Take some letters."""
        suffixes, least = self._known.suffixes, self.longest
        state, length = self._state, self._length
        for last, letter in enumerate(text):
            state, length = suffixes.step(state, length, letter, most=least)
            if length == least and not self._may_be_said(state):
                kind = PROMPT if suffixes.end(state) < self._known.plain else ENCODED
                yield Match(last=last, length=least, kind=kind, score=SCORES[kind])
        self._state, self._length = state, length

    def reset(self) -> None:
        """Forget what came."""
        self._state = self._length = 0

    def _may_be_said(self, state: int) -> bool:
        if self._sayable is None:
            self._sayable = frozenset(state for text in self._given for state in self._shared(folded(text)))
        return state in self._sayable

    def _shared(self, text: str) -> Iterator[int]:
        """Which leaks stand in a text, by the states that they end in: a run of letters ends in one state alone."""
        suffixes, least = self._known.suffixes, self.longest
        state = length = 0
        for letter in text:
            state, length = suffixes.step(state, length, letter, most=least)
            if length == least:
                yield state
