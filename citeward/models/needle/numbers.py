"""Numbers that a model proposes, held to those that the question names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from citeward.models.needle.text import Quantity, quantities, spans
from citeward.models.needle.values import Arguments, Schema, is_number, kinds_of, plain

_ALWAYS = (Decimal(0), Decimal(1))
"""Numbers that need no source: questions say them in too many words ("from rest", "once", "a")."""
_NUMERIC = ("integer", "number")


def ground_numbers(found: Arguments, properties: Mapping[str, Schema], required: Sequence[str], question: str) -> bool:
    """Hold the numbers among the arguments to the question, in place; False where a required one has no source.

    One without a source is replaced where the question leaves no doubt which number was meant (the model cut it short,
    or the question names as many as there are places to fill), and left out where it is optional.
    """
    named = quantities(question)
    implied = spans(question)
    left = list(named)
    for name, value in found.items():
        for number in value if isinstance(value, list) else [value]:
            if is_number(number) and (name in required or isinstance(value, list)):
                _use(number, left)
    holes = [
        name
        for name in required
        if name not in found and kinds_of(properties.get(name, {}))[0] in _NUMERIC and "default" not in properties[name]
    ]
    for name in [name for name in properties if name in found]:
        value, schema = found[name], properties[name]
        if isinstance(value, dict) and isinstance(schema.get("properties"), Mapping):
            inner = schema["properties"]
            if not ground_numbers(value, {key: inner.get(key, {}) for key in value}, tuple(value), question):
                return False
        if not is_number(value) or _sourced(value, schema, named, implied):
            # An optional number that only repeats what a required one took up was not asked for.
            if is_number(value) and name not in required and not _own(value, schema, left, implied):
                del found[name]
            continue
        meant = [quantity for quantity in left if quantity.digits.startswith(plain(value))]
        if len(meant) == 1:
            found[name] = _typed(meant[0].value, schema)
            left.remove(meant[0])
        elif name not in required:
            del found[name]
        else:
            holes.append(name)
    if holes and _fill(holes, found, properties, required, named, left):
        holes = []
    for name, value in found.items():
        if is_number(value) and _is_share(value, properties[name], named):
            found[name] = float(Decimal(str(value)) / 100)
    return all(name in found and Decimal(str(found[name])) in _ALWAYS for name in holes)


def _fill(
    holes: Sequence[str],
    found: Arguments,
    properties: Mapping[str, Schema],
    required: Sequence[str],
    named: Sequence[Quantity],
    left: Sequence[Quantity],
) -> bool:
    """Fill required numbers from the question, in order, where it names as many as there are places to fill."""
    places = [name for name in properties if name in required and kinds_of(properties[name])[0] in _NUMERIC]
    written = [quantity for quantity in named if quantity.written]
    spare = [quantity for quantity in left if quantity.written]
    if len(written) == len(places):
        holes, spare = places, written
    if len(spare) != len(holes):
        return False
    order = [name for name in properties if name in holes]
    found.update({name: _typed(quantity.value, properties[name]) for name, quantity in zip(order, spare, strict=True)})
    return True


def _use(number: float, left: list[Quantity]) -> None:
    for quantity in left:
        if abs(quantity.value) == abs(Decimal(str(number))):
            left.remove(quantity)
            return


def _own(value: float, schema: Schema, left: list[Quantity], implied: set[Decimal]) -> bool:
    """Whether an optional number has a source of its own, which is then used up."""
    number = abs(Decimal(str(value)))
    for quantity in left:
        if abs(quantity.value) == number or (quantity.percent and abs(quantity.value) / 100 == number):
            left.remove(quantity)
            return True
    return number in implied or value == schema.get("default") or value in schema.get("enum", ())


def _sourced(value: float, schema: Schema, named: Sequence[Quantity], implied: set[Decimal]) -> bool:
    number = abs(Decimal(str(value)))
    sources = implied | {abs(quantity.value) for quantity in named}
    sources |= {abs(quantity.value) / 100 for quantity in named if quantity.percent}
    return number in sources or value == schema.get("default") or value in schema.get("enum", ())


def _is_share(value: float, schema: Schema, named: Sequence[Quantity]) -> bool:
    """Whether 5 stands for the question's 5% where the schema wants 0.05: a number not described as a percentage."""
    number = Decimal(str(value))
    percent = any(quantity.percent and quantity.value == number for quantity in named)
    plain = any(not quantity.percent and quantity.value == number for quantity in named)
    described = str(schema.get("description", "")).lower()
    return (
        percent and not plain and kinds_of(schema) == ["number"] and "percent" not in described and "%" not in described
    )


def _typed(number: Decimal, schema: Schema) -> float:
    whole = number == number.to_integral_value() and "integer" in kinds_of(schema)
    return int(number) if whole else float(number)
