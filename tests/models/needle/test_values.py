import pytest

from citeward.models.needle.values import coerce, kinds_of


@pytest.mark.parametrize(
    ("value", "schema", "result"),
    [
        ("5", {"type": "integer"}, 5),
        ("5.0", {"type": "integer"}, 5),
        ("1,200", {"type": "integer"}, 1200),
        ("5.5", {"type": "integer"}, "5.5"),
        ("12345678901234567890", {"type": "integer"}, 12345678901234567890),
        ("9" * 400, {"type": "integer"}, "9" * 400),
        (5.0, {"type": "integer"}, 5),
        (5.5, {"type": "integer"}, 5.5),
        (".5", {"type": "number"}, 0.5),
        (5, {"type": "string"}, "5"),
        (True, {"type": "string"}, True),
        ("yes", {"type": "boolean"}, True),
        ("a", {"type": "array", "items": {"type": "string"}}, ["a"]),
        (["1", "2"], {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"n": "1"}, {"type": "object", "properties": {"n": {"type": "integer"}}}, {"n": 1}),
        ("METRIC", {"type": "string", "enum": ["metric", "imperial"]}, "metric"),
        ("5", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 5),
        ("x", {}, "x"),
    ],
)
def test_values_take_the_type_that_the_schema_wants_where_nothing_is_lost(value, schema, result):
    found = coerce(value, schema)
    assert (found, type(found)) == (result, type(result))


def test_null_is_no_type_to_turn_a_value_into():
    assert kinds_of({"type": ["integer", "null"]}) == ["integer"]
    assert kinds_of({}) == [""]
