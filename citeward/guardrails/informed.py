"""Guards that are told what a text was made from, as plain Guardrails."""

from __future__ import annotations

from dataclasses import replace

from citeward.contracts.guardrail import Action, Guardrail, Origin, Outgoing, Reviews, Verdict
from citeward.contracts.model import Location
from citeward.guardrails.stage import staged
from citeward.guardrails.table import GuardRule
from citeward.guardrails.work import checked


class Informed:
    """A guard of streams for one whole text; any other guard as it is.

    Args:
        guard: The guard.
        rule: Its row of the table.
        outgoing: What the text was made from.
    """

    def __init__(self, guard: Guardrail, rule: GuardRule, outgoing: Outgoing) -> None:
        self.name = rule.name
        self.location = getattr(guard, "location", Location.LOCAL)
        self._guard = guard
        self._rule = rule
        self._outgoing = outgoing

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Feed it the text in one piece, where it has a stream for this origin."""
        stage = staged(self._guard, self._rule, origin, self._outgoing)
        if stage is None:
            return await self._guard.check(text, origin=origin)
        carried = await checked(lambda whole: stage.feed(whole) + stage.close(), text)
        verdict = stage.verdict(origin)
        if verdict is None:
            return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)
        return replace(verdict, text="" if verdict.action is Action.BLOCK else carried)


class Reviewing:
    """A guard that reviews, for one whole answer; any other guard as it is.

    Args:
        guard: The guard.
        outgoing: What the answer was made from.
    """

    def __init__(self, guard: Guardrail, outgoing: Outgoing) -> None:
        self.name = guard.name
        self._guard = guard
        self._outgoing = outgoing

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Let it review the text."""
        if isinstance(self._guard, Reviews):
            return await self._guard.review(text, self._outgoing)
        return await self._guard.check(text, origin=origin)
