from pathlib import Path

import pytest

from citeward.errors import DataError
from citeward.evals.compare.prompts import DEFAULT, Prompt, read_prompts, to_requests
from citeward.models.extractive.reading import read
from citeward.prompts.registry import read_prompts as read_templates


def test_a_text_file_has_a_prompt_a_line(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("\ufeffOne?\n\n  Two?  \n", encoding="utf-8")
    assert read_prompts(path) == [Prompt(prompt="One?"), Prompt(prompt="Two?")]


def test_json_lines_may_have_passages(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"prompt": "One?", "passages": ["It is one."]}\n{"prompt": "Two?"}\n')
    assert read_prompts(path) == [Prompt(prompt="One?", passages=("It is one.",)), Prompt(prompt="Two?")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", b" \n", "holds no prompt"),
        ("p.txt", b"\xff\xfe\xff", "cannot be read"),
        ("p.jsonl", b'{"prompt": "One?"}\n{"ask": "Two?"}\n', r"p\.jsonl:2: 'prompt' is missing"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_prompts(tmp_path / name)
    with pytest.raises(DataError, match="cannot be read"):
        read_prompts(tmp_path / f"absent-{name}")


def test_passages_stand_in_the_agents_prompt_as_they_do_in_a_run(repository: Path) -> None:
    template = read_templates(repository / "prompts")["answer"]
    with_passages, plain = to_requests([DEFAULT[0], Prompt(prompt="Hello?")], template, max_tokens=7, timeout=9)
    reading = read(with_passages.messages)
    assert reading.question == DEFAULT[0].prompt
    assert tuple(passage.text for passage in reading.passages) == DEFAULT[0].passages
    assert [message.role for message in plain.messages] == ["user"]
    assert (plain.sampling.max_tokens, plain.timeout) == (7, 9)
