"""Conversion between units of length, mass, volume, speed, data and temperature."""

import re
from typing import Annotated

from pydantic import Field

from citeward import tool

# Each unit in the first unit of its kind.
FACTORS: dict[str, dict[str, float]] = {
    "length": {
        "m": 1, "km": 1000, "cm": 0.01, "mm": 0.001, "mi": 1609.344, "yd": 0.9144, "ft": 0.3048, "in": 0.0254,
        "nmi": 1852,
    },
    "mass": {"kg": 1, "g": 0.001, "mg": 1e-6, "t": 1000, "lb": 0.45359237, "oz": 0.028349523125, "st": 6.35029318},
    "volume": {"l": 1, "ml": 0.001, "m3": 1000, "gal": 3.785411784, "pt": 0.473176473, "cup": 0.2365882365},
    "speed": {"m/s": 1, "km/h": 1 / 3.6, "mph": 0.44704, "kn": 1852 / 3600},
    "data": {
        "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
    },
}  # fmt: skip
NAMES = {
    "m": "meter metre", "km": "kilometer kilometre", "cm": "centimeter centimetre", "mm": "millimeter millimetre",
    "mi": "mile", "yd": "yard", "ft": "foot feet", "in": "inch inches", "nmi": "nautical_mile",
    "kg": "kilogram kilo", "g": "gram", "mg": "milligram", "t": "tonne", "lb": "pound", "oz": "ounce", "st": "stone",
    "l": "liter litre", "ml": "milliliter millilitre", "gal": "gallon", "pt": "pint", "m/s": "meters_per_second",
    "km/h": "kmh kph", "mph": "miles_per_hour", "kn": "knot", "b": "byte", "kb": "kilobyte", "mb": "megabyte",
    "gb": "gigabyte", "tb": "terabyte", "kib": "kibibyte", "mib": "mebibyte", "gib": "gibibyte", "tib": "tebibyte",
    "c": "celsius °c", "f": "fahrenheit °f", "k": "kelvin",
}  # fmt: skip
UNITS = {name: unit for unit, names in NAMES.items() for name in (unit, *names.split())}
# As a pattern in the schema: a call with a unit that was made up is refused before it is run.
PATTERN = "(?i)^(?:" + "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True)).replace("_", "[_ ]") + ")s?$"
Unit = Annotated[str, Field(pattern=PATTERN)]


@tool
def convert(value: float, from_unit: Unit, to_unit: Unit) -> str:
    """Convert a quantity from one unit to another: length, mass, volume, speed, data or temperature.

    Args:
        value: The quantity.
        from_unit: Its unit, such as 'mi', 'pounds' or 'celsius'.
        to_unit: The unit wanted.
    """
    source, target = unit(from_unit), unit(to_unit)
    if source == target:
        raise ValueError(f"{value:g} {from_unit} is in {to_unit!r} already")
    if {source, target} <= {"c", "f", "k"}:
        return written(temperature(value, source, target), target)
    for factors in FACTORS.values():
        if source in factors and target in factors:
            return written(value * factors[source] / factors[target], target)
    raise ValueError(f"{from_unit!r} and {to_unit!r} measure different things")


def unit(name: str) -> str:
    """The short form of a unit, from any of its names, singular or plural."""
    key = name.strip().lower().replace(" ", "_")
    for candidate in (key, key.removesuffix("s")):
        if candidate in UNITS or any(candidate in factors for factors in FACTORS.values()):
            return UNITS.get(candidate, candidate)
    raise ValueError(f"{name!r} is no unit known here; the units are {', '.join(sorted(NAMES))}")


def temperature(value: float, source: str, target: str) -> float:
    """A temperature in another scale; nothing is colder than 0 kelvin."""
    kelvin = {"c": value + 273.15, "f": (value + 459.67) * 5 / 9, "k": value}[source]
    if kelvin < 0:
        raise ValueError(f"{value:g} °{source.upper()} is below absolute zero")
    return {"c": kelvin - 273.15, "f": kelvin * 9 / 5 - 459.67, "k": kelvin}[target]


def written(value: float, target: str) -> str:
    """Ten significant digits and the unit."""
    shown = {"c": "°C", "f": "°F", "k": "K"}.get(target, target)
    return f"{float(f'{value:.10g}'):.10g} {shown}"
