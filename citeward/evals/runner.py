"""Runs a suite's cases, scores them, and judges by the gate. An error is a failed case, never a missing one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from citeward.contracts.evaluation import Case, Sample, Score, Scorer
from citeward.errors import CitewardError
from citeward.evals.statistics import Interval, mean
from citeward.evals.suite import PASSED, LoadedSuite

Target: TypeAlias = Callable[[Case], Awaitable[Sample]]
"""Runs one case. What it raises is recorded as the sample's error."""
Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """One case with its scores."""

    sample: Sample
    scores: tuple[Score, ...]

    @property
    def passed(self) -> bool:
        """Whether it ran without error and every scorer that judged it gave 1."""
        return not self.sample.error and all(score.value >= 1 for score in self.scores)


@dataclass(frozen=True, kw_only=True)
class GateLine:
    """One threshold of the gate, and what was reached."""

    name: str
    least: float
    reached: float | None
    """None where no case gave the scorer anything to judge: that does not pass."""

    @property
    def passed(self) -> bool:
        """Whether the threshold was reached."""
        return self.reached is not None and self.reached >= self.least


@dataclass(frozen=True, kw_only=True)
class SuiteReport:
    """What came of a suite."""

    suite: str
    agent: str
    results: tuple[CaseResult, ...]
    """In the order of the cases."""
    means: Mapping[str, Interval]
    """The share of cases `passed`, then each scorer's mean over the cases that it judged."""
    gate: tuple[GateLine, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """The verdict: every threshold was reached. The exit code follows it."""
        return all(line.passed for line in self.gate)


async def run_suite(
    loaded: LoadedSuite, target: Target, scorers: Sequence[Scorer], *, progress: Progress | None = None
) -> SuiteReport:
    """Run every case, `concurrency` at a time, and score it.

    Args:
        loaded: The suite and its cases.
        target: What is tested.
        scorers: As `build_scorers` makes them, or anyone's.
        progress: Told after each case how many are done, and of how many.
    """
    suite, started = loaded.suite, time.perf_counter()
    room = asyncio.Semaphore(suite.concurrency)
    done = 0

    async def one(case: Case) -> CaseResult:
        nonlocal done
        async with room:
            sample = await _sampled(case, target, suite.timeout)
            scores = [await _scored(scorer, sample) for scorer in scorers]
        done += 1
        if progress is not None:
            progress(done, len(loaded.cases))
        return CaseResult(sample=sample, scores=tuple(score for score in scores if score is not None))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(case)) for case in loaded.cases]
    results = tuple(task.result() for task in tasks)
    means = _means(results, [scorer.name for scorer in scorers])
    gate = tuple(
        GateLine(name=name, least=least, reached=means[name].value if name in means else None)
        for name, least in suite.gate.items()
    )
    seconds = time.perf_counter() - started
    return SuiteReport(suite=suite.name, agent=suite.agent, results=results, means=means, gate=gate, seconds=seconds)


async def _sampled(case: Case, target: Target, timeout: float) -> Sample:  # noqa: ASYNC109 - a setting, passed to asyncio.timeout
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout):
            sample = await target(case)
    except TimeoutError:
        sample = Sample(case=case, answer=None, error=f"no answer within {timeout:g} s")
    except CitewardError as error:
        sample = Sample(case=case, answer=None, error=error.message)
    except Exception as error:  # noqa: BLE001 - whatever a target raises is that case's failure, not the suite's
        sample = Sample(case=case, answer=None, error=f"{type(error).__name__}: {error}")
    if sample.answer is None and not sample.error:
        sample = replace(sample, error="no answer")
    return replace(sample, seconds=time.perf_counter() - started)


async def _scored(scorer: Scorer, sample: Sample) -> Score | None:
    try:
        return await scorer.score(sample)
    except Exception as error:  # noqa: BLE001 - a scorer that fails must fail its case, or a bad answer would pass unjudged
        return Score(scorer=scorer.name, value=0.0, reason=f"the scorer failed: {type(error).__name__}: {error}")


def _means(results: Sequence[CaseResult], names: Sequence[str]) -> dict[str, Interval]:
    means = {PASSED: mean([result.passed for result in results])}
    for name in names:
        values = [score.value for result in results for score in result.scores if score.scorer == name]
        if values:
            means[name] = mean(values)
    return means
