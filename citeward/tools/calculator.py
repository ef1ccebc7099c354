"""Arithmetic for models, which are bad at it.

A parser of its own instead of Python's: "17% of 2,340" is no Python, Python's numbers are not the ones people mean
(0.1 + 0.2), and what `eval` could reach need not be fenced off where nothing evaluates code.
"""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from citeward.errors import InvalidInput
from citeward.tools.expression import CONTEXT, evaluate
from citeward.tools.function import tool

LONGEST = 500
"""Characters of an expression."""
DIGITS = 15
"""Significant digits of a result that is not whole."""

# A number with something to do to it, or a function of one. A bare number or a word leaves nothing to work out, and
# a model that proposes it has taken a question for a sum.
_OPERATION = (
    r"\d[\d,.]*[)%!°]*\s*"
    r"([-+*/%^!×÷·−²³]|(of|x|times|plus|minus|over|divided|multiplied|squared|cubed|mod|per ?cent|to the)\b)"
    r"|\b[a-z]+\s*\(.*\d|\broot of\b|√|π|\bpi\b"
)
_WORDS = (
    (r"\s*\b(?:multiplied by|times)\b\s*|(?<=[\d)%])\s*[x×·]\s*(?=[\d(])|[×·]", "*"),
    (r"\b(?:divided by|over)\b|÷", "/"),
    (r"\b(?:(?:raised )?to the power of)\b", "**"),
    (r"\bplus\b", "+"),
    (r"\bminus\b|[−–]", "-"),
    (r"\bsquared\b|²", "**2"),
    (r"\bcubed\b|³", "**3"),
    (r"\b(?:percent|per cent)\b", "%"),
    (r"\bmodulo\b", "mod"),
    (r"(?:\bthe )?\b(?:square root of|square root)\b|√", "sqrt "),
    (r"(?<=[\d)])\s*(?:degrees|degree|deg)\b", "°"),
    (r"[$€£]|[=?\s]+$", ""),
)


@tool(personal_data="masked")
def calculate(
    expression: Annotated[str, Field(pattern=_OPERATION, max_length=LONGEST)],
) -> str:
    """Calculate an arithmetic expression.

    It knows + - * / // ** ! %, 'of' for percentages, parentheses, the constants pi and e, and the functions sqrt, abs,
    round, floor, ceil, min, max, sum, mean, exp, ln, log (base 10, or log(x, base)), sin, cos, tan, asin, acos and
    atan (of radians, or of 30°). '200 + 10%' is 220, as on a pocket calculator. Results are exact where they can be
    written, otherwise to 15 digits.

    >>> calculate("17% of 2,340")
    '397.8'
    >>> calculate("0.1 + 0.2")
    '0.3'

    Args:
        expression: The full arithmetic expression copied word for word from the question, e.g. '12 times 7',
            '17% of 2,340', 'square root of 81'.
    """
    if len(expression) > LONGEST:
        raise InvalidInput(f"the expression has {len(expression)} characters", hint=f"Use at most {LONGEST}.")
    text = expression.strip()
    for pattern, replacement in _WORDS:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    try:
        with decimal.localcontext(CONTEXT):
            return _written(evaluate(text))
    except decimal.DivisionByZero:
        raise InvalidInput(f"{expression!r} divides by zero", hint="Nothing can be divided by zero.") from None
    except (decimal.Overflow, OverflowError):
        raise InvalidInput(f"{expression!r} is too large", hint="Results have at most 9,999 digits.") from None
    except decimal.Underflow:
        raise InvalidInput(f"{expression!r} is too close to zero", hint="Results reach down to 1e-9999.") from None
    except (decimal.InvalidOperation, ValueError):
        raise InvalidInput(
            f"{expression!r} has no value among the real numbers", hint="Check roots, logarithms and 0/0."
        ) from None


def _written(value: Decimal) -> str:
    """The number without the noise of its last digits: whole ones in full, others to 15 significant digits."""
    if value == value.to_integral_value() and abs(value) < Decimal(10) ** CONTEXT.prec:
        return f"{value.to_integral_value():f}" if value else "0"
    value = decimal.Context(prec=DIGITS, Emax=CONTEXT.Emax, Emin=CONTEXT.Emin).plus(value).normalize()
    return f"{value:f}" if -7 <= value.adjusted() < DIGITS else f"{value:e}"
