"""The tools that the project itself owns (tools/units.py), loaded by path as the project's loader does."""

import importlib.util
from pathlib import Path

import pytest

from citeward.contracts.tool import ToolCall
from citeward.testing.suites.toolset import check_toolset
from citeward.tools.toolset import FunctionToolset


@pytest.fixture(scope="module")
def units():
    path = Path(__file__).parents[2] / "tools" / "units.py"
    spec = importlib.util.spec_from_file_location("_project_units", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("value", "source", "target", "result"),
    [
        (26.2, "miles", "km", "42.1648128 km"),
        (100, "Celsius", "°F", "212 °F"),
        (0, "K", "c", "-273.15 °C"),
        (3, "feet", "inches", "36 in"),
        (1, "GiB", "mb", "1073.741824 mb"),
        (60, "miles per hour", "km/h", "96.56064 km/h"),
        (2, "pounds", "g", "907.18474 g"),
        (5, "litres", "gallons", "1.320860262 gal"),
    ],
)
def test_quantities_are_converted(units, value, source, target, result):
    assert units.convert(value, source, target) == result


async def test_as_a_tool_it_holds_to_the_contract(units):
    def call(value: object, source: str, target: str) -> ToolCall:
        return ToolCall(id="1", name="convert", arguments={"value": value, "from_unit": source, "to_unit": target})

    await check_toolset(
        FunctionToolset([units.convert]),
        valid=[call(1, "m", "ft")],
        invalid=[call(1, "m", "kg"), call(1, "m", "parsecs"), call(-1, "K", "C"), call("many", "m", "ft")],
    )
