"""The library's log lines in an application that knows nothing of them."""

import html
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.contextvars import get_contextvars

from citeward.logs import SHOWN, get_logger, masked, traced, within_run
from citeward.project.starter import init_project
from citeward.testing.logs import captured_logs

ASKING = """
import asyncio, logging, sys
{configure}
from citeward import open_project

async def main():
    async with open_project({root!r}, keep_threads=False) as project:
        await project.agent().ask("Which port is opened by the harbour master?")

asyncio.run(main())
"""


def asked(root: Path, configure: str = "") -> subprocess.CompletedProcess[str]:
    code = ASKING.format(configure=configure, root=str(root))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init_project(tmp_path / "app")
    return tmp_path / "app"


def test_an_application_that_configured_no_logging_sees_nothing(project: Path) -> None:
    done = asked(project)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_application_that_configured_logging_sees_the_lines_without_what_was_asked(project: Path) -> None:
    done = asked(project, "logging.basicConfig(level=logging.INFO)")
    line = next(line for line in done.stderr.splitlines() if "route.chosen" in line)
    assert line.startswith("INFO:citeward.nodes.route:route.chosen ")
    assert "model='extractive'" in line
    assert "harbour" not in done.stderr
    assert done.stdout == ""


def test_a_handler_finds_the_event_and_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        get_logger("citeward.example").warning("cargo.lost", share=0.5, name="50 %s")
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("citeward.example", "WARNING")
    assert record.getMessage() == "cargo.lost share=0.5 name='50 %s'"
    assert vars(record)["event"] == "cargo.lost"
    assert vars(record)["fields"] == {"share": 0.5, "name": "50 %s"}


def test_an_exception_comes_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        {}["cargo"]
    except KeyError:
        get_logger("citeward.example").exception("cargo.lost")
    assert caplog.records[0].exc_info is not None
    assert "KeyError" in caplog.text


def test_lines_within_a_run_name_it() -> None:
    with captured_logs() as logs, within_run("r1"):
        get_logger("citeward.example").info("cargo.loaded", crates=3)
    assert logs == [{"run_id": "r1", "crates": 3, "event": "cargo.loaded", "log_level": "info"}]
    assert get_contextvars() == {}


def test_every_module_logs_through_the_standard_library(repository: Path) -> None:
    told = [path for path in (repository / "citeward").rglob("*.py") if "structlog.get_logger" in path.read_text()]
    assert told == []


@pytest.mark.parametrize(
    ("text", "canary", "mark"),
    [
        ("Incorrect API key provided: hunter2abc.", "hunter2abc", "<SECRET>"),
        ('{"api_key": "hunter2abc"}', "hunter2abc", "<SECRET>"),
        ("Authorization: Bearer hunter2abc", "hunter2abc", "<SECRET>"),
        ("use sk-canary-key, please", "sk-canary", "<SECRET>"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_", "<SECRET>"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJ", "<SECRET>"),
        ("token 4f8aCanary19b2Kz77QwErTy", "Canary", "<TOKEN>"),
        ("ask mona.lisa@corp.example now", "mona", "<EMAIL>"),
        ("ask mona.lisa＠corp.example now", "mona", "<EMAIL>"),
        ("ask mona%40corp.example now", "mona", "<EMAIL>"),
        ("at http://llm.corp:8000/v1?key=x", "llm.corp", "<URL>"),
        ("at https:\\/\\/llm.corp\\/v1", "llm.corp", "<URL>"),
        ("at postgres://mona:lisa@db/x", "lisa", "<URL>"),
        ("Cannot connect to host llm-internal:8443 ssl:default", "llm-internal", "<HOST>"),
        ("getaddrinfo failed for llm.corp.example.net", "llm.corp", "<HOST>"),
        ("from 10.1.2.3 and", "10.1.2.3", "<IP>"),
        ("from fe80::1ff:fe23:4567:890a and", "fe80", "<IP>"),
        ("card 4111 1111 1111 1111", "4111", "<NUMBER>"),
        ("call +49 (170) 123-45-67", "170", "<NUMBER>"),
        ("ssn 078-05-1120", "078", "<NUMBER>"),
        ("[type=string_type, input_value='canary words', input_type=str]", "canary", "<INPUT>"),
    ],
)
def test_other_programs_words_are_masked(text: str, canary: str, mark: str) -> None:
    assert canary not in masked(text)
    assert mark in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "The model `Qwen/Qwen2.5-7B-Instruct` does not exist.",
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
        "max_tokens must be at least 1, got 0.",
        "Rate limit reached for gpt-4o-mini: 3 RPM.",
        "CUDA out of memory. Tried to allocate 2.00 GiB.",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "echo",
    [
        "{}",
        "<pre>{}</pre>",
        '{{"detail": "{}"}}',
        "the prompt was: {}!",
    ],
)
def test_an_echo_of_the_request_is_taken_out(echo: str) -> None:
    prompt = 'My plan for "Lund" & Malmö:\n\tsell the\u00a0harbour'
    request = {"messages": [{"role": "user", "content": prompt}]}
    for said in (prompt, json.dumps(prompt)[1:-1], html.escape(prompt), prompt.upper(), prompt.replace("\n\t", " ")):
        text = masked(echo.format(said), request=request)
        assert "harbour" not in text.lower() and "my plan" not in text.lower(), text
        assert "<REQUEST>" in text


@pytest.mark.fuzz
@given(st.text(st.characters(exclude_categories=()), max_size=200), st.text(max_size=50))
def test_a_masked_text_is_one_short_line_that_no_terminal_obeys(text: str, asked: str) -> None:
    shown = masked(text, request=[asked])
    assert len(shown) <= SHOWN
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff]", shown)


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=10, max_size=40), st.text(), st.text())
def test_no_run_of_ten_characters_of_the_request_stays(words: str, before: str, after: str) -> None:
    text = masked(f"{before} {words} {after}"[:300], request=[words])
    normal = " ".join(words.split()).lower()
    if len(normal) == len(words) and words in f"{before} {words} {after}"[:300]:
        shown = text.lower().replace("<request>", "\0")
        assert all(normal[at : at + 10] not in shown for at in range(len(normal) - 9))


def test_every_field_is_without_credentials_and_addresses(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        get_logger("citeward.example").warning("cargo.lost", reason="sk-canary-0123456789 of mona@corp.example", of=3)
    assert vars(caplog.records[0])["fields"] == {"reason": "<SECRET> of <EMAIL>", "of": 3}
    assert "canary" not in caplog.text


def test_a_traceback_for_the_log_has_places_and_masked_words() -> None:
    def fail() -> None:
        raise RuntimeError("for mona@corp.example") from ValueError("sk-canary-0123456789\x1b]0;x\x07")

    try:
        fail()
    except RuntimeError as error:
        text = traced(error)
    assert text.startswith("RuntimeError: for <EMAIL> at ")
    assert text.endswith("caused by ValueError: <SECRET>\\x1b]0;x\\x07")
    assert "test_logs.py" in text


@pytest.mark.parametrize("unit", ["a", "a@", "1 ", "a.", "x:", "key=", "A1", "-----BEGIN ", "://", "sk-", "eyJ", '\\"'])
def test_masking_reads_no_more_than_a_bounded_part_of_a_text(unit: str) -> None:
    assert masked(unit * 2_000) == masked(unit * 2_000 + unit * 100_000)
