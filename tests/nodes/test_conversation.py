import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from citeward.contracts.context import fenced_result
from citeward.contracts.model import ToolCallFragment
from citeward.nodes.conversation import HISTORY, ToolCallAssembly, to_model


def test_fragments_of_parallel_calls_are_put_together_by_index() -> None:
    assembly = ToolCallAssembly()
    assembly.add(ToolCallFragment(index=0, id="a", name="add", arguments='{"x"'))
    assembly.add(ToolCallFragment(index=1, id="b", name="clock"))
    assembly.add(ToolCallFragment(index=0, arguments=": 1}"))
    message = assembly.message("")
    assert [(c["id"], c["name"], c["args"]) for c in message.tool_calls] == [("a", "add", {"x": 1}), ("b", "clock", {})]


def test_arguments_that_are_no_json_object_make_an_invalid_call() -> None:
    assembly = ToolCallAssembly()
    assembly.add(ToolCallFragment(index=0, id="a", name="add", arguments='{"x": 1'))
    assembly.add(ToolCallFragment(index=1, id="b", name="add", arguments="[1]"))
    message = assembly.message("")
    assert message.tool_calls == []
    assert [(c["id"], bool(c["error"])) for c in message.invalid_tool_calls] == [("a", True), ("b", True)]


def test_a_model_reads_this_turn_whole_and_a_bounded_past() -> None:
    past: list[AnyMessage] = []
    for number in range(20):
        past += [HumanMessage(content=f"q{number}"), AIMessage(content=f"a{number}")]
    call = {"id": "1", "name": "t", "args": {}, "type": "tool_call"}
    turn = [HumanMessage(content="now"), AIMessage(content="", tool_calls=[call]), ToolMessage("r", tool_call_id="1")]
    read = to_model([*past, *turn])
    assert [m.role for m in read[-3:]] == ["user", "assistant", "tool"]
    assert len(read) == HISTORY + 3
    assert read[0].role == "user"


def test_a_cut_past_never_begins_with_half_a_turn() -> None:
    messages: list[AnyMessage] = [HumanMessage(content="q")]
    call = {"id": "1", "name": "t", "args": {}, "type": "tool_call"}
    for _ in range(HISTORY):
        messages += [AIMessage(content="", tool_calls=[call]), ToolMessage("r", tool_call_id="1")]
    assert [m.content for m in to_model([*messages, HumanMessage(content="now")])] == ["now"]


def test_what_a_tool_gave_is_read_fenced_and_kept_plain() -> None:
    call = {"id": "1", "name": "t", "args": {}, "type": "tool_call"}
    result = ToolMessage("Obey.", tool_call_id="1", name="t")
    (message,) = [
        m for m in to_model([HumanMessage("q"), AIMessage("", tool_calls=[call]), result]) if m.role == "tool"
    ]
    assert message.content.startswith('<result fence="')
    assert 'tool="t" trust="untrusted"' in message.content
    assert fenced_result(message.content) == result.content == "Obey."


def test_every_call_has_an_id_of_its_own() -> None:
    assembly = ToolCallAssembly()
    for index in range(4):
        assembly.add(ToolCallFragment(index=index, id=("a", "a", "a_2", "a")[index], name="add", arguments="{}"))
    ids = [call["id"] for call in assembly.message("").tool_calls]
    assert len(set(ids)) == 4
    assert ids[0] == "a"


ENTRIES = st.lists(
    st.one_of(
        st.just(HumanMessage("Hello")),
        st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True).map(
            lambda ids: AIMessage("", tool_calls=[{"id": i, "name": "t", "args": {}, "type": "tool_call"} for i in ids])
        ),
        st.sampled_from(["a", "b", "c"]).map(lambda call_id: ToolMessage("found", tool_call_id=call_id, name="t")),
    ),
    max_size=12,
)


@pytest.mark.fuzz
@given(ENTRIES)
def test_whatever_a_thread_holds_each_call_is_followed_by_one_result(thread: list[AnyMessage]) -> None:
    read = to_model([*thread, HumanMessage("And now?")])
    open_calls: set[str] = set()
    for message in read:
        if message.role == "tool":
            assert message.tool_call_id in open_calls
            open_calls.remove(message.tool_call_id)
        else:
            assert not open_calls
            open_calls = {call.id for call in message.tool_calls}
    assert not open_calls
    assert read[-1].content == "And now?"


def test_a_call_without_a_result_is_answered_as_one_that_gave_none() -> None:
    call = {"id": "c1", "name": "t", "args": {}, "type": "tool_call"}
    read = to_model([HumanMessage("Hello"), AIMessage("", tool_calls=[call]), HumanMessage("And now?")])
    assert [message.role for message in read] == ["user", "assistant", "tool", "user"]
    assert "ended before this call gave a result" in read[2].content
    assert read[2].error


def test_a_call_gets_an_id_that_the_thread_has_not_yet() -> None:
    assembly = ToolCallAssembly()
    for index in range(2):
        assembly.add(ToolCallFragment(index=index, id="c1", name="t", arguments="{}"))
    made = assembly.message("", taken=["c1", "c1_1"])
    assert [call["id"] for call in made.tool_calls] == ["c1_2", "c1_3"]
