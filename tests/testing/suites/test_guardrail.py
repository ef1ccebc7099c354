import pytest

from citeward.contracts.guardrail import Action, Finding, Verdict
from citeward.testing.suites.guardrail import check_guardrail, check_stream_guard


class Allows:
    name = "allows"

    async def check(self, text, /, *, origin):
        return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)


class Trims(Allows):
    async def check(self, text, /, *, origin):
        return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text.strip())


class Overreaches(Allows):
    async def check(self, text, /, *, origin):
        finding = Finding(kind="X", start=0, end=len(text) + 1)
        return Verdict(guard=self.name, origin=origin, action=Action.FLAG, text=text, findings=(finding,), reason="r")


class Forgets:
    """A stream guard that loses what it held back."""

    holdback = 1
    findings = ()

    def __init__(self):
        self.held = ""

    def feed(self, text, /):
        released, self.held = self.held + text[:-1], text[-1:]
        return released

    def close(self):
        return ""


async def test_a_guard_that_keeps_its_contract_passes():
    await check_guardrail(Allows(), texts=["hello"])


@pytest.mark.parametrize(("guard", "wrong"), [(Trims(), "changed the text"), (Overreaches(), "leaves a text")])
async def test_a_guard_that_breaks_its_contract_is_caught(guard, wrong):
    with pytest.raises(AssertionError, match=wrong):
        await check_guardrail(guard)


def test_a_stream_guard_that_holds_back_more_than_it_says_is_caught():
    class Hoards(Forgets):
        holdback = 0

        def close(self):
            return self.held

    with pytest.raises(AssertionError, match="held back"):
        check_stream_guard(Hoards, "abc", [1])


def test_a_stream_guard_whose_text_depends_on_the_split_is_caught():
    class Marks(Forgets):
        def feed(self, text, /):
            return text + "|"

    with pytest.raises(AssertionError):
        check_stream_guard(Marks, "abcdef", [2, 4])
