"""Guards run together, as the policy says."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from citeward.contracts.guardrail import Action, Guardrail, Origin, StreamGuard, Verdict
from citeward.errors import NotFound
from citeward.guardrails.stream import Release, Stage
from citeward.guardrails.table import STRICTNESS, GuardRule, Policy, load_policy
from citeward.guardrails.vault import Restorer, Vault

__all__ = ["Checked", "Policy", "Rails", "Row", "load_policy"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A guard and what the table says of it."""

    guard: Guardrail
    rule: GuardRule


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What all guards of an origin made of one text."""

    text: str
    """The text to carry on with: rewritten by every MODIFY, empty where one blocked."""
    verdicts: tuple[Verdict, ...] = ()
    """In the table's order; where one blocked, only those that had been reached."""

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
        """The verdicts that did something other than allow."""
        return tuple(verdict for verdict in self.verdicts if verdict.action is not Action.ALLOW)


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
class Redacts(Protocol):
    """A guard whose MODIFY replaces its findings and nothing else, so that a vault can do it reversibly."""

    redacts: bool


@runtime_checkable
class Streams(Protocol):
    """A guard that can check a stream as it passes."""

    def stream(self, origin: Origin, *, allowed: Collection[str] = ()) -> StreamGuard | None:
        """A guard for one stream, or None where the policy asks for nothing of this origin."""
        ...


class Rails:
    """The guards of one policy; made by `build_rails`, used by any number of runs at once.

    A guard never makes a run fail: one that raises, hangs or answers nonsense gives a BLOCK verdict where its row says
    `closed` and a FLAG verdict where it says `open`. A deadline can only stop a guard that awaits; a guard that
    computes for long belongs in a thread, as ours put themselves.
    """

    def __init__(self, policy: Policy, rows: Sequence[Row]) -> None:
        self.policy = policy
        self._rows = tuple(rows)
        self._warm = False

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

    async def check(self, text: str, *, origin: Origin, vault: Vault | None = None) -> Checked:
        """Run every guard of this origin.

        Guards that only judge run at once, on the text as it came. Guards that may rewrite run beside them one after
        the other, in the table's order, each on what the one before left; their findings are offsets into that. The
        first BLOCK ends the check.

        Args:
            text: What to check.
            origin: Where it is from.
            vault: Where to keep what is taken out, so that it can come back; without it redaction is for good.
                With it, whatever in the text looks like a placeholder is put behind one of its own.
        """
        await self.warm()
        rows = [row for row in self._rows if origin in row.rule.origins]
        judges = [row for row in rows if row.rule.origins[origin].modify is None]
        rewriters = [row for row in rows if row.rule.origins[origin].modify is not None]
        reached: dict[str, Verdict] = {}
        rewriting = asyncio.ensure_future(_rewrite(rewriters, text, origin, vault, reached))
        judging = [asyncio.ensure_future(_judge(row, text, origin, reached)) for row in judges]
        try:
            for done in asyncio.as_completed((rewriting, *judging)):
                if await done is None:
                    break
        finally:
            for task in (rewriting, *judging):
                task.cancel()
        verdicts = tuple(reached[row.rule.name] for row in rows if row.rule.name in reached)
        blocked = any(verdict.action is Action.BLOCK for verdict in verdicts)
        rewritten = None if blocked else rewriting.result()
        return Checked(text="" if rewritten is None else rewritten.text, verdicts=verdicts)

    def stream(
        self, *, origin: Origin = Origin.MODEL, allowed: Collection[str] = (), vault: Vault | None = None
    ) -> Release:
        """A new pipeline for one stream: the policy's stream guards, then the vault's values back.

        Guards must be warm (any check before it does that), or the first piece of text waits for them.

        Args:
            origin: Where the stream is from.
            allowed: Texts whose own words may be repeated: the question, the retrieved passages.
            vault: Whose placeholders to give back.
        """
        stages: list[Stage] = []
        for row in self._rows:
            if origin in row.rule.origins and isinstance(row.guard, Streams):
                guard = row.guard.stream(origin, allowed=allowed)
                if guard is not None:
                    stages.append(Stage(name=row.rule.name, guard=guard, thresholds=row.rule.origins[origin]))
        if vault is not None:
            stages.append(Stage(name="vault", guard=Restorer(vault)))
        return Release(stages, origin=origin)


@dataclass(frozen=True)
class _Rewritten:
    text: str


async def _judge(row: Row, text: str, origin: Origin, reached: dict[str, Verdict]) -> Verdict | None:
    """The guard's verdict, noted in `reached`; None where it blocks."""
    verdict = await _decided(row, text, origin)
    reached[row.rule.name] = verdict
    return None if verdict.action is Action.BLOCK else verdict


async def _rewrite(
    rows: Sequence[Row], text: str, origin: Origin, vault: Vault | None, reached: dict[str, Verdict]
) -> _Rewritten | None:
    """What the rewriting guards make of the text; None where one blocks."""
    escape = True
    for row in rows:
        verdict = await _judge(row, text, origin, reached)
        if verdict is None:
            return None
        if verdict.action is not Action.MODIFY:
            continue
        if vault is not None and isinstance(row.guard, Redacts):
            # Escaped once only: later the placeholders of the first guard would be taken for typed ones.
            text = vault.mask(text, verdict.findings, escape=escape)
            escape = False
        else:
            text = verdict.text
    return _Rewritten(vault.mask(text, ()) if vault is not None and escape else text)


async def _decided(row: Row, text: str, origin: Origin) -> Verdict:
    rule = row.rule
    try:
        async with asyncio.timeout(rule.timeout):
            verdict = await row.guard.check(text, origin=origin)
        if isinstance(verdict, Verdict):
            return verdict
        trouble = f"gave no verdict but {type(verdict).__name__}"
    except TimeoutError:
        trouble = f"did not decide within {rule.timeout:g} seconds"
    except Exception as error:  # noqa: BLE001  whatever a guard raises, the policy says what it means
        # Not the error's text: it may repeat what was checked.
        trouble = f"failed with {type(error).__name__}"
    closed = rule.on_error == "closed"
    return Verdict(
        guard=rule.name,
        origin=origin,
        action=Action.BLOCK if closed else Action.FLAG,
        text="" if closed else text,
        reason=f"The guard {rule.name!r} {trouble}; the policy says to {'block' if closed else 'let pass'} then.",
    )
