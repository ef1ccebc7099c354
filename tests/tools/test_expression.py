import contextlib
import decimal
import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citeward.errors import InvalidInput
from citeward.tools.expression import CONTEXT, evaluate


def value(text: str) -> decimal.Decimal:
    with decimal.localcontext(CONTEXT):
        return evaluate(text)


numbers = st.integers(0, 9999).map(str)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//"]), inner).map(lambda parts: " ".join(parts)),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-({text})"),
    ),
    max_leaves=12,
)


@given(expressions)
@example("2 - 3 - 4")
@example("-7 // 2")
def test_it_agrees_with_python_s_fractions_on_everything_they_share(text):
    wrapped = text
    for number in sorted(set(re.findall(r"\d+", text)), key=len, reverse=True):
        wrapped = re.sub(rf"(?<!\d|\[){number}(?!\d|\])", f"F({number})", wrapped)
    try:
        expected = eval(wrapped, {"F": Fraction})
    except ZeroDivisionError:
        with pytest.raises(decimal.DivisionByZero):
            value(text)
        return
    found = Fraction(value(text))
    assert abs(found - expected) <= abs(expected) * Fraction(1, 10**40)


@given(st.text(max_size=60))
@example("9**9**9**9")
@example("((((")
@example("1" * 60)
@example("1!!!!!!")
@example("1e99999")
def test_any_text_gives_a_number_or_an_error_that_is_expected(text):
    with contextlib.suppress(InvalidInput, decimal.DecimalException, OverflowError, ValueError):
        assert isinstance(value(text), decimal.Decimal)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", "0.5"),
        ("10 % 3", 1),
        ("-7 % 3", 2),
        ("17% of 200", 34),
        ("200 + 10%", 220),
        ("200 - 10% + 5", 185),
        ("5% + 3%", "0.08"),
        ("50%", "0.5"),
        ("50% * 4", 2),
        ("max(1,200)", 200),
        ("sqrt(1,024)", 32),
        ("sqrt 16 * 2", 8),
        ("round(2.675, 2)", "2.68"),
        ("3! + 1", 7),
        ("mean(1, 2, 6)", 3),
        ("180° / pi", 1),
        ("log(8, 2)", 3),
    ],
)
def test_precedence_percentages_and_functions(text, expected):
    assert abs(value(text) - decimal.Decimal(expected)) < decimal.Decimal("1e-30")


@pytest.mark.parametrize(
    "text", ["", "1 +", "(1", "1)", "2(3)", "foo(1)", "1 2", "sqrt(1, 2)", "1,23", "§", "2.5!", "(" * 80 + "1"]
)
def test_what_makes_no_sense_is_said(text):
    with pytest.raises(InvalidInput) as caught:
        value(text)
    assert caught.value.hint
