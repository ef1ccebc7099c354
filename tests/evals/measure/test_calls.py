from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.tool import ToolCall
from citeward.evals.measure.calls import calls_match, names_match


def call(name: str = "f", /, **arguments: Any) -> ToolCall:
    return ToolCall(id="1", name=name, arguments=arguments)


@pytest.mark.parametrize(
    ("made", "accepted", "right"),
    [
        (5, [5], True),
        (5.0, [5], True),
        ("5", [5], False),
        (True, [1], False),
        (1, [True], False),
        ("New York, NY", ["new york ny", "NYC"], True),
        ("Boston", ["NYC"], False),
        ([1, 2.0], [[1, 2]], True),
        ([2, 1], [[1, 2]], False),
        ([5], [5], False),
        ({"min": 3, "max": 4}, [{"min": [3], "max": [4, 5]}], True),
        ({"min": 3}, [{"min": [3], "max": [4, ""]}], True),
        ({"min": 3}, [{"min": 3, "max": 4}], False),
        ({"tags": ["a", "b"]}, [{"tags": ["a", "b"]}], True),
        ([{"field": "age"}], [[{"field": ["age"]}]], True),
        ({"min": 3, "step": 1}, [{"min": [3]}], False),
        (None, [None], True),
        (None, [0], False),
        ("", ["", "x"], True),
    ],
)
def test_one_argument(made: object, accepted: list[object], right: bool) -> None:
    assert calls_match([call(a=made)], [{"f": {"a": accepted}}]) is right


def test_an_argument_may_be_left_out_only_where_empty_is_accepted() -> None:
    assert calls_match([call()], [{"f": {"a": ["x", ""]}}])
    assert not calls_match([call()], [{"f": {"a": ["x"]}}])
    assert not calls_match([call(a=1, b=2)], [{"f": {"a": [1]}}])


def test_a_dot_in_a_name_is_an_underscore() -> None:
    assert calls_match([call("math_sqrt")], [{"math.sqrt": {}}])
    assert names_match([call("math.sqrt")], [{"math.sqrt": {}}])
    assert not names_match([call(), call()], [{"f": {}}])


def test_the_only_call_that_fits_is_kept_for_the_one_it_fits() -> None:
    assert calls_match([call(a=1), call(a=2)], [{"f": {"a": [1, 2]}}, {"f": {"a": [1]}}])
    assert not calls_match([call(a=2), call(a=2)], [{"f": {"a": [1, 2]}}, {"f": {"a": [1]}}])


@given(st.lists(st.integers(0, 3), max_size=30), st.randoms())
def test_the_order_of_calls_does_not_matter(values: list[int], random: Any) -> None:
    expected = [{"f": {"a": [value]}} for value in values]
    random.shuffle(expected)
    assert calls_match([call(a=value) for value in values], expected)
    if values:
        assert not calls_match([call(a=value) for value in [*values[1:], 9]], expected)
