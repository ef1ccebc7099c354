import pytest

from citeward.contracts.tool import ToolCall
from citeward.errors import NotFound, ToolError
from citeward.testing.suites.toolset import check_toolset
from citeward.tools.builtin import builtin_toolset
from citeward.tools.toolset import FunctionToolset
from citeward.tools.wrappers import combined, declared, filtered, prefixed


def up(text: str) -> str:
    """In capitals."""
    return text.upper()


def down(text: str) -> str:
    """In small letters."""
    return text.lower()


BOTH = FunctionToolset([up, down])


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(id="1", name=name, arguments=arguments)


def names(toolset) -> list[str]:
    return [spec.name for spec in toolset.specs()]


async def test_filtered_offers_only_the_tools_named():
    only = filtered(BOTH, ["down"])
    assert names(only) == ["down"]
    result = await only.call(call("up", text="a"))
    assert result.error
    assert "'up'" in result.content
    await check_toolset(only, valid=[call("down", text="A")], invalid=[call("down")])


def test_filtered_refuses_a_name_that_is_not_there():
    with pytest.raises(NotFound, match="'sideways'"):
        filtered(BOTH, ["sideways"])


async def test_prefixed_names_go_in_and_come_back():
    mine = prefixed(BOTH, "text_")
    assert names(mine) == ["text_up", "text_down"]
    result = await mine.call(call("text_up", text="a"))
    assert (result.name, result.content) == ("text_up", "A")
    assert (await mine.call(call("up", text="a"))).error
    await check_toolset(mine, valid=[call("text_up", text="a")], invalid=[call("text_up", text=["a"])])


def test_prefixed_refuses_what_model_apis_would():
    with pytest.raises(ToolError):
        prefixed(BOTH, "text ")


async def test_combined_offers_all_and_asks_the_right_one():
    together = combined(prefixed(BOTH, "a_"), BOTH)
    assert names(together) == ["a_up", "a_down", "up", "down"]
    assert (await together.call(call("down", text="X"))).content == "x"
    await check_toolset(together, valid=[call("a_up", text="x")], invalid=[call("down", txt="x")])


def test_combined_names_both_sides_of_a_clash():
    with pytest.raises(ToolError, match=r"'up' is offered by two toolsets: \(up, down\) and \(up\)"):
        combined(BOTH, filtered(BOTH, ["up"]))


def test_combined_of_nothing_offers_nothing():
    assert combined().specs() == ()


def test_what_tools_are_given_can_be_declared_around_them() -> None:
    toolset = declared(builtin_toolset(["calculate", "current_time"]), {"calculate": "raw"})
    assert {spec.name: spec.personal_data for spec in toolset.specs()} == {"calculate": "raw", "current_time": "masked"}
    with pytest.raises(NotFound, match="no tool 'nothing'"):
        declared(toolset, {"nothing": "raw"})
