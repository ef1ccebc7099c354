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
Step = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def runner() -> Iterator["subprocess.Popen[str]"]:
    script = Path(__file__).with_name("crash.py")
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "threads.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def step(runner: "subprocess.Popen[str]", database: str, tmp_path: Path) -> Step:
    def take(
        kill: str = "", *, question: str = "Please pay order A-1 and note: paid.", **options: Any
    ) -> dict[str, Any]:
        wanted = {"database": database, "effects": str(tmp_path / "effects"), "kill": kill, "question": question}
        assert runner.stdin is not None
        assert runner.stdout is not None
        runner.stdin.write(json.dumps({**wanted, "approve": False, **options}) + "\n")
        runner.stdin.flush()
        told: dict[str, Any] = json.loads(runner.stdout.readline())
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


SAID = ["user: Please pay order A-1 and note: paid.", "agent: Done: all of it."]


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
