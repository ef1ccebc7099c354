import pytest

from citeward.contracts.tool import ToolCall
from citeward.errors import NotFound
from citeward.testing.suites.toolset import check_toolset
from citeward.tools.builtin import FUNCTIONS, NAMES, builtin_toolset
from citeward.tools.toolset import FunctionToolset


def names(toolset) -> list[str]:
    return [spec.name for spec in toolset.specs()]


def search_documents(query: str) -> str:
    """Search."""
    return query


async def test_the_built_in_tools_hold_to_the_contract():
    await check_toolset(
        builtin_toolset(FUNCTIONS),
        valid=[
            ToolCall(id="1", name="calculate", arguments={"expression": "6 * 7"}),
            ToolCall(id="2", name="current_time", arguments={"timezone": "Tokyo"}),
            ToolCall(id="3", name="current_time"),
        ],
        invalid=[
            ToolCall(id="4", name="calculate", arguments={"expression": "1/0"}),
            ToolCall(id="5", name="current_time", arguments={"timezone": "Mars"}),
        ],
    )


def test_agents_name_them_and_the_search_is_the_one_given():
    assert NAMES == ("calculate", "current_time", "search_documents")
    assert names(builtin_toolset(["current_time"])) == ["current_time"]
    search = FunctionToolset([search_documents])
    assert names(builtin_toolset(["search_documents", "calculate", "calculate"], search=search)) == [
        "calculate",
        "search_documents",
    ]


def test_a_name_that_is_not_built_in_is_an_error():
    with pytest.raises(NotFound, match="'telephone'"):
        builtin_toolset(["telephone"])


def test_search_without_anything_to_search_is_an_error():
    with pytest.raises(NotFound, match="'search'"):
        builtin_toolset(["search"])
