"""A suite's report: for a terminal, as JSON, and as JUnit XML for CI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from citeward.evals.runner import CaseResult, SuiteReport

if TYPE_CHECKING:
    from rich.console import Group

# XML 1.0 has no way to write most control characters, nor lone surrogates.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: SuiteReport) -> Group:
    """The verdict, the means and every case that failed."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    scores = Table(title=f"{report.suite}: {len(report.results)} cases, agent {report.agent}", title_justify="left")
    for heading in ("score", "mean", "95% interval", "gate"):
        scores.add_column(heading, justify="left" if heading == "score" else "right", no_wrap=True)
    gate = {line.name: line for line in report.gate}
    for name in dict.fromkeys([*report.means, *gate]):
        found, line = report.means.get(name), gate.get(name)
        verdict = Text("")
        if line is not None:
            verdict = Text(f"≥ {line.least:g} {'✓' if line.passed else '✗'}", style="green" if line.passed else "red")
        interval = f"{found.low:.3f} – {found.high:.3f}" if found else ""
        scores.add_row(name, f"{found.value:.3f}" if found else "not judged", interval, verdict)
    parts: list[Any] = [scores]
    if failed := [result for result in report.results if not result.passed]:
        cases = Table("case", "question", "why", title="failed cases", title_justify="left")
        for result in failed:
            # Text, not str: a question may hold what rich would take for markup.
            cases.add_row(Text(result.sample.case.id), Text(result.sample.case.question), Text(reason(result)))
        parts.append(cases)
    verdict = Text("passed", style="bold green") if report.passed else Text("failed", style="bold red")
    return Group(*parts, Text.assemble(verdict, f" in {report.seconds:.1f} s"))


def to_dict(report: SuiteReport) -> dict[str, Any]:
    """The report as JSON-able data."""
    return {
        "suite": report.suite,
        "agent": report.agent,
        "passed": report.passed,
        "seconds": report.seconds,
        "means": {
            name: {"value": found.value, "low": found.low, "high": found.high} for name, found in report.means.items()
        },
        "gate": [
            {"name": line.name, "least": line.least, "reached": line.reached, "passed": line.passed}
            for line in report.gate
        ],
        "cases": [_case(result) for result in report.results],
    }


def junit(report: SuiteReport) -> str:
    """The report as JUnit XML: a failed case is a failure, one that did not run an error, and so is the gate."""
    results = report.results
    errors = sum(bool(result.sample.error) for result in results)
    missed = [line for line in report.gate if not line.passed]
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(report.suite),
        tests=str(len(results) + len(report.gate)),
        failures=str(sum(not result.passed for result in results) - errors + len(missed)),
        errors=str(errors),
        time=f"{report.seconds:.3f}",
    )
    for result in results:
        sample = result.sample
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(report.suite), name=_xml(sample.case.id), time=f"{sample.seconds:.3f}"
        )
        if not result.passed:
            problem = ElementTree.SubElement(case, "error" if sample.error else "failure", message=_xml(reason(result)))
            problem.text = _xml(f"{sample.case.question}\n\n{sample.answer.text if sample.answer else ''}")
    for line in report.gate:
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(f"{report.suite}.gate"), name=_xml(line.name))
        if not line.passed:
            reached = "nothing was judged" if line.reached is None else f"{line.reached:.3f}"
            ElementTree.SubElement(case, "failure", message=f"{reached}, expected at least {line.least:g}")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def reason(result: CaseResult) -> str:
    """Why a case failed, one line; empty where it passed."""
    if result.sample.error:
        return result.sample.error
    return "; ".join(f"{score.scorer}: {score.reason or score.value}" for score in result.scores if score.value < 1)


def _case(result: CaseResult) -> dict[str, Any]:
    sample = result.sample
    return {
        "id": sample.case.id,
        "question": sample.case.question,
        "tags": list(sample.case.tags),
        "passed": result.passed,
        "answer": sample.answer.text if sample.answer else None,
        "outcome": str(sample.answer.outcome) if sample.answer else None,
        "cited": sorted({citation.document_id for citation in sample.answer.citations}) if sample.answer else [],
        "tools": list(sample.tools),
        "error": sample.error or None,
        "seconds": sample.seconds,
        "scores": [
            {"scorer": score.scorer, "value": score.value, "reason": score.reason, "details": dict(score.details)}
            for score in result.scores
        ],
    }


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
