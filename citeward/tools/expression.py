"""Arithmetic expressions: tokens, a parser that works out while it reads, and the functions it knows."""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from citeward.errors import InvalidInput

CONTEXT = decimal.Context(
    prec=50,
    Emax=9_999,
    Emin=-9_999,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Underflow],
)
"""50 digits to work with, and exponents small enough that no expression takes long."""
DEEPEST = 50
"""Parentheses, signs and powers within one another."""
PLACES = 15
"""Decimal places that are kept of a function worked out in floating point."""

_PI = Decimal("3.1415926535897932384626433832795028841971693993751")
_NAMES = {"pi": _PI, "π": _PI, "e": Decimal("2.7182818284590452353602874713526624977572470937000")}
_TOKEN = re.compile(
    r"(?P<grouped>\d{1,3}(?:,\d{3})+(?![\d])(?:\.\d+)?)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5}(?![\w.]))?)"
    r"|(?P<name>[^\W\d_]\w*)|(?P<op>\*\*|//|[-+*/%^!(),°])"
)
_PLAIN = re.compile(r"(?P<number>\d+\.?\d*)")
_BINDING = {"+": 10, "-": 10, "*": 20, "/": 20, "//": 20, "mod": 20, "of": 20, "**": 40, "^": 40}
_SIGN = 30
_APPLIED = 45


def evaluate(text: str) -> Decimal:
    """The value of an expression, worked out in the current decimal context (make it `CONTEXT`).

    In the arguments of max(1,200) a comma separates; anywhere else it groups thousands. ``a + b%`` is a share of a.

    Raises:
        InvalidInput: What stands where it makes no sense.
        decimal.DecimalException, ValueError, OverflowError: There is no value, or none within the context's bounds.
    """
    return _Parser(text).parse()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Value:
    number: Decimal
    percent: bool = False
    """Whether it was written as a percentage, which `+` and `-` read as a share of what stands before them."""


class _Parser:
    """Works out while it reads, by binding power (Pratt, "Top down operator precedence", 1973)."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), _Token("end", "the end")]
        self._at = 0
        self._depth = 0

    def parse(self) -> Decimal:
        value = self._expression(0)
        if self._next.kind != "end":
            raise _unexpected(self._next)
        return value.number

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str | None = None) -> _Token:
        token = self._next
        if text is not None and token.text != text:
            raise InvalidInput(f"{text!r} is missing before {token.text!r}", hint="Check the parentheses.")
        self._at += 1
        return token

    def _expression(self, binding: int) -> _Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidInput("the expression is nested too deeply", hint=f"Use at most {DEEPEST} levels.")
        left = self._operand()
        while True:
            postfix = self._postfix(left)
            if postfix is not None:
                left = postfix
                continue
            operator = self._next.text
            power = _BINDING.get("mod" if operator == "%" else operator, -1)
            if power <= binding:
                break
            self._take()
            # Powers bind to the right, everything else to the left.
            right = self._expression(power - 1 if operator in ("**", "^") else power)
            left = _combine(operator, left, right)
        self._depth -= 1
        return left

    def _operand(self) -> _Value:
        token = self._take()
        if token.kind == "number":
            return _Value(CONTEXT.create_decimal(token.text.replace(",", "")))
        if token.text in ("+", "-"):
            value = self._expression(_SIGN)
            return _Value(-value.number if token.text == "-" else value.number, value.percent)
        if token.text == "(":
            value = self._expression(0)
            self._take(")")
            return _Value(value.number)
        if token.kind == "name" and token.text.lower() in _NAMES:
            return _Value(_NAMES[token.text.lower()])
        if token.kind == "name" and token.text.lower() in FUNCTIONS:
            return self._applied(FUNCTIONS[token.text.lower()])
        raise _unexpected(token)

    def _applied(self, function: _Function) -> _Value:
        if self._next.text != "(":
            return _Value(function.of([self._expression(_APPLIED).number]))
        self._take("(")
        arguments = [self._expression(0).number]
        while self._next.text == ",":
            self._take()
            arguments.append(self._expression(0).number)
        self._take(")")
        if len(arguments) > function.most:
            raise InvalidInput(
                f"{function.name} takes at most {function.most}, got {len(arguments)}", hint="Leave out the rest."
            )
        return _Value(function.of(arguments))

    def _postfix(self, left: _Value) -> _Value | None:
        operator = self._next.text
        if operator == "!":
            self._take()
            return _Value(_factorial([left.number]))
        if operator == "°":
            self._take()
            return _Value(left.number * _PI / 180)
        if operator == "%" and not self._operand_follows():
            self._take()
            return _Value(left.number / 100, percent=True)
        return None

    def _operand_follows(self) -> bool:
        """Whether a `%` has a number after it, which makes it the remainder; a sign there still makes a percentage."""
        token = self._tokens[self._at + 1]
        return token.kind == "number" or token.text == "(" or (token.kind == "name" and token.text not in ("of", "mod"))


def _tokens(text: str) -> Iterator[_Token]:
    """The expression's tokens. In the arguments of max(1,200) a comma separates; anywhere else it groups thousands."""
    position = 0
    several: list[bool] = []
    name = ""
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = (_PLAIN.match(text, position) if several and several[-1] else None) or _TOKEN.match(text, position)
        if match is None:
            raise InvalidInput(
                f"{text[position]!r} cannot be read in an expression", hint="Use numbers, operators and functions."
            )
        position = match.end()
        kind = match.lastgroup or ""
        found = match[0]
        if found == "(":
            several.append(name.lower() in FUNCTIONS and FUNCTIONS[name.lower()].most > 1)
        elif found == ")" and several:
            several.pop()
        name = found if kind == "name" else ""
        yield _Token("number" if kind == "grouped" else kind, found)


def _combine(operator: str, left: _Value, right: _Value) -> _Value:
    a, b = left.number, right.number
    if operator in ("+", "-"):
        change = a * b if right.percent and not left.percent else b
        return _Value(a + change if operator == "+" else a - change, left.percent and right.percent)
    if operator in ("*", "of"):
        return _Value(a * b)
    if operator == "/":
        return _Value(_divided(a, b))
    if operator in ("**", "^"):
        return _Value(a**b)
    floor = _divided(a, b).to_integral_value(decimal.ROUND_FLOOR)
    return _Value(floor if operator == "//" else a - b * floor)


def _divided(a: Decimal, b: Decimal) -> Decimal:
    if b == 0:
        raise decimal.DivisionByZero
    return a / b


def _unexpected(token: _Token) -> InvalidInput:
    if token.kind == "name":
        return InvalidInput(
            f"{token.text!r} is neither a function nor a constant here",
            hint=f"The functions are {', '.join(FUNCTIONS)}; the constants pi and e.",
        )
    return InvalidInput(
        f"{token.text!r} stands where it makes no sense", hint="Write an operator between two numbers: 2 * (3 + 4)."
    )


@dataclass(frozen=True, slots=True)
class _Function:
    name: str
    of: Callable[[list[Decimal]], Decimal]
    most: int = 1
    """How many arguments it takes at most."""


def _by_float(function: Callable[[float], float]) -> Callable[[list[Decimal]], Decimal]:
    # Rounded past what a double knows, so that sin(pi) is 0 and not 1.2e-16.
    return lambda arguments: Decimal(repr(round(function(float(arguments[0])), PLACES)))


def _round(arguments: list[Decimal]) -> Decimal:
    places = int(arguments[1]) if len(arguments) > 1 else 0
    if abs(places) > PLACES:
        raise InvalidInput(f"round cannot keep {places} places", hint=f"Use at most {PLACES}.")
    return arguments[0].quantize(Decimal(1).scaleb(-places), rounding=decimal.ROUND_HALF_UP)


def _log(arguments: list[Decimal]) -> Decimal:
    if len(arguments) == 1:
        return arguments[0].log10()
    return _divided(arguments[0].ln(), arguments[1].ln())


def _factorial(arguments: list[Decimal]) -> Decimal:
    (number,) = arguments
    if number != number.to_integral_value() or not 0 <= number <= 1_000:
        raise InvalidInput(f"{number}! cannot be worked out", hint="Take whole numbers from 0 to 1000.")
    return CONTEXT.create_decimal(math.factorial(int(number)))


FUNCTIONS = {
    function.name: function
    for function in (
        _Function("sqrt", lambda a: a[0].sqrt()),
        _Function("abs", lambda a: abs(a[0])),
        _Function("round", _round, 2),
        _Function("floor", lambda a: a[0].to_integral_value(decimal.ROUND_FLOOR)),
        _Function("ceil", lambda a: a[0].to_integral_value(decimal.ROUND_CEILING)),
        _Function("min", min, 100),
        _Function("max", max, 100),
        _Function("sum", lambda a: sum(a, Decimal(0)), 100),
        _Function("mean", lambda a: sum(a, Decimal(0)) / len(a), 100),
        _Function("exp", lambda a: a[0].exp()),
        _Function("ln", lambda a: a[0].ln()),
        _Function("log", _log, 2),
        _Function("sin", _by_float(math.sin)),
        _Function("cos", _by_float(math.cos)),
        _Function("tan", _by_float(math.tan)),
        _Function("asin", _by_float(math.asin)),
        _Function("acos", _by_float(math.acos)),
        _Function("atan", _by_float(math.atan)),
        _Function("factorial", _factorial),
    )
}
