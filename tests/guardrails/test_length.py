import pytest

from citeward.contracts.guardrail import Action, Origin
from citeward.guardrails.length import LengthGuard
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_guardrail


@pytest.mark.parametrize(("length", "action"), [(10, Action.ALLOW), (11, Action.BLOCK)])
async def test_the_limit_itself_is_still_taken(length, action):
    guard = LengthGuard({Origin.USER: Thresholds(block=1)}, limit=10)
    assert (await guard.check("x" * length, origin=Origin.USER)).action is action


async def test_modify_cuts_at_the_limit():
    guard = LengthGuard({Origin.TOOL: Thresholds(modify=1)}, limit=4)
    verdict = await guard.check("abcdef", origin=Origin.TOOL)
    assert (verdict.action, verdict.text) == (Action.MODIFY, "abcd")


async def test_it_is_a_guardrail():
    await check_guardrail(LengthGuard({Origin.USER: Thresholds(block=1)}, limit=100), texts=["x" * 101])
