from pathlib import Path

import pytest
from pydantic import ValidationError

from citeward.errors import InvalidInput, ProjectError
from citeward.prompts.registry import read_prompts
from citeward.prompts.template import Template, TemplateMessage


def _template(content: str = "Use {{passages}}", **fields: object) -> Template:
    return Template.model_validate(
        {"name": "t", "version": "1", "variables": ["passages"], "messages": [{"role": "system", "content": content}]}
        | fields
    )


def test_variables_are_put_in_and_values_stay_text() -> None:
    (message,) = _template("Use {{passages}} and {{ passages }}").render({"passages": "{{passages}} \\1"})
    assert message.content == "Use {{passages}} \\1 and {{passages}} \\1"


@pytest.mark.parametrize(
    ("given", "words"), [({}, "needs the variable 'passages'"), ({"passages": "", "x": ""}, "'x'")]
)
def test_a_missing_or_unknown_variable_is_named(given: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        _template().render(given)


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"variables": []}, "used but not listed"), ({"variables": ["passages", "more"]}, "listed but never used")],
)
def test_declared_and_used_variables_must_agree(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        _template(**fields)


def test_examples_follow_to_the_letter() -> None:
    rendered = _template(examples=[TemplateMessage(role="user", content="{{not_a_variable}}")]).render(
        {"passages": "p"}
    )
    assert [m.content for m in rendered] == ["Use p", "{{not_a_variable}}"]


def test_the_hash_follows_what_a_model_sees_and_nothing_else() -> None:
    assert _template().content_hash == _template(description="other words", version="2").content_hash
    assert _template().content_hash != _template("Please use {{passages}}").content_hash


def test_two_files_with_one_name_are_refused(tmp_path: Path) -> None:
    text = 'name: same\nversion: "1"\nmessages: [{role: system, content: hi}]\n'
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text)
    with pytest.raises(ProjectError, match=r"b\.yaml: the prompt name 'same' is taken by a\.yaml"):
        read_prompts(tmp_path)
