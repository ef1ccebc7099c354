"""From what a small model proposes to calls that can be made: repaired by the schema and held to the question.

Three rules, none about any one tool. What the schema can put right is put right (types, missing defaults). A number
that the question does not name is not passed on: it is replaced where the question leaves no doubt which one was
meant, left out where it is optional, and otherwise the call is dropped. And a call needs evidence that the question
wants this tool at all: words that it shares with the tool, or an argument of a kind that only such questions have.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from citeward.contracts.tool import ToolSpec
from citeward.models.needle.numbers import ground_numbers
from citeward.models.needle.text import listed_with, number_lists, quantities, whole_codes, whole_formula, words
from citeward.models.needle.values import Arguments, Schema, coerce, is_number, kinds_of, plain

_ALIKE = 0.6
"""How much of a list of numbers must agree with one in the question for it to be taken for a bad copy of it."""
_NEGATED = frozenset(("not", "no", "don't", "dont", "without", "never", "except", "excluding", "neither"))
_FLAG = re.compile(r"^(?:is|has|include|with|want|get|show|use|allow|enable)_?(?=[A-Za-z])")
_MOST = 12
"""Calls that one question can make."""


def settled(
    question: str, proposed: Sequence[tuple[str, Mapping[str, Any]]], specs: Sequence[ToolSpec], confidence: float
) -> list[tuple[str, Arguments]]:
    """The calls to make: repaired, valid by their schema, evidenced, each once.

    Args:
        question: What the person asked.
        proposed: Names and arguments as the model wrote them.
        specs: The tools on offer.
        confidence: How sure the model is, 0..1; the less, the more the question itself must show that it wants a tool.
    """
    by_name = {spec.name: spec for spec in specs}
    kept: list[tuple[str, Arguments]] = []
    for name, arguments in proposed:
        spec = by_name.get(name)
        repaired = None if spec is None else repair(question, arguments, spec.parameters, alone=len(proposed) == 1)
        if spec is None or repaired is None or confidence < _floor(evidence(question, repaired, spec)):
            continue
        if (name, repaired) not in kept:
            kept.append((name, repaired))
    for name in dict.fromkeys(name for name, _ in kept):
        mine = [arguments for other, arguments in kept if other == name]
        kept.extend((name, arguments) for arguments in spread(question, mine, by_name[name].parameters))
    return kept[:_MOST]


def _floor(evidence: float) -> float:
    """The confidence that a call needs.

    Measured: of 800 questions that need a tool (BFCL), as many calls as possible should pass; of questions that only
    documents answer (XQuAD), with a calculator and a clock on offer, none should.
    """
    if evidence >= 1:
        return 0.02
    return 0.45 if evidence else 0.65


def repair(question: str, arguments: Mapping[str, Any], schema: Schema, *, alone: bool = True) -> Arguments | None:
    """The arguments put right, or None where that cannot be done.

    Args:
        question: What the person asked.
        arguments: As the model wrote them.
        schema: JSON schema of the tool's arguments.
        alone: Whether it is the only call, so that every option which the question names is meant for it.
    """
    properties: Mapping[str, Schema] = schema.get("properties", {})
    required: Sequence[str] = schema.get("required", ())
    found: Arguments = {
        name: _copied(coerce(value, properties[name]), properties[name], question)
        for name, value in arguments.items()
        if name in properties and not _parroted(value, properties[name], question)
    }
    if not ground_numbers(found, properties, required, question):
        return None
    if alone:
        _take_named_options(found, properties, question)
    _part_places(found)
    for name in properties:
        if name in required and name not in found and "default" in properties[name]:
            found[name] = properties[name]["default"]
    return found if _valid(found, schema) else None


def evidence(question: str, arguments: Arguments, spec: ToolSpec) -> float:
    """How much reason the question gives to think of this tool at all: 0, 0.5 or 1.

    An argument can show it: a number, or a text of the form that the schema demands (`pattern`, `enum`), which the
    question names. So can words shared with the tool's name and description: one is a hint, two are enough.
    """
    properties: Mapping[str, Schema] = spec.parameters.get("properties", {})
    named = {abs(quantity.value) for quantity in quantities(question)}
    for name, value in arguments.items():
        if is_number(value) and abs(Decimal(str(value))) in named:
            return 1.0
        telling = "pattern" in properties[name] or "enum" in properties[name]
        if telling and isinstance(value, str) and value.casefold() in question.casefold():
            return 1.0
    return min(overlap(question, spec), 2) / 2


def overlap(question: str, spec: ToolSpec) -> int:
    """How many words, cut to their stems, the question shares with the tool's name and description."""
    return len(words(question) & words(f"{spec.name} {spec.description}"))


def spread(question: str, calls: Sequence[Arguments], schema: Schema) -> list[Arguments]:
    """Further calls for the items of a list of which the calls took up only some ("the factorial of 5, 10 and 15").

    Only where each call holds one item of the list: a list that one call takes whole is spread over its arguments.
    With two such lists every item of one goes with every item of the other, unless the question pairs them.
    """
    lists: dict[str, list[Any]] = {}
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in properties:
        values = [call.get(name) for call in calls]
        if not all(isinstance(value, str) or is_number(value) for value in values):
            continue
        items = next((found for value in values if (found := listed_with(plain(value), question))), [])
        typed = [coerce(item, properties[name]) for item in items]
        if (
            len(typed) < 2
            or not all(value in typed for value in values)
            or not all(_valid_for(item, properties[name]) for item in typed)
        ):
            continue
        if any(_takes_several(call, items) for call in calls):
            continue
        lists[name] = typed
    if not lists or (len(calls) > 1 and re.search(r"\brespectively\b", question, re.IGNORECASE)):
        return []
    everything = [{**calls[0], **dict(zip(lists, items, strict=True))} for items in itertools.product(*lists.values())]
    return [call for call in everything if call not in calls] if len(everything) <= _MOST else []


def _takes_several(call: Arguments, items: Sequence[str]) -> bool:
    """Whether one call takes up more than one item of the list, cut short or not."""
    values = [plain(value).casefold() for value in call.values() if isinstance(value, str) or is_number(value)]
    taken = [item for item in items if any(item.casefold() == value for value in values)]
    begun = [item for item in items if len(item) > 2 and any(item.casefold().rstrip(".") in value for value in values)]
    return len({*taken, *begun}) > 1


def _copied(value: Any, schema: Schema, question: str) -> Any:
    """What was copied from the question badly, copied well: words cut short, lists with a number lost or repeated."""
    if isinstance(value, str) and "enum" not in schema:
        return whole_formula(whole_codes(value, question), question)
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(item, str) for item in value):
        return list(dict.fromkeys(whole_codes(item, question) for item in value))
    if all(is_number(item) for item in value):
        given = [Decimal(str(item)) for item in value]
        lists = number_lists(question)
        if given not in lists:
            alike = {difflib.SequenceMatcher(None, named, given).ratio(): named for named in lists}
            if alike and max(alike) >= _ALIKE:
                whole = all(isinstance(item, int) for item in value)
                return [
                    int(number) if whole and number == int(number) else float(number) for number in alike[max(alike)]
                ]
    return value


def _parroted(value: Any, schema: Schema, question: str) -> bool:
    """Whether a text is the example from the argument's description: it holds a number that only stands there."""
    if not isinstance(value, str) or value not in str(schema.get("description", "")):
        return False
    return not set(re.findall(r"\d+", value)) <= set(re.findall(r"\d+", question))


def _take_named_options(found: Arguments, properties: Mapping[str, Schema], question: str) -> None:
    """Take what the question names of the options that the schema lists, where the model left it out."""
    said = re.findall(r"[\w'-]+", question.lower().replace("’", "'"))
    for name, schema in properties.items():
        items: Schema = schema.get("items", {})
        value = found.get(name)
        if isinstance(value, list) and "enum" in items:
            taken = [option for option in items["enum"] if option in value or _says(option, question)]
            found[name] = sorted(taken, key=lambda option: _place(option, question))
        elif name not in found and "enum" in schema:
            taken = [option for option in schema["enum"] if _says(option, question)]
            if len(taken) == 1 and taken[0] != schema.get("default"):
                found[name] = taken[0]
        elif not found.get(name) and kinds_of(schema) == ["boolean"] and not _NEGATED.intersection(said):
            found.update({name: True} if _says(_FLAG.sub("", name), question) else {})


def _part_places(found: Arguments) -> None:
    """ "London, UK" as London where another argument has the UK already."""
    texts = {value.casefold() for value in found.values() if isinstance(value, str)}
    for name, value in found.items():
        head, comma, tail = value.partition(", ") if isinstance(value, str) else ("", "", "")
        if comma and tail.casefold() in texts:
            found[name] = head


def _says(option: object, question: str) -> bool:
    meant = words(option) if isinstance(option, str) else set()
    return bool(meant) and meant <= words(question)


def _place(option: str, question: str) -> int:
    """Where the question first says a word of the option."""
    places = [match.start() for match in re.finditer(r"\w+", question) if words(match[0]) & words(option)]
    return min(places, default=len(question))


def _valid(arguments: Arguments, schema: Schema) -> bool:
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(schema).is_valid(arguments))


def _valid_for(value: Any, schema: Schema) -> bool:
    return _valid({"value": value}, {"properties": {"value": schema}})
