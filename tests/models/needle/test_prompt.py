import json
from datetime import datetime

from citeward.contracts.tool import ToolSpec
from citeward.models.needle.prompt import MOST_TOOLS, shortlist, system_text, tools_json


def test_the_date_is_told_without_the_time():
    assert system_text(datetime(2026, 1, 5, 9, 30)) == "date: 2026-01-05 Mon"


def test_schemas_are_told_plainly():
    spec = ToolSpec(
        name="letter",
        description="Send a letter.\n\nAt length.",
        parameters={
            "type": "object",
            "additionalProperties": False,
            "required": ["to"],
            "properties": {
                "to": {"$ref": "#/$defs/Person", "description": "Who."},
                "copies": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
                "tags": {"type": "array", "items": {"type": "string", "pattern": "x"}},
            },
            "$defs": {"Person": {"type": "object", "properties": {"boss": {"$ref": "#/$defs/Person"}}}},
        },
    )
    (told,) = json.loads(tools_json([spec]))
    assert told["description"] == "Send a letter."
    properties = told["parameters"]["properties"]
    assert properties["copies"] == {"type": "integer"}
    assert properties["tags"] == {"type": "array", "items": {"type": "string"}}
    assert properties["to"]["description"] == "Who."
    assert told["parameters"]["required"] == ["to"]


def test_of_many_tools_those_that_the_question_speaks_of_are_kept_in_order():
    specs = [ToolSpec(name=f"tool_{n}", description=f"About topic{n} only.", parameters={}) for n in range(40)]
    kept = shortlist("Tell me of topic33 and topic7", specs)
    assert len(kept) == MOST_TOOLS
    names = [spec.name for spec in kept]
    assert {"tool_7", "tool_33"} <= set(names)
    assert names == sorted(names, key=lambda name: int(name[5:]))
