"""Guards run together, as the policy says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from citeward.contracts.guardrail import Action, Guardrail, Origin, Outgoing, Verdict
from citeward.contracts.model import leaves
from citeward.errors import NotFound
from citeward.guardrails.informed import Informed
from citeward.guardrails.stage import Stage, staged
from citeward.guardrails.steps import Row, Step, asked, reviewed, rewritten, sent
from citeward.guardrails.stream import Progress, Release
from citeward.guardrails.table import STRICTNESS, Policy, load_policy
from citeward.guardrails.vault import Restorer, Vault

__all__ = ["Checked", "Policy", "Rails", "Row", "load_policy"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What all guards of an origin made of one text."""

    text: str
    """The text to carry on with: rewritten by every MODIFY, empty where one blocked."""
    verdicts: tuple[Verdict, ...] = ()
    """In the table's order; where one blocked, it is the last."""

    @property
    def action(self) -> Action:
        """The strictest."""
        return max((verdict.action for verdict in self.verdicts), key=STRICTNESS.__getitem__, default=Action.ALLOW)

    @property
    def blocked(self) -> bool:
        """Whether the text must go no further."""
        return self.action is Action.BLOCK

    @property
    def notable(self) -> tuple[Verdict, ...]:
        """The verdicts that did something other than allow, without their texts: events and threads keep them."""
        return tuple(replace(verdict, text="") for verdict in self.verdicts if verdict.action is not Action.ALLOW)


@runtime_checkable
class Warms(Protocol):
    """A guard that has something to load before its first check; the load is not held to the deadline."""

    async def warm(self) -> None:
        """Load it; a second call costs nothing."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A guard that holds connections."""

    async def aclose(self) -> None:
        """Give them back; a later check opens new ones."""
        ...


@runtime_checkable
class Plants(Protocol):
    """A guard that puts a mark into the system prompt, to know it again."""

    @property
    def planted(self) -> str:
        """A line for the end of the prompt; empty where there is none."""
        ...


class Rails:
    """The guards of one policy; made by `build_rails`, used by any number of runs at once.

    A guard never makes a run fail: one that raises, hangs or answers nonsense gives a BLOCK verdict where its row says
    `closed` and a FLAG verdict where it says `open`. A guard that does not let itself be cancelled is left behind when
    its time is over. A deadline can only pass while a guard awaits; one that computes for long belongs in a thread, as
    ours put themselves.
    """

    def __init__(self, policy: Policy, rows: Sequence[Row]) -> None:
        self.policy = policy
        self._rows = tuple(rows)
        self._warm = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """The guards with what the table says of them, in its order."""
        return self._rows

    def guard(self, name: str) -> Guardrail:
        """The policy's guard of that name; raises NotFound with the names there are."""
        for row in self._rows:
            if row.rule.name == name:
                return row.guard
        names = ", ".join(row.rule.name for row in self._rows)
        raise NotFound(f"the policy has no guard {name!r}", hint=f"Its guards: {names}.")

    async def warm(self) -> None:
        """Load what the guards need, so that the first question does not wait: about a second for Presidio.

        A guard that cannot load says so at its first check, as its row of the table provides.
        """
        if not self._warm:
            guards = [row.guard for row in self._rows]
            await asyncio.gather(*(g.warm() for g in guards if isinstance(g, Warms)), return_exceptions=True)
            self._warm = True

    async def aclose(self) -> None:
        """Give back what the guards hold open: connections to those that run elsewhere."""
        for row in self._rows:
            if isinstance(row.guard, Closes):
                await row.guard.aclose()

    @property
    def planted(self) -> str:
        """What the guards put at the end of a system prompt; empty where they put nothing."""
        return "\n".join(line for row in self._rows if isinstance(row.guard, Plants) and (line := row.guard.planted))

    async def check(
        self, text: str, *, origin: Origin, vault: Vault | None = None, outgoing: Outgoing | None = None
    ) -> Checked:
        """Run every guard of this origin.

        Guards that only judge run at once, on the text as it came. Guards that may rewrite run beside them one after
        the other, in the table's order, each on what the one before left; their findings are offsets into that.
        A judge that runs elsewhere (its `location` is remote) waits for what the last of those leaves, with the
        vault's values behind placeholders, so that no value is sent away to be judged.

        The first row of the table that blocks ends the check, and the rows below it are not heard: what is decided
        does not depend on which guard happened to be faster, so that the same text always gets the same verdicts.

        Args:
            text: What to check.
            origin: Where it is from.
            vault: Where to keep what is taken out, so that it can come back; without it redaction is for good.
                With it, whatever in the text looks like a placeholder is put behind one of its own.
            outgoing: What the text was made from, where a model wrote it. Guards of streams then check it as a stream,
                so that it may hold what its own sources say.
        """
        await self.warm()
        if outgoing is not None:
            informed = [Row(guard=Informed(row.guard, row.rule, outgoing), rule=row.rule) for row in self._rows]
            return await Rails(self.policy, informed)._checked(text, origin, vault)
        return await self._checked(text, origin, vault)

    async def review(self, text: str, outgoing: Outgoing, *, vault: Vault | None = None) -> tuple[Verdict, ...]:
        """Let those guards of the model's text judge a whole answer that cannot do so while it streams.

        They run at once, and the answer has been sent: MODIFY is made FLAG, and BLOCK means that the answer is not to
        stand. Returned is what they did other than allow, in the table's order.

        Args:
            text: The answer, with the vault's values.
            outgoing: What it was made from.
            vault: Whose values a guard that runs elsewhere is shown placeholders for.
        """
        rows = [
            row
            for row in self._rows
            if Origin.MODEL in row.rule.origins and staged(row.guard, row.rule, Origin.MODEL, outgoing) is None
        ]
        if not rows:
            return ()
        await self.warm()
        verdicts = await asyncio.gather(*(reviewed(row, text, outgoing, vault) for row in rows))
        return tuple(
            replace(v, action=Action.FLAG, text=text) if v.action is Action.MODIFY else v
            for v in verdicts
            if v.action is not Action.ALLOW
        )

    async def _checked(self, text: str, origin: Origin, vault: Vault | None) -> Checked:
        rows = [row for row in self._rows if origin in row.rule.origins]
        step = Step(text=text, escape=vault is not None)
        last: asyncio.Future[Step] | None = None
        tasks: dict[int, asyncio.Future[Step]] = {}
        for place, row in enumerate(rows):
            if row.rule.origins[origin].modify is not None:
                last = tasks[place] = asyncio.ensure_future(rewritten(row, last or step, origin, vault))
        for place, row in enumerate(rows):
            if place not in tasks:
                judging = sent(row, last or step, origin, vault) if leaves(row.guard) else asked(row, text, origin)
                tasks[place] = asyncio.ensure_future(judging)
        verdicts: list[Verdict] = []
        try:
            for place in range(len(rows)):
                verdicts += (await tasks[place]).verdicts
                if verdicts and verdicts[-1].action is Action.BLOCK:
                    return Checked(text="", verdicts=tuple(verdicts))
        finally:
            unheard = [task for task in tasks.values() if not task.done()]
            for task in unheard:
                task.cancel()
            if unheard:
                await asyncio.sleep(0)  # each hands it on to its guard, and none is waited for
        step = step if last is None else last.result()
        carried = vault.mask(step.text, ()) if vault is not None and step.escape else step.text
        return Checked(text=carried, verdicts=tuple(verdicts))

    def stream(
        self,
        *,
        origin: Origin = Origin.MODEL,
        outgoing: Outgoing | None = None,
        vault: Vault | None = None,
        earlier: Progress | None = None,
    ) -> Release:
        """A new pipeline for one stream: the policy's stream guards, then the vault's values back.

        Guards must be warm (any check before it does that), or the first piece of text waits for them.

        Args:
            origin: Where the stream is from.
            outgoing: What it is made from.
            vault: Whose placeholders to give back.
            earlier: How far the stream had come when the answer's model call before this one ended.
        """
        outgoing = outgoing or Outgoing()
        stages = [stage for row in self._rows if (stage := staged(row.guard, row.rule, origin, outgoing))]
        if vault is not None:
            stages.append(Stage(name="vault", guard=Restorer(vault)))
        return Release(stages, origin=origin, earlier=earlier)
