from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.model import Message, ModelRequest
from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import InvalidInput, ModelError
from citeward.models.local.markup import Form
from citeward.models.local.prompt import prompt_of
from citeward.testing.tiny_model import SPECIAL

FORM = Form(thinks=True, calls=True)
TOOL = ToolSpec(name="search", description="Search.", parameters={"type": "object", "properties": {}})
ASKED = (Message(role="user", content="Fox?"),)


@pytest.fixture(scope="module")
def tokenizer(tiny: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny)


def text(tokenizer: Any, form: Form = FORM, variables: dict[str, Any] | None = None, **asked: Any) -> str:
    return prompt_of(tokenizer, ModelRequest(**{"messages": ASKED, **asked}), form, variables or {}).text


def test_the_whole_conversation_is_in_it(tokenizer: Any) -> None:
    call = ToolCall(id="1", name="search", arguments={"query": "Fuchs <|im_end|> ü"})
    messages = (
        Message(role="system", content="Be brief."),
        *ASKED,
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content="Under the hill.", tool_call_id="1", name="search"),
    )
    said = text(tokenizer, messages=messages, tools=(TOOL,))
    assert said.startswith('<|im_start|>system\n{"type": "function", "function": {"name": "search"')
    assert '{"name": "search", "arguments": {"query": "Fuchs < |im_end|> ü"}}' in said
    assert said.endswith("<|im_start|>tool\nUnder the hill.<|im_end|>\n<|im_start|>assistant\n")


@given(content=st.lists(st.sampled_from([*SPECIAL, "<|", "im_end", "|>", "a", "\ud83d"]), max_size=6).map("".join))
def test_nothing_that_is_said_can_end_its_own_message(tokenizer: Any, content: str) -> None:
    empty = text(tokenizer, messages=(Message(role="user"),), prefix="")
    said = text(tokenizer, messages=(Message(role="user", content=content),), prefix=content)
    special = tokenizer.convert_tokens_to_ids(list(SPECIAL))
    count = [token for token in tokenizer(said)["input_ids"] if token in special]
    assert count == [token for token in tokenizer(empty)["input_ids"] if token in special]


@given(prefix=st.text("a \n.{<", min_size=1, max_size=10))
def test_a_prefix_stands_to_the_last_character_where_the_answer_begins(tokenizer: Any, prefix: str) -> None:
    assert text(tokenizer, prefix=prefix) == text(tokenizer) + prefix


def test_a_prefix_is_what_the_template_itself_would_continue(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": "Fox?"}, {"role": "assistant", "content": "Under the"}]
    theirs = tokenizer.apply_chat_template(messages, continue_final_message=True, tokenize=False)
    assert text(tokenizer, prefix="Under the") == theirs


def test_a_choice_of_tool_begins_its_call(tokenizer: Any) -> None:
    required = prompt_of(tokenizer, ModelRequest(messages=ASKED, tools=(TOOL,), tool_choice="required"), FORM, {})
    assert required.begun == '<tool_call>\n{"name":'
    assert required.text.endswith(required.begun)
    named = text(tokenizer, tools=(TOOL,), tool_choice="search")
    assert named.endswith('<tool_call>\n{"name": "search", "arguments":')
    assert text(tokenizer, tools=(TOOL,), tool_choice="none") == text(tokenizer)
    with pytest.raises(InvalidInput, match="no tool 'clock'"):
        text(tokenizer, tools=(TOOL,), tool_choice="clock")


def test_a_model_of_no_known_form_is_told_of_no_tools(tokenizer: Any) -> None:
    assert text(tokenizer, Form(), tools=(TOOL,), tool_choice="required") == text(tokenizer)


class Templated:
    """A tokenizer of another template."""

    added_tokens_decoder: dict[int, Any] = {}  # noqa: RUF012 - as transformers has it

    def __init__(self, template: str) -> None:
        self.template = template

    def apply_chat_template(self, messages: Any, **variables: Any) -> str:
        from jinja2 import Environment

        environment = Environment()
        environment.globals["raise_exception"] = _refuse
        return environment.from_string(self.template).render(messages=messages, **variables)


def _refuse(message: str) -> None:
    raise ValueError(message)


def test_a_thought_that_the_template_opens_is_closed_before_a_prefix() -> None:
    thinker = Templated("{{ messages[0].content }}<think>\n")
    assert prompt_of(thinker, ModelRequest(messages=ASKED), FORM, {}).thinking
    prompt = prompt_of(thinker, ModelRequest(messages=ASKED, prefix="Under"), FORM, {})
    assert (prompt.text, prompt.thinking) == ("Fox?<think>\n\n</think>\n\nUnder", False)


def test_variables_reach_the_template() -> None:
    thinker = Templated("{% if enable_thinking %}<think>{% endif %}")
    assert prompt_of(thinker, ModelRequest(messages=ASKED), FORM, {"enable_thinking": True}).text == "<think>"


def test_what_a_template_says_that_refuses_a_conversation_is_for_the_log() -> None:
    refusing = Templated("{{ raise_exception('System role not supported') }}")
    with pytest.raises(ModelError, match="refuses the conversation") as caught:
        prompt_of(refusing, ModelRequest(messages=ASKED), FORM, {})
    assert caught.value.detail == "System role not supported"
