import pytest

from citeward.citations.evidence import WordVerifier
from citeward.contracts.answer import NOT_ENOUGH
from citeward.contracts.citation import Citation, Label
from citeward.contracts.guardrail import Action, Origin, Outgoing, Support
from citeward.guardrails.grounding import GroundingGuard, GroundingOptions
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_guardrail

LIMITS = {Origin.MODEL: Thresholds(flag=0.5, block=0.9)}
PASSAGE = "The harbour opens at seven every morning. Boats pay two crowns for a night."
TRUE, FALSE = "The harbour opens at seven every morning.", "The keeper sells fish and rope to the pilots."


def citation(text, said, label):
    start = text.index(said)
    return Citation(
        start=start,
        end=start + len(said),
        passage_id="p",
        document_id="d",
        source="d.md",
        quote=said,
        quote_start=0,
        quote_end=len(said),
        label=label,
        score=1.0,
        marker=1,
    )


class Judge:
    """Says the same of every sentence, and notes what it was asked."""

    def __init__(self, label):
        self.label, self.asked = label, []

    async def verify(self, sentences, evidence, /):
        self.asked.append((list(sentences), list(evidence)))
        return [Support(label=self.label, score=1.0) for _ in sentences]


async def test_it_is_a_guardrail():
    await check_guardrail(GroundingGuard(LIMITS), texts=[f"{TRUE} {FALSE}"])


@pytest.mark.parametrize(
    ("text", "action", "kinds"),
    [
        (f"{TRUE}", Action.ALLOW, []),
        (f"{TRUE} {FALSE}", Action.FLAG, ["UNCITED"]),
        (f"{FALSE}", Action.BLOCK, ["UNCITED"]),
        (NOT_ENOUGH, Action.ALLOW, []),
        (f"{TRUE}\n\n```py\nimport harbour\nharbour.open_at(seven, eight, nine)\n```", Action.ALLOW, []),
        (f"# Prices of the harbour by night and day\n\n{TRUE}", Action.ALLOW, []),
        ("Hello! How can I help you with the harbour today?", Action.ALLOW, []),
    ],
)
async def test_the_share_of_unsupported_sentences_decides(text, action, kinds):
    cited = (citation(text, TRUE, Label.SUPPORTED),) if TRUE in text else ()
    verdict = await GroundingGuard(LIMITS).review(text, Outgoing(passages=(PASSAGE,), citations=cited))
    assert verdict.action is action
    assert [finding.kind for finding in verdict.findings] == kinds
    assert [text[f.start : f.end] for f in verdict.findings] == ([FALSE] if kinds else [])


async def test_a_citation_that_does_not_hold_supports_nothing():
    cited = (citation(TRUE, TRUE, Label.UNSUPPORTED),)
    verdict = await GroundingGuard(LIMITS).review(TRUE, Outgoing(passages=(PASSAGE,), citations=cited))
    assert [finding.kind for finding in verdict.findings] == ["UNSUPPORTED"]


async def test_the_verifier_is_asked_about_what_no_citation_supports():
    text = f"{TRUE} {FALSE} [1]"
    judge = Judge(Label.PARTIAL)
    cited = (citation(text, TRUE, Label.SUPPORTED),)
    outgoing = Outgoing(passages=(PASSAGE,), results=("4",), citations=cited)
    assert (await GroundingGuard(LIMITS, judge).review(text, outgoing)).action is Action.ALLOW
    assert judge.asked == [([FALSE], [PASSAGE, "4"])]
    strict = GroundingGuard(LIMITS, Judge(Label.UNSUPPORTED), GroundingOptions(trust_citations=False))
    assert (await strict.review(text, outgoing)).action is Action.BLOCK


async def test_an_agent_without_documents_is_not_held_to_them():
    assert (await GroundingGuard(LIMITS).review(FALSE, Outgoing(sources=False))).action is Action.ALLOW


async def test_words_tell_what_the_evidence_supports():
    one, other, nothing = await WordVerifier().verify([TRUE, FALSE, "Ça va?"], [PASSAGE, "Unrelated words."])
    assert (one.label, other.label, nothing.label) == (Label.SUPPORTED, Label.UNSUPPORTED, Label.UNSUPPORTED)
    assert await WordVerifier().verify([TRUE], []) == [Support(label=Label.UNSUPPORTED, score=0.0)]
