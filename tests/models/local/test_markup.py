import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.model import Delta
from citeward.errors import BadResponse
from citeward.models.local.markup import Form, Markup, form_of

BOTH = Form(thinks=True, calls=True)
ANSWER = (
    "<think>\nThe fox, then < a port.\n</think>\n\nI look <b>it</b> up.\n"
    '<tool_call>\n{"name": "search", "arguments": {"query": "fox </think>"}}\n</tool_call>\n'
    '<tool_call>{"name": "clock", "arguments": "{}"}</tool_call>'
)


def taken(text: str, cuts: list[int], *, form: Form = BOTH, cut: bool = False, **more: object) -> list[Delta]:
    markup = Markup(form, **more)  # type: ignore[arg-type]
    edges = sorted({0, len(text), *(at for at in cuts if at < len(text))})
    deltas = [delta for start, end in pairwise(edges) for delta in markup.feed(text[start:end])]
    return [*deltas, *markup.close(cut=cut)]


@given(cuts=st.lists(st.integers(0, len(ANSWER)), max_size=12))
def test_an_answer_is_taken_apart_alike_however_it_is_cut(cuts: list[int]) -> None:
    deltas = taken(ANSWER, cuts)
    assert "".join(delta.reasoning for delta in deltas) == "\nThe fox, then < a port.\n"
    assert "".join(delta.text for delta in deltas) == "I look <b>it</b> up.\n"
    calls = [delta.tool_call for delta in deltas if delta.tool_call]
    assert [(call.index, call.name, json.loads(call.arguments)) for call in calls] == [
        (0, "search", {"query": "fox </think>"}),
        (1, "clock", {}),
    ]
    assert len({call.id for call in calls}) == 2


@given(text=st.text("<think>/ol_ca", max_size=40), cuts=st.lists(st.integers(0, 40), max_size=6))
def test_a_model_without_marks_is_taken_at_its_word(text: str, cuts: list[int]) -> None:
    assert "".join(delta.text for delta in taken(text, cuts, form=Form())) == text


def test_a_thought_may_have_begun_in_the_prompt() -> None:
    deltas = taken("Hm.</think>\nYes.", [], thinking=True)
    assert [(delta.reasoning, delta.text) for delta in deltas] == [("Hm.", ""), ("", "Yes.")]


def test_a_call_may_have_begun_in_the_prompt() -> None:
    (delta,) = taken(' "search"}</tool_call>', [3], begun='<tool_call>\n{"name":')
    assert delta.tool_call is not None and (delta.tool_call.name, delta.tool_call.arguments) == ("search", "{}")


def test_a_call_that_the_limit_broke_off_is_left_out_and_one_that_only_lacks_its_mark_is_read() -> None:
    text = '<tool_call>{"name": "search"}'
    assert taken(text, [], cut=True) == []
    assert [delta.tool_call.name for delta in taken(text, []) if delta.tool_call] == ["search"]


@pytest.mark.parametrize(
    "call", ["", "search(fox)", "[]", '{"arguments": {}}', '{"name": 3}', '{"name": "x", "arguments": [1]}']
)
def test_a_call_that_cannot_be_read_is_an_error_that_shows_nothing_of_it(call: str) -> None:
    with pytest.raises(BadResponse, match="tool call that cannot be read") as caught:
        taken(f"<tool_call>{call}</tool_call>", [])
    assert f"({len(call)} characters)" in caught.value.message


@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("{{ messages }}", Form()),
        ("{% for tool in tools %}<tool_call>", Form(calls=True)),
        ("<think> {{ tools }} <tool_call>", BOTH),
        ("{{ tools }} <tool_call><function=name>", Form()),
        ("<tool_call> of some history", Form()),
    ],
)
def test_a_template_tells_which_marks_its_models_use(template: str, form: Form) -> None:
    assert form_of(template) == form
