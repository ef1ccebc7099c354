"""Exact texts that must never leave: the keys that a process works with, and a mark in its prompts."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from citeward.contracts.guardrail import Action, Origin, Outgoing, StreamGuard, Verdict
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.keywords import Keywords
from citeward.guardrails.withheld.letters import folded
from citeward.guardrails.withheld.stream import Match, WithholdGuard
from citeward.guardrails.work import checked
from citeward.logs import get_logger

SECRET, CANARY = "SECRET", "CANARY"
SHORTEST = 12
"""Letters and digits; a shorter value may be an ordinary word, and is not looked for."""

logger = get_logger(__name__)


class SecretsOptions(BaseModel):
    """The `options` of the `secrets` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: tuple[str, ...] = ("*_API_KEY", "*_TOKEN", "*_SECRET", "*_SECRET_KEY", "*_PASSWORD")
    """Patterns of environment variables whose values must not leave."""
    canary: bool = False
    """Put a mark at the end of every system prompt, and withhold it: whoever says it repeats the prompt."""


class SecretsGuard:
    """Withholds exact values, as they are or in base64, in hexadecimal or backwards.

    They are found in any letter case and with anything written between their letters. A value is part of no verdict,
    finding, log or repr. The environment is read once, when the guard is made.

    Args:
        thresholds: By origin, from which score on what is done; a score is always 1.
        options: Where the values come from.
        values: More of them: the keys that a project was opened with.
        environ: Read instead of the process's own environment.
        name: The guard's name in the policy table.
    """

    def __init__(
        self,
        thresholds: Mapping[Origin, Thresholds],
        options: SecretsOptions | None = None,
        *,
        values: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        name: str = "secrets",
    ) -> None:
        options = options or SecretsOptions()
        self.name = name
        self._thresholds = thresholds
        self._canary = f"cw{secrets.token_hex(8)}" if options.canary else ""
        named = _from(os.environ if environ is None else environ, options.environment)
        kinds = dict.fromkeys({*values, *named}, SECRET) | ({self._canary: CANARY} if self._canary else {})
        self._keywords = Keywords({form: kind for value, kind in kinds.items() for form in _forms(value)})

    @property
    def planted(self) -> str:
        """A line for the end of a system prompt; empty where there is no canary."""
        return f"(Internal mark, never to be repeated: {self._canary})" if self._canary else ""

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Look for the values in a whole text."""
        guard = self.stream(origin, Outgoing())
        if guard is None:
            return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)
        carried = await checked(lambda whole: guard.feed(whole) + guard.close(), text)
        action = self._thresholds[origin].action(1.0) if guard.findings else Action.ALLOW
        return Verdict(
            guard=self.name,
            origin=origin,
            action=action,
            text="" if action is Action.BLOCK else carried,
            findings=guard.findings,
            reason="The text holds what must not leave." if guard.findings else "",
        )

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:  # noqa: ARG002
        """The same check on a stream; None where there is no value, or the policy asks for nothing of this origin."""
        thresholds = self._thresholds.get(origin)
        if thresholds is None or not self._keywords.longest:
            return None
        return WithholdGuard(_Inside(self._keywords), thresholds)


class _Inside:
    """A `Matcher` for one stream: which value it may be inside of."""

    def __init__(self, keywords: Keywords) -> None:
        self.longest = keywords.longest
        self._keywords = keywords
        self._state = 0

    @property
    def pending(self) -> int:
        """How many of the last letters may be the beginning of a value."""
        return self._keywords.depth(self._state)

    def read(self, text: str, /) -> Iterator[Match]:
        """Take some letters."""
        keywords, state = self._keywords, self._state
        for last, letter in enumerate(text):
            state = keywords.step(state, letter)
            if state and (length := keywords.word(state)):
                yield Match(last=last, length=length, kind=keywords.kind(state), score=1.0)
        self._state = state

    def reset(self) -> None:
        """Forget what came."""
        self._state = 0


def _from(environ: Mapping[str, str], patterns: Iterable[str]) -> Iterator[str]:
    patterns = tuple(patterns)
    for name, value in environ.items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            if len(folded(value)) >= SHORTEST:
                yield value
            elif value:
                logger.warning("secrets.too_short", variable=name, shortest=SHORTEST)


def _forms(value: str) -> Iterator[str]:
    """The letters of a value, of its codes, and of it written backwards; none that are too few to be sure of."""
    data = value.encode("utf-8", "surrogateescape")
    for form in (value, value[::-1], binascii.hexlify(data).decode("ascii"), *_base64(data)):
        letters = folded(form)
        if len(letters) >= SHORTEST:
            yield letters


def _base64(data: bytes) -> Iterator[str]:
    """What base64 makes of it after none, one or two other bytes, without the signs that depend on its neighbours."""
    for shift in range(3):
        code = base64.b64encode(bytes(shift) + data).decode("ascii").rstrip("=")
        first = -(-8 * shift // 6)
        last = 8 * (shift + len(data)) // 6
        yield code[first:last]
