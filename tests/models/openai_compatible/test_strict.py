"""Which tools a server is told to hold the model to."""

from typing import Any

import pytest

from citeward.contracts.model import Message, ModelRequest
from citeward.contracts.tool import ToolSpec
from citeward.models.openai_compatible.body import body
from citeward.models.openai_compatible.dialect import GENERIC, OPENAI, VLLM, Dialect
from citeward.models.openai_compatible.strict import strict, without_patterns
from citeward.tools.builtin import FUNCTIONS
from citeward.tools.function import tool_from_function

CLOSED = {
    "type": "object",
    "properties": {
        "port": {"type": "string", "enum": ["Lund", "Ystad"], "description": "Where."},
        "ships": {"type": "array", "items": {"$ref": "#/$defs/Ship"}},
        "berth": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "required": ["port", "ships", "berth"],
    "additionalProperties": False,
    "$defs": {
        "Ship": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}


def without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def given(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def test_a_closed_schema_is_held_to_by_whoever_holds_to_any() -> None:
    assert [strict(CLOSED, kind) for kind in ("never", "plain", "closed")] == [False, True, True]


@pytest.mark.parametrize(
    "schema",
    [
        without(CLOSED, "additionalProperties"),
        {**CLOSED, "required": ["port"]},
        {**CLOSED, "$defs": {"Ship": without(CLOSED["$defs"]["Ship"], "required")}},  # type: ignore[index]
        given(n={"type": "integer", "default": 3}),
        given(n={"type": "integer", "minimum": 3}),
    ],
    ids=["open", "optional", "open within", "default", "range"],
)
def test_what_is_not_closed_is_held_to_by_plain_servers_only(schema: dict[str, Any]) -> None:
    assert strict(schema, "plain")
    assert not strict(schema, "closed")


@pytest.mark.parametrize(
    "schema",
    [
        given(n={"type": "string", "pattern": r"\bport\b"}),
        given(n={"type": "string", "format": "ipv4"}),
        given(n={"allOf": [{"type": "string"}]}),
        given(n={}),
        given(n=True),
        given(n={"type": "array", "items": {"not": {}}}),
        {"type": "object", "additionalProperties": {"pattern": "x"}},
        {"type": "string"},
        {},
    ],
    ids=str,
)
def test_what_may_be_no_grammar_is_never_strict(schema: dict[str, Any]) -> None:
    assert not strict(schema, "plain")
    assert not strict(schema, "closed")


def test_patterns_are_taken_out_of_what_vllm_is_sent_and_nothing_else() -> None:
    schema = {
        "type": "object",
        "properties": {
            "pattern": {"anyOf": [{"type": "string", "pattern": "a", "maxLength": 3}, {"type": "null"}]},
            "days": {"type": "array", "items": {"type": "string", "format": "date"}},
        },
        "additionalProperties": {"pattern": "b", "type": "string"},
        "$defs": {"format": {"type": "string", "format": "ipv4"}},
    }
    assert without_patterns(schema) == {
        "type": "object",
        "properties": {
            "pattern": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            "days": {"type": "array", "items": {"type": "string"}},
        },
        "additionalProperties": {"type": "string"},
        "$defs": {"format": {"type": "string"}},
    }


@pytest.mark.parametrize(
    ("dialect", "told"), [(GENERIC, []), (VLLM, ["book", "calculate", "current_time"]), (OPENAI, ["book"])], ids=str
)
def test_each_server_is_told_of_the_tools_that_it_can_hold_to(dialect: Dialect, told: list[str]) -> None:
    specs = (
        ToolSpec(name="book", description="Books.", parameters=CLOSED),
        *(tool_from_function(FUNCTIONS[name]).spec for name in ("calculate", "current_time")),
    )
    request = ModelRequest(messages=(Message(role="user", content="Hello?"),), tools=specs)
    sent = body(request, model="m", dialect=dialect, extra={})["tools"]
    assert [tool["function"]["name"] for tool in sent if "strict" in tool["function"]] == told
    assert all(tool["function"].get("strict", True) is True for tool in sent)
