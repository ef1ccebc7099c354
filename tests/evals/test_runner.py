import asyncio

import pytest

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.evaluation import Case, Sample, Score
from citeward.errors import ModelUnavailable
from citeward.evals.runner import run_suite
from citeward.evals.scorers import build_scorers
from citeward.evals.suite import LoadedSuite, Suite


async def no_text(document_id: str) -> str:
    return ""


def suite(*questions: str, **fields: object) -> LoadedSuite:
    declared = {"name": "s", "agent": "a", "cases": "c.jsonl", "scorers": ["outcome", "contains"]} | fields
    cases = tuple(Case(id=str(i), question=question, contains=("yes",)) for i, question in enumerate(questions))
    return LoadedSuite(suite=Suite.model_validate(declared), cases=cases)


async def echo(case: Case) -> Sample:
    if case.question == "raise":
        raise ModelUnavailable("gone", hint="Bring it back.")
    if case.question == "bug":
        raise KeyError("oops")
    if case.question == "hang":
        await asyncio.Event().wait()
    if case.question == "nothing":
        return Sample(case=case, answer=None)
    return Sample(case=case, answer=Answer(text=case.question, outcome=Outcome.ANSWERED))


def scorers(loaded: LoadedSuite) -> list:
    return build_scorers(loaded.suite.scorers, document_text=no_text, seconds=loaded.suite.seconds)


async def test_an_error_is_a_failed_case_and_never_a_missing_one() -> None:
    loaded = suite("yes", "raise", "bug", "hang", "nothing", "no", timeout=0.05)
    report = await run_suite(loaded, echo, scorers(loaded))
    assert [result.passed for result in report.results] == [True, False, False, False, False, False]
    assert [result.sample.error for result in report.results] == [
        "", "gone", "KeyError: 'oops'", "no answer within 0.05 s", "no answer", "",
    ]  # fmt: skip
    assert report.means["passed"].value == pytest.approx(1 / 6)
    assert report.means["outcome"].value == pytest.approx(2 / 6)
    assert report.means["contains"].value == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        ({}, True),
        ({"passed": 0.5}, True),
        ({"passed": 0.51}, False),
        ({"outcome": 1.0}, True),
        ({"contains": 0.9}, False),
    ],
)
async def test_the_verdict_is_the_gates(gate: dict[str, float], passed: bool) -> None:
    loaded = suite("yes", "no", gate=gate)
    report = await run_suite(loaded, echo, scorers(loaded))
    assert report.passed is passed


async def test_a_gate_on_what_no_case_was_judged_by_does_not_pass() -> None:
    loaded = suite("yes", scorers=["tools"], gate={"tools": 0.0})
    report = await run_suite(loaded, echo, scorers(loaded))
    assert report.gate[0].reached is None
    assert not report.passed


async def test_a_scorer_that_fails_fails_its_case() -> None:
    class Broken:
        name = "outcome"

        async def score(self, sample: Sample, /) -> Score | None:
            raise ZeroDivisionError("again")

    report = await run_suite(suite("yes"), echo, [Broken()])
    assert not report.results[0].passed
    assert "ZeroDivisionError: again" in report.results[0].scores[0].reason


async def test_no_more_cases_run_at_a_time_than_allowed_and_results_keep_their_order() -> None:
    running = most = 0
    seen: list[tuple[int, int]] = []

    async def count(case: Case) -> Sample:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3 if int(case.id) % 2 else 1):
            await asyncio.sleep(0)
        running -= 1
        return Sample(case=case, answer=Answer(text="yes", outcome=Outcome.ANSWERED))

    loaded = suite(*["q"] * 9, concurrency=3)
    report = await run_suite(loaded, count, scorers(loaded), progress=lambda *at: seen.append(at))
    assert most == 3
    assert [result.sample.case.id for result in report.results] == [str(i) for i in range(9)]
    assert seen == [(i, 9) for i in range(1, 10)]
    assert all(result.sample.seconds > 0 for result in report.results)


async def test_cancelling_the_suite_cancels_its_cases() -> None:
    started = asyncio.Event()

    async def wait(case: Case) -> Sample:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(run_suite(suite("q"), wait, []))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
