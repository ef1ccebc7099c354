import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.tool import ToolCall
from citeward.errors import InvalidInput
from citeward.tools.calculator import LONGEST, calculate
from citeward.tools.toolset import FunctionToolset


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("17% of 2,340", "397.8"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "0.333333333333333"),
        ("(1/3) * 3", "1"),
        ("2**0.5 * 2**0.5", "2"),
        ("2**100", "1267650600228229401496703205376"),
        ("sin(pi)", "0"),
        ("sin(30°)", "0.5"),
        ("1e-9 * 1e-9", "1e-18"),
        ("1,000,000 / 7", "142857.142857143"),
        ("144 divided by 12", "12"),
        ("3 plus 4 times 5", "23"),
        ("12 x 12", "144"),
        ("12 × 3 ÷ 4 − 1", "8"),
        ("the square root of 144 times 12", "144"),
        ("8 to the power of 3", "512"),
        ("3 squared", "9"),
        ("25 percent of 80", "20"),
        ("$5 + $3.50 = ?", "8.5"),
        ("-0", "0"),
    ],
)
def test_results_are_written_as_people_expect_them(expression, result):
    assert calculate(expression) == result


@given(st.decimals(-(10**9), 10**9, places=4), st.decimals(-(10**9), 10**9, places=4))
def test_sums_and_differences_are_exact(a, b):
    assert float(calculate(f"({a:f}) + ({b:f})")) == float(a + b)
    assert float(calculate(f"({a:f}) - ({b:f})")) == float(a - b)


@pytest.mark.parametrize(
    ("expression", "trouble"),
    [
        ("1/0", "divides by zero"),
        ("5 mod 0", "divides by zero"),
        ("9**9**9**9", "too large"),
        ("exp(10**9)", "too large"),
        ("0.5**(10**50)", "too close to zero"),
        ("sqrt(-1)", "no value among the real numbers"),
        ("asin(2)", "no value among the real numbers"),
        ("1" * (LONGEST + 1), "characters"),
        ("2 +", "the end"),
    ],
)
def test_what_has_no_result_is_said(expression, trouble):
    with pytest.raises(InvalidInput, match=trouble):
        calculate(expression)


@pytest.mark.parametrize("expression", ["2015", "the Battle of Hastings", "AS-278", "X.25", "2001 ABC logo"])
async def test_as_a_tool_it_takes_only_what_there_is_something_to_work_out_in(expression):
    result = await FunctionToolset([calculate]).call(
        ToolCall(id="1", name="calculate", arguments={"expression": expression})
    )
    assert result.error
    assert repr(expression) in result.content
