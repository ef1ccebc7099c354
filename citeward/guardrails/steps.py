"""One guard's part in a check: what it is given, how long it may take, and what it leaves for the next."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from citeward.contracts.guardrail import Action, Guardrail, Origin, Outgoing, Verdict
from citeward.contracts.model import leaves
from citeward.guardrails.failure import broken_findings, is_score, undecided
from citeward.guardrails.informed import Reviewing
from citeward.guardrails.masker import masked, masked_outgoing
from citeward.guardrails.table import GuardRule
from citeward.guardrails.vault import Vault
from citeward.logs import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A guard and what the table says of it."""

    guard: Guardrail
    rule: GuardRule


@runtime_checkable
class Redacts(Protocol):
    """A guard whose MODIFY replaces its findings and nothing else, so that a vault can do it reversibly."""

    redacts: bool


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one row left."""

    text: str
    verdicts: tuple[Verdict, ...] = ()
    escape: bool = False
    """Whether placeholders that somebody typed still stand in the text."""

    @property
    def blocked(self) -> bool:
        """Whether the check ends here."""
        return any(verdict.action is Action.BLOCK for verdict in self.verdicts)


async def asked(row: Row, text: str, origin: Origin) -> Step:
    """What a guard that only judges says of the text as it came."""
    return Step(text=text, verdicts=(await decided(row, text, origin),))


async def sent(row: Row, before: asyncio.Future[Step] | Step, origin: Origin, vault: Vault | None) -> Step:
    """What a guard that runs elsewhere says of what all rewriting left; unasked where that was blocked."""
    step = await _done(before)
    if step.blocked:
        return Step(text=step.text)
    shown = masked(step.text, vault, escape=step.escape) if vault is not None else step.text
    return Step(text=step.text, verdicts=(await decided(row, shown, origin),))


async def reviewed(row: Row, text: str, outgoing: Outgoing, vault: Vault | None) -> Verdict:
    """What a guard of whole answers says."""
    if vault is not None and leaves(row.guard):
        text, outgoing = masked(text, vault), masked_outgoing(outgoing, vault)
    reviewing = Row(guard=Reviewing(row.guard, outgoing), rule=row.rule)
    return await decided(reviewing, text, Origin.MODEL)


async def _done(before: asyncio.Future[Step] | Step) -> Step:
    return before if isinstance(before, Step) else await asyncio.shield(before)


async def rewritten(row: Row, before: asyncio.Future[Step] | Step, origin: Origin, vault: Vault | None) -> Step:
    """What the guard makes of the text that the one before it left."""
    step = await _done(before)
    if step.blocked:
        return step  # nobody hears this row
    verdict = await decided(row, step.text, origin)
    if verdict.action is not Action.MODIFY:
        return Step(text=step.text, verdicts=(verdict,), escape=step.escape)
    if vault is None or not isinstance(row.guard, Redacts):
        return Step(text=verdict.text, verdicts=(verdict,), escape=step.escape)
    try:
        # Escaped once only: later the placeholders of the first guard would be taken for typed ones.
        text = vault.mask(step.text, verdict.findings, escape=step.escape)
    except Exception as error:  # noqa: BLE001  whatever a guard gives, the policy says what it means
        trouble = f"gave findings that cannot be used ({type(error).__name__})"
        verdict = undecided(row.rule.name, origin, row.rule.on_error, trouble, text=step.text)
        return Step(text=step.text, verdicts=(verdict,), escape=step.escape)
    return Step(text=text, verdicts=(verdict,))


async def decided(row: Row, text: str, origin: Origin) -> Verdict:
    """What one guard says, within its deadline; where it cannot decide, what its row says that this means.

    The guard runs in a task of its own. When its time is over it is cancelled and not waited for, so that one which
    does not let itself be cancelled neither keeps the run nor is heard.
    """
    rule = row.rule
    checking = asyncio.ensure_future(_check(row.guard, text, origin))
    try:
        await asyncio.wait({checking}, timeout=rule.timeout)
    finally:
        if not checking.done():
            _let_go(checking, rule.name)
    trouble = _trouble(checking, rule.timeout, len(text))
    return undecided(rule.name, origin, rule.on_error, trouble, text=text) if trouble else checking.result()


async def _check(guard: Guardrail, text: str, origin: Origin) -> Verdict:
    return await guard.check(text, origin=origin)


def _trouble(checking: asyncio.Future[Verdict], timeout: float, length: int) -> str:
    """Why a check that has ended, or whose time is over, has not decided; empty if it has."""
    if not checking.done():
        return f"did not decide within {timeout:g} seconds"
    if checking.cancelled():
        return "was cancelled from within"
    if (error := checking.exception()) is not None:
        if not isinstance(error, Exception):
            raise error
        # Not the error's text: it may repeat what was checked.
        return f"failed with {type(error).__name__}"
    verdict: object = checking.result()
    if not isinstance(verdict, Verdict):
        return f"gave no verdict but {type(verdict).__name__}"
    if not isinstance(verdict.action, Action) or not isinstance(verdict.text, str):
        return "gave a verdict that makes no sense"
    if verdict.score is not None and not is_score(verdict.score):
        return "gave a verdict whose score is not between 0 and 1"
    return broken_findings(verdict.findings, length)


_LET_GO: set[asyncio.Future[Verdict]] = set()
"""Checks that were cancelled and have not ended yet: without a reference to it a task may vanish while it runs."""


def _let_go(checking: asyncio.Future[Verdict], guard: str) -> None:
    """Cancel a check, and wait for nothing; its end is logged."""
    began = time.monotonic()

    def ended(check: asyncio.Future[Verdict]) -> None:
        _LET_GO.discard(check)
        failed = not check.cancelled() and check.exception() is not None
        seconds = time.monotonic() - began
        if failed or not check.cancelled():
            logger.warning("guard.outlived_its_timeout", guard=guard, seconds=round(seconds, 3), failed=failed)

    _LET_GO.add(checking)
    checking.add_done_callback(ended)
    checking.cancel()
