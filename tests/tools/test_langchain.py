from typing import Annotated

import pytest
from langchain_core.tools import InjectedToolArg, StructuredTool, ToolException
from langchain_core.tools import tool as langchain_tool

from citeward.contracts.tool import ToolCall
from citeward.errors import InvalidInput, ToolError
from citeward.testing.suites.toolset import check_toolset
from citeward.tools.langchain import is_langchain_tool, tool_from_langchain
from citeward.tools.toolset import FunctionToolset, is_tool


@langchain_tool
async def weather(city: str, days: int = 1, key: Annotated[str, InjectedToolArg] = "secret") -> str:
    """Forecast the weather."""
    if city == "Atlantis":
        raise ToolException("no such city")
    return f"{city}: {days} days of rain ({key})"


def call(**arguments: object) -> ToolCall:
    return ToolCall(id="1", name="weather", arguments=arguments)


async def test_it_holds_to_the_contract():
    await check_toolset(FunctionToolset([weather]), valid=[call(city="Rome")], invalid=[call(days=2), call(city=[])])


async def test_its_spec_hides_what_langchain_injects():
    spec = tool_from_langchain(weather).spec
    assert spec.description == "Forecast the weather."
    assert set(spec.parameters["properties"]) == {"city", "days"}
    assert spec.parameters["required"] == ["city"]


async def test_a_model_cannot_set_what_langchain_injects():
    result = await FunctionToolset([weather]).call(call(city="Rome", key="stolen"))
    assert result.error
    assert "'key'" in result.content


async def test_its_exceptions_become_results():
    result = await FunctionToolset([weather]).call(call(city="Atlantis"))
    assert result.error
    assert "no such city" in result.content


async def test_a_tool_described_by_json_schema_alone_is_checked_by_it():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    raw = StructuredTool.from_function(
        lambda n: str(n + 1), name="next", description="Next number.", args_schema=schema
    )
    made = tool_from_langchain(raw)
    with pytest.raises(InvalidInput, match="argument 'n'"):
        made.parse({"n": "one"})
    result = await FunctionToolset([raw]).call(ToolCall(id="1", name="next", arguments={"n": 1}))
    assert result.content == "2"


async def test_content_blocks_are_read_as_their_text():
    @langchain_tool
    def blocks() -> list:
        """Answer in blocks."""
        return [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]

    result = await FunctionToolset([blocks]).call(ToolCall(id="1", name="blocks"))
    assert result.content == "one\ntwo"


def test_a_name_that_model_apis_refuse_is_refused():
    odd = StructuredTool.from_function(lambda: "", name="two words", description="Odd.")
    with pytest.raises(ToolError, match="two words"):
        tool_from_langchain(odd)


def test_it_is_told_from_a_plain_function():
    assert is_langchain_tool(weather)
    assert is_tool(weather)
    assert not is_langchain_tool(len)
