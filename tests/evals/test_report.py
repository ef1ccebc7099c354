import io
import json
from xml.etree import ElementTree

from rich.console import Console

from citeward.contracts.evaluation import Score
from citeward.evals.report import junit, render, to_dict
from citeward.evals.runner import CaseResult, GateLine, SuiteReport
from citeward.evals.statistics import proportion


def report(sampled) -> SuiteReport:
    good, bad, broken = sampled(), sampled("[red]no\x00[/]"), sampled(None)
    half = Score(scorer="contains", value=0.5, reason="not in the answer: '[/x]\x01'")
    return SuiteReport(
        suite="docs", agent="assistant",
        results=(
            CaseResult(sample=good, scores=(Score(scorer="outcome", value=1.0),)),
            CaseResult(sample=bad, scores=(half,)),
            CaseResult(sample=broken, scores=()),
        ),
        means={"passed": proportion(1, 3), "outcome": proportion(1, 1)},
        gate=(
            GateLine(name="outcome", least=1.0, reached=1.0),
            GateLine(name="passed", least=0.9, reached=1 / 3),
            GateLine(name="tools", least=0.5, reached=None),
        ),
        seconds=1.5,
    )  # fmt: skip


def test_the_terminal_shows_the_verdict_the_gate_and_why_cases_failed(sampled) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(report(sampled)))
    text = console.export_text()
    assert "≥ 0.9 ✗" in text
    assert "≥ 1 ✓" in text
    assert "not judged" in text
    assert "broken" in text
    assert "[/x]" in text
    assert "failed in 1.5 s" in text


def test_the_json_holds_every_case(sampled) -> None:
    read = json.loads(json.dumps(to_dict(report(sampled)), allow_nan=False))
    assert (read["passed"], read["suite"], len(read["cases"])) == (False, "docs", 3)
    assert read["cases"][2]["error"] == "broken"
    assert read["gate"][2] == {"name": "tools", "least": 0.5, "reached": None, "passed": False}


def test_junit_counts_failures_errors_and_the_gate_and_is_valid_xml_whatever_is_in_the_texts(sampled) -> None:
    suite = ElementTree.fromstring(junit(report(sampled)).encode()).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("6", "3", "1")
    cases = suite.findall("testcase")
    assert len(cases) == 6
    assert [bool(len(case)) for case in cases] == [False, True, True, False, True, True]
    assert cases[1][0].get("message") == "contains: not in the answer: '[/x]�'"
    assert cases[2][0].tag == "error"
