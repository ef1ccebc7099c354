import pytest

from citeward.contracts.answer import Outcome
from citeward.contracts.evaluation import Scorer
from citeward.errors import NotFound
from citeward.evals.scorers import build_scorers
from citeward.evals.suite import ScorerName


async def text_of(document_id: str) -> str:
    if document_id != "a.md":
        raise NotFound(f"no document {document_id!r}", hint="Index it.")
    return "The answer is 42."


def scorer(name: str) -> Scorer:
    return build_scorers([ScorerName(name)], document_text=text_of, seconds=1.0)[0]


@pytest.mark.parametrize("name", list(ScorerName))
async def test_each_scorer_says_its_name_and_a_failed_run_scores_0_where_there_was_something_to_judge(
    name: str, sampled
) -> None:
    failed = sampled(None, contains=("x",), sources=("a.md",), tools=("t",))
    score = await scorer(name).score(failed)
    assert score is not None
    assert (score.scorer, score.value) == (name, 0.0) == (scorer(name).name, 0.0)
    assert score.reason


async def test_outcome_is_as_the_case_says(sampled) -> None:
    assert (await scorer("outcome").score(sampled())).value == 1
    refused = await scorer("outcome").score(sampled(outcome=Outcome.REFUSED))
    assert (refused.value, refused.reason) == (0, "refused, expected answered")
    assert (await scorer("outcome").score(sampled(outcome=Outcome.BLOCKED, expected="blocked"))).value == 1


async def test_contains_gives_the_share_of_texts_whatever_case_and_space(sampled) -> None:
    score = await scorer("contains").score(sampled("It is\nForty Two.", contains=("forty two", "43")))
    assert (score.value, score.reason) == (0.5, "not in the answer: '43'")
    assert await scorer("contains").score(sampled()) is None


async def test_sources_may_be_named_by_id_or_source_and_one_is_enough(sampled) -> None:
    cited = sampled(cited=(("a.md", "answer", 4),), sources=("b.md", "a.md"))
    assert (await scorer("sources").score(cited)).value == 1
    assert (await scorer("sources").score(sampled(cited=(("a.md", "answer", 4),), sources=("docs/a.md",)))).value == 1
    other = await scorer("sources").score(sampled(cited=(("a.md", "answer", 4),), sources=("b.md",)))
    assert (other.value, other.reason) == (0, "cited a.md")
    assert (await scorer("sources").score(sampled(sources=("b.md",)))).reason == "cited nothing"
    assert await scorer("sources").score(sampled()) is None


async def test_tools_must_have_been_called(sampled) -> None:
    score = await scorer("tools").score(sampled(called=("clock",), tools=("clock", "calculator")))
    assert (score.value, score.reason) == (0.5, "not called: 'calculator'")
    assert await scorer("tools").score(sampled(called=("clock",))) is None


async def test_quotes_must_stand_in_the_stored_document_where_they_say(sampled) -> None:
    cited = sampled(cited=(("a.md", "answer", 4), ("a.md", "answer", 5), ("gone.md", "x", 0), ("a.md", "", 0)))
    score = await scorer("quotes").score(cited)
    assert score.value == 0.25
    assert "gone.md:0" in score.reason
    assert await scorer("quotes").score(sampled()) is None
    assert await scorer("quotes").score(sampled(None, expected="refused")) is None


async def test_latency_has_a_limit_and_tells_the_seconds(sampled) -> None:
    assert (await scorer("latency").score(sampled(seconds=1.0))).value == 1
    slow = await scorer("latency").score(sampled(seconds=1.25))
    assert (slow.value, slow.reason, slow.details) == (0, "1.25 s, allowed 1 s", {"seconds": 1.25})
