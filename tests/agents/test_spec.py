from pathlib import Path

import pytest

from citeward.agents.spec import AgentSpec, Known, RetrievalSpec, read_agents
from citeward.contracts.retrieval import And, Where
from citeward.contracts.tool import Approval
from citeward.errors import ProjectError

GOOD = "name: a\ndescription: d\nprompt: p\n"


def test_the_starter_agents_are_read() -> None:
    assert {"assistant", "support"} <= set(read_agents(Path(__file__).parents[2] / "agents"))


def test_where_becomes_a_filter() -> None:
    assert RetrievalSpec().filters() is None
    assert RetrievalSpec(where={"year": 2024}).filters() == Where(field="year", op="eq", value=2024)
    both = RetrievalSpec(where={"team": ["a", "b"], "public": True}).filters()
    assert both == And(
        clauses=(Where(field="team", op="in", value=["a", "b"]), Where(field="public", op="eq", value=True))
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD + "retrieval:\n  alpha: 2\n", 5, "retrieval.alpha = 2"),
        (GOOD + "tool: [x]\n", 4, "unknown field 'tool'"),
        (GOOD.replace("name: a", "name: A B"), 1, "name = 'A B'"),
        (GOOD + "limits: {steps: 0}\n", 4, "limits.steps = 0"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ProjectError) as caught:
        read_agents(tmp_path)
    assert (caught.value.line, words in caught.value.message) == (line, True)


def test_two_agents_of_one_name_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no agent here"):
        read_agents(tmp_path)
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)
    with pytest.raises(ProjectError, match="'a' is taken"):
        read_agents(tmp_path)


def test_limits_reach_the_nodes() -> None:
    spec = AgentSpec(name="a", description="d", prompt="p")
    assert (spec.run_limits().steps, spec.run_limits().passages) == (6, 5)


def test_an_agents_file_says_whose_words_may_ask_for_a_call(tmp_path: Path) -> None:
    text = GOOD + "approval:\n  unasked: refuse\n  documents: ['contracts/*.md']\n  tools: [address_book]\n"
    (tmp_path / "a.yaml").write_text(text)
    found = read_agents(tmp_path)["a"].approval.approval()
    assert found == Approval(unasked="refuse", documents=("contracts/*.md",), tools=("address_book",))
    assert AgentSpec(name="a", description="d", prompt="p").approval.approval() == Approval()


def test_what_a_tool_is_given_is_declared_for_the_agents_own_tools(tmp_path: Path) -> None:
    text = "name: a\ndescription: d\nprompt: p\ntools: [calculate]\npersonal_data: {calculate: raw}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    known = Known(prompts={"p"}, tools={"calculate", "add"}, graphs={"chat"}, tiers=())
    assert read_agents(tmp_path, known)["a"].personal_data == {"calculate": "raw"}
    (tmp_path / "a.yaml").write_text(text.replace("{calculate", "{add"), encoding="utf-8")
    with pytest.raises(ProjectError, match="no tool 'add'"):
        read_agents(tmp_path, known)
