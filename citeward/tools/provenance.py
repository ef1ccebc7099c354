"""Where the values in a tool call's arguments came from, found by looking for them in all that was said and read.

A call is *unasked* where documents or tools' results were read and one of these holds:

1. A value stands in one of them and not in what the user said.
2. An address, URL, path, number, wildcard, variable, or a word for everyone stands nowhere at all: the model made it
   up, or put it together from pieces.
3. No value stands in what the user said, and neither do the words of the tool's name.

This is a comparison of words, not of meanings. What somebody else wrote is taken for the user's where the user pasted
it; a value of common words, or one that is spelled otherwise than in the text, is taken for the model's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citeward.contracts.tool import ArgumentOrigin, ArgumentSource, Provenance, ToolCall, ToolSpec
from citeward.text.words import content_words
from citeward.tools.traces import Part, Traces, parts

_RANK = {origin: rank for rank, origin in enumerate(ArgumentOrigin)}


@dataclass(frozen=True, kw_only=True)
class Said:
    """A text that a value may have come from."""

    origin: ArgumentOrigin
    text: str
    name: str = ""
    """The document or the tool."""


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    argument: str
    value: Any
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Traced:
    source: ArgumentSource
    critical: bool = False
    """Whether what came from there, or from nowhere, is an address, a URL, a path or a number."""
    asked: bool = False
    """Whether the user said any of it."""


class Texts:
    """All that was said and read in a thread, read once for any number of calls."""

    def __init__(self, said: Sequence[Said]) -> None:
        self._traces = [(one, Traces(one.text)) for one in said]

    @property
    def untrusted(self) -> bool:
        """Whether anything was read that may have put words into the model's mouth."""
        return any(one.origin in (ArgumentOrigin.DOCUMENT, ArgumentOrigin.TOOL) for one, _ in self._traces)

    def said_by_user(self, words: Sequence[str]) -> bool:
        """Whether the user said each of the words, in any of their forms."""
        said = {
            word
            for one, traces in self._traces
            if one.origin is ArgumentOrigin.USER
            for word in content_words(traces.text)
        }
        return bool(words) and said.issuperset(words)

    def origin_of(self, part: Part) -> ArgumentSource:
        """The most trusted text that the part stands in; the model's where it stands in none."""
        best = ArgumentSource(argument="", origin=ArgumentOrigin.MODEL)
        for one, traces in self._traces:
            clears = one.origin in (ArgumentOrigin.USER, ArgumentOrigin.TRUSTED)
            # What clears a value must be the value itself; what makes it doubtful may be written otherwise.
            if not (traces.holds(part) if clears else part.telling and traces.may_hold(part)):
                continue
            better = _RANK[one.origin] < _RANK[best.origin] if clears else best.origin is ArgumentOrigin.MODEL
            # Of a document or a tool, the first that has it is named; what clears outweighs whatever was found before.
            if better:
                best = ArgumentSource(argument="", origin=one.origin, name=one.name)
        return best


def provenance(call: ToolCall, spec: ToolSpec, texts: Texts) -> Provenance:
    """Where each value of the call came from, and whether anybody asked for it."""
    traced = [_traced(leaf, texts) for leaf in _leaves(call.arguments, spec)]
    sources = tuple(one.source for one in traced)
    if not texts.untrusted:
        return Provenance(sources=sources)
    return Provenance(sources=sources, warning=_warning(call, spec, traced, texts))


def _warning(call: ToolCall, spec: ToolSpec, traced: Sequence[_Traced], texts: Texts) -> str:
    for one in traced:
        source = one.source
        if source.argument.partition(".")[0].partition("[")[0] in spec.content:
            continue
        if source.origin in (ArgumentOrigin.DOCUMENT, ArgumentOrigin.TOOL):
            which = "the document" if source.origin is ArgumentOrigin.DOCUMENT else "the result of the tool"
            return f"{source.argument!r} comes from {which} {source.name!r}, and the user did not say it"
        if source.origin is ArgumentOrigin.MODEL and one.critical:
            return f"{source.argument!r} was said by nobody: the model made it up, after reading what others wrote"
    if not any(one.asked for one in traced) and not texts.said_by_user(_name_words(spec.name)):
        return f"nothing that the user said asks for {call.name!r}"
    return ""


def _traced(leaf: _Leaf, texts: Texts) -> _Traced:
    if _is_offered(leaf.value, leaf.schema):
        return _Traced(source=ArgumentSource(argument=leaf.argument, origin=ArgumentOrigin.SCHEMA))
    found = [(part, texts.origin_of(part)) for part in parts(leaf.value)]
    if not found:
        return _Traced(source=ArgumentSource(argument=leaf.argument, origin=ArgumentOrigin.MODEL))
    worst = max((source for _, source in found), key=lambda source: _RANK[source.origin])
    critical = any(part.critical for part, source in found if source.origin is worst.origin)
    asked = any(part.asks and source.origin is ArgumentOrigin.USER for part, source in found)
    told = ArgumentSource(argument=leaf.argument, origin=worst.origin, name=worst.name)
    return _Traced(source=told, critical=critical, asked=asked)


def _leaves(arguments: Mapping[str, Any], spec: ToolSpec) -> Iterator[_Leaf]:
    definitions: Mapping[str, Any] = spec.parameters.get("$defs", {})

    def walk(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[_Leaf]:
        schema = _resolved(schema, definitions)
        if isinstance(value, Mapping):
            inner: Mapping[str, Any] = schema.get("properties") or {}
            for key, item in value.items():
                below = f"{place}.{key}" if place else str(key)
                if key not in inner and place:
                    # A key that the tool does not name is the model's word as much as a value is.
                    yield _Leaf(argument=below, value=str(key), schema={})
                yield from walk(item, inner.get(key) or {}, below)
        elif isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield from walk(item, schema.get("items") or {}, f"{place}[{number}]")
        else:
            yield _Leaf(argument=place, value=value, schema=schema)

    return walk(arguments, spec.parameters, "")


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference, or the one variant of several that is not null."""
    found: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    for _ in range(8):  # a schema may hold itself
        if "$ref" in found:
            found = {**definitions.get(str(found["$ref"]).rpartition("/")[2], {}), **_without(found, "$ref")}
            continue
        variants = [one for one in found.get("anyOf", ()) if isinstance(one, Mapping) and one.get("type") != "null"]
        if len(variants) != 1:
            break
        found = {**variants[0], **_without(found, "anyOf")}
    return found


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _is_offered(value: Any, schema: Mapping[str, Any]) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if "default" in schema and schema["default"] == value:
        return True
    return value in schema.get("enum", ()) or ("const" in schema and schema["const"] == value)


def _name_words(name: str) -> list[str]:
    """The words of a tool's name as stems: `sendEmail` and `send_email` both ask for `send` and `email`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-]+", " ", name)
    return content_words(spaced)
