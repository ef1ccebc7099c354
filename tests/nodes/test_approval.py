"""Whose words count as whose, before a person is asked."""

from dataclasses import replace

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from citeward.contracts.guardrail import Finding
from citeward.contracts.retrieval import Passage, Trust
from citeward.contracts.tool import Approval, ArgumentOrigin, ToolCall, ToolSpec
from citeward.guardrails.vault import Vault
from citeward.nodes.approval import judge, read, refusals, restored_calls

SEND = ToolSpec(name="send", description="Send.", parameters={"type": "object"}, dangerous=True)
PASSAGE = Passage(
    id="p", document_id="d", text="Ann is at ann@x.io.", start=0, end=19, source="people/ann.md", title="Ann"
)
ASKED: list[AnyMessage] = [HumanMessage("Send it to Ann.")]


def origin(
    messages: list[AnyMessage], *passages: Passage, approval: Approval | None = None, to: str = "ann@x.io"
) -> str:
    texts = read(messages, passages, Vault(), approval or Approval())
    (judged,) = judge([ToolCall(id="1", name="send", arguments={"to": to})], [SEND], texts)
    return str(judged.provenance.sources[0].origin)


def test_a_passage_is_trusted_where_it_says_so_or_the_agents_file_names_its_source() -> None:
    assert origin(ASKED, PASSAGE) == "document"
    assert origin(ASKED, replace(PASSAGE, trust=Trust.TRUSTED)) == "trusted"
    assert origin(ASKED, PASSAGE, approval=Approval(documents=("people/*",))) == "trusted"
    assert origin(ASKED, PASSAGE, approval=Approval(documents=("people",))) == "document"
    assert origin(ASKED, PASSAGE, approval=Approval(values=("ann@x.io",))) == "trusted"


def test_a_tools_result_counts_as_trusted_only_where_the_agents_file_names_the_tool() -> None:
    result = ToolMessage("ann@x.io", tool_call_id="0", name="find")
    assert origin([*ASKED, result]) == "tool"
    assert origin([*ASKED, result], approval=Approval(tools=("find",))) == "trusted"


def test_an_earlier_answer_is_nobodys_word() -> None:
    assert origin([HumanMessage("Who is Ann?"), AIMessage("She is at ann@x.io."), *ASKED]) == "model"


def test_a_placeholder_stands_for_what_the_user_said() -> None:
    vault = Vault()
    masked = vault.mask("Send it to ann@x.io", [Finding(kind="EMAIL_ADDRESS", start=11, end=19)])
    asked = AIMessage("", tool_calls=[{"id": "1", "name": "send", "args": {"to": ["<EMAIL_1>"]}, "type": "tool_call"}])
    texts = read([HumanMessage(masked)], [], vault, Approval())
    (judged,) = judge(restored_calls(asked, vault), [SEND], texts)
    assert judged.call.arguments == {"to": ["ann@x.io"]}
    assert judged.provenance.sources[0].origin is ArgumentOrigin.USER


def test_where_every_dangerous_call_is_refused_nobody_is_waited_for() -> None:
    texts = read([HumanMessage("What is new?")], [PASSAGE], Vault(), Approval())
    judged = judge([ToolCall(id="1", name="send", arguments={"to": "ann@x.io"})], [SEND], texts)
    told = refusals(judged, Approval(unasked="refuse"))
    assert told == {"1": "Refused: 'to' comes from the document 'people/ann.md', and the user did not say it."}
    assert refusals([], Approval()) == {}
