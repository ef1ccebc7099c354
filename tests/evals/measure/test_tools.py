from collections.abc import Sequence

import jsonschema
import pytest

from citeward.contracts.tool import ToolCall, ToolSpec
from citeward.errors import BadResponse, DataError
from citeward.evals.measure.tools import json_schema, measure_tools

ADD = {"name": "add", "description": "Adds.", "parameters": {"type": "dict", "properties": {"a": {"type": "float"}}}}


async def test_each_share_is_over_what_it_says(lines) -> None:
    path = lines(
        "tools.jsonl",
        {"question": "right", "functions": [ADD], "calls": [{"add": {"a": [1]}}]},
        {"question": "wrong argument", "functions": [ADD], "calls": [{"add": {"a": [1]}}]},
        {"question": "wrong name", "functions": [ADD], "calls": [{"add": {"a": [1]}}]},
        {"question": "nothing", "functions": [ADD], "calls": [{"add": {"a": [1]}}]},
        {"question": "fails", "functions": [{"type": "function", "function": ADD}], "calls": [{"add": {"a": [1]}}]},
        {"question": "right", "functions": [ADD], "calls": []},
        {"question": "nothing", "functions": [ADD], "calls": []},
    )

    async def decide(question: str, tools: Sequence[ToolSpec]) -> list[ToolCall]:
        assert tools[0].name == "add"
        assert tools[0].parameters["type"] == "object"
        if question == "fails":
            raise BadResponse("not a call", hint="Ask again.")
        made = {"right": ("add", 1.0), "wrong argument": ("add", 2), "wrong name": ("sub", 1)}.get(question)
        return [ToolCall(id="1", name=made[0], arguments={"a": made[1]})] if made else []

    found = await measure_tools(path, decide=decide)
    values = {name: interval.value for name, interval in found.metrics.items() if "ms" not in name}
    assert values == pytest.approx(
        {"exact": 1 / 5, "name": 2 / 5, "arguments": 1 / 2, "missed": 1 / 5, "false_calls": 1 / 2, "errors": 1 / 7}
    )
    assert found.settings["first_error"] == "not a call"


async def test_data_with_calls_only_says_nothing_of_false_calls(lines) -> None:
    async def decide(question: str, tools: Sequence[ToolSpec]) -> list[ToolCall]:
        return []

    item = {"question": "q", "functions": [ADD], "calls": [{"add": {}}]}
    found = await measure_tools(lines("t.jsonl", *[item] * 5), decide=decide, limit=3)
    assert found.items == 3
    assert "false_calls" not in found.metrics
    found = await measure_tools(lines("t.jsonl", item | {"calls": []}), decide=decide)
    assert "exact" not in found.metrics


@pytest.mark.parametrize(
    "item",
    [
        {"question": "q", "functions": [{}], "calls": []},
        {"question": "q", "functions": [], "calls": []},
        {"question": "q", "functions": [ADD], "calls": [{"a": {}, "b": {}}]},
        {"question": "q", "functions": [ADD], "calls": [{"a": {"x": 1}}]},
        {"question": "q", "functions": [ADD]},
    ],
)
async def test_a_line_that_makes_no_sense_is_named(lines, item: object) -> None:
    async def decide(question: str, tools: Sequence[ToolSpec]) -> list[ToolCall]:
        return []

    with pytest.raises(DataError, match=r"t\.jsonl:1"):
        await measure_tools(lines("t.jsonl", item), decide=decide)


def test_names_of_types_become_those_of_json_schema_and_properties_keep_their_names() -> None:
    schema = {
        "type": "dict",
        "properties": {
            "type": {"type": "string", "enum": ["dict", "float"], "default": "dict"},
            "rows": {"type": "tuple", "items": {"type": "float"}},
            "free": {"type": "any"},
        },
        "required": ["type"],
    }
    changed = json_schema(schema)
    assert changed["type"] == "object"
    assert changed["properties"]["type"] == {"type": "string", "enum": ["dict", "float"], "default": "dict"}
    assert changed["properties"]["rows"] == {"type": "array", "items": {"type": "number"}}
    assert changed["properties"]["free"] == {}
    jsonschema.Draft202012Validator.check_schema(changed)
