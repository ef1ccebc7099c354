"""Kill -9 at every place of a run, resumed in another process: effects are counted by the file that receives them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NODES = ("guard_input", "recall", "retrieve", "route", "reason", "act", "settle")
BOUNDARIES = [f"node:{name}:{when}" for name in NODES for when in ("before", "after")]
EVENTS = [f"event:{kind}" for kind in ("started", "tool_call", "interrupt", "tool_result", "answer")]
CERTAIN = [*BOUNDARIES, *EVENTS, "journal:begin:before"]
"""Places where it is known whether the calls were made."""
UNCERTAIN = ["journal:begin:after", "tool:pay:before", "tool:pay:after", "journal:finish pay:before"]
"""Places between the record of a call and that of its result."""
PAY = "Please pay order A-1 and note: paid."
SAID = [f"user: {PAY}", "agent: Done: all of it."]
Step = Callable[..., dict[str, Any]]
Steps = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def runners() -> Iterator[list["subprocess.Popen[str]"]]:
    script = Path(__file__).with_name("crash.py")
    started = [
        subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    yield started
    for process in started:
        process.communicate(timeout=60)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "threads.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def steps(runners: list["subprocess.Popen[str]"], database: str, tmp_path: Path) -> Steps:
    """Takes steps at the same time, each in a process of its own."""

    def take(*wanted: dict[str, Any]) -> list[dict[str, Any]]:
        base = {"database": database, "effects": str(tmp_path / "effects"), "kill": "", "approve": False}
        taking = runners[: len(wanted)]
        for runner, one in zip(taking, wanted, strict=True):
            assert runner.stdin is not None
            runner.stdin.write(json.dumps({**base, "question": PAY, **one}) + "\n")
            runner.stdin.flush()
        return [json.loads(runner.stdout.readline()) for runner in taking if runner.stdout is not None]

    return take


@pytest.fixture
def step(steps: Steps) -> Step:
    def take(kill: str = "", **options: Any) -> dict[str, Any]:
        (told,) = steps({"kill": kill, **options})
        assert "error" not in told, told
        return told

    return take


def _to_the_end(step: Step, kill: str, **options: Any) -> tuple[bool, list[str], dict[str, Any]]:
    """Whether a process was killed, the names of the calls that came with a warning, and the end."""
    killed, warned = False, []
    for _ in range(8):
        told = step("" if killed else kill, **options)
        killed = killed or told["killed"]
        warned += told.get("warned", [])
        if told.get("answer"):
            return killed, warned, told
    raise AssertionError(told)


def _effects(tmp_path: Path) -> list[str]:
    file = tmp_path / "effects"
    return sorted(file.read_text().splitlines()) if file.exists() else []


@pytest.mark.parametrize("place", CERTAIN)
def test_a_run_killed_anywhere_ends_as_one_that_was_not_and_calls_each_tool_once(
    step: Step, place: str, tmp_path: Path
) -> None:
    killed, warned, told = _to_the_end(step, place)
    assert killed
    assert warned == []
    assert _effects(tmp_path) == ["note paid", "pay A-1"]
    assert (told["answer"], told["said"]) == ("Done: all of it.", SAID)


@pytest.mark.parametrize("place", UNCERTAIN)
@pytest.mark.parametrize("approve", [True, False])
def test_a_call_whose_end_nobody_knows_waits_for_a_person(
    step: Step, place: str, approve: bool, tmp_path: Path
) -> None:
    killed, warned, told = _to_the_end(step, place, approve=approve)
    assert killed
    assert "pay" in warned or "note" in warned
    done = _effects(tmp_path)
    before = place in ("tool:pay:before", "journal:begin:after")
    assert done.count("pay A-1") <= (1 if before or not approve else 2)
    assert done.count("pay A-1") >= (1 if approve or not before else 0)
    assert (told["answer"], told["said"]) == ("Done: all of it.", SAID)


def test_an_idempotent_call_is_made_again_and_nobody_is_asked(step: Step, tmp_path: Path) -> None:
    killed, warned, _ = _to_the_end(step, "tool:note:after", idempotent=True)
    assert killed
    assert "note" not in warned
    assert _effects(tmp_path).count("note paid") == 2


def test_a_result_that_was_recorded_stands_for_its_call(step: Step, tmp_path: Path) -> None:
    killed, warned, _ = _to_the_end(step, "journal:finish pay:after", approve=True)
    assert killed
    assert "pay" not in warned
    assert _effects(tmp_path).count("pay A-1") == 1


@pytest.mark.parametrize("place", ["event:interrupt", "tool:pay:after", "node:act:after", "event:tool_result"])
def test_after_a_crash_the_thread_takes_another_question(step: Step, place: str, tmp_path: Path) -> None:
    while not step(place)["killed"]:
        pass
    before = _effects(tmp_path)
    told = step(question="What else is there?", ask=True)
    assert told["answer"] == "Done: all of it."
    assert told["said"] == [SAID[0], "user: What else is there?", SAID[1]]
    assert _effects(tmp_path) == before
    # Nobody can approve the old call any more.
    assert step(question="Thanks.")["answer"] == "Done: all of it."
    assert _effects(tmp_path) == before


def test_of_two_processes_with_the_same_approval_one_makes_the_call(step: Step, steps: Steps, tmp_path: Path) -> None:
    assert step()["waiting"] == ["pay"]
    told = steps({}, {})
    assert sorted(one.get("answer") or "" for one in told) == ["", "Done: all of it."]
    assert _effects(tmp_path) == ["note paid", "pay A-1"]


def test_questions_of_two_processes_in_one_thread_are_both_kept(step: Step, steps: Steps) -> None:
    told = steps({"question": "One?", "ask": True}, {"question": "Two?", "ask": True})
    assert [one["answer"] for one in told] == ["Done: all of it."] * 2
    said = step(question="Three?", ask=True)["said"]
    assert {line for line in said if line.startswith("user")} == {"user: One?", "user: Two?", "user: Three?"}
