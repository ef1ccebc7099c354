"""Toolsets made of toolsets: some of the tools, other names, several as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from citeward.contracts.tool import PersonalData, ToolCall, ToolResult, Toolset, ToolSpec
from citeward.errors import NotFound, ToolError
from citeward.tools.function import check_name
from citeward.tools.toolset import unknown


def filtered(toolset: Toolset, names: Iterable[str]) -> Toolset:
    """Only the tools named, in the order named; a call of any other is answered as if it were not there.

    Raises:
        NotFound: A name that the toolset does not offer.
    """
    kept = tuple(dict.fromkeys(names))
    offered = [spec.name for spec in toolset.specs()]
    for name in kept:
        if name not in offered:
            raise NotFound(f"there is no tool {name!r}", hint=f"The tools are: {', '.join(offered) or 'none'}.")
    return _Filtered(toolset=toolset, names=kept)


def prefixed(toolset: Toolset, prefix: str) -> Toolset:
    """The same tools, each name with the prefix before it.

    Raises:
        ToolError: A name that becomes none that model APIs accept.
    """
    for spec in toolset.specs():
        check_name(prefix + spec.name)
    return _Prefixed(toolset=toolset, prefix=prefix)


def declared(toolset: Toolset, personal_data: Mapping[str, PersonalData]) -> Toolset:
    """The same tools, of which some are given other personal data than they say themselves.

    For tools that a decorator does not reach: an MCP server's, LangChain's.

    Args:
        toolset: The tools.
        personal_data: By a tool's name; see `ToolSpec.personal_data`.

    Raises:
        NotFound: A name that the toolset does not offer.
    """
    offered = [spec.name for spec in toolset.specs()]
    for name in personal_data:
        if name not in offered:
            raise NotFound(f"there is no tool {name!r}", hint=f"The tools are: {', '.join(offered) or 'none'}.")
    return _Declared(toolset=toolset, personal_data=dict(personal_data))


def combined(*toolsets: Toolset) -> Toolset:
    """The tools of all, in order.

    Raises:
        ToolError: Two of the toolsets offer the same name; the message lists what each offers.
    """
    together = _Combined(toolsets=toolsets)
    together.specs()
    return together


@dataclass(frozen=True, kw_only=True)
class _Filtered:
    toolset: Toolset
    names: tuple[str, ...]

    def specs(self) -> tuple[ToolSpec, ...]:
        offered = {spec.name: spec for spec in self.toolset.specs()}
        return tuple(offered[name] for name in self.names if name in offered)

    async def call(self, call: ToolCall, /) -> ToolResult:
        if call.name not in self.names:
            return unknown(call, self.names)
        return await self.toolset.call(call)


@dataclass(frozen=True, kw_only=True)
class _Prefixed:
    toolset: Toolset
    prefix: str

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(dataclasses.replace(spec, name=self.prefix + spec.name) for spec in self.toolset.specs())

    async def call(self, call: ToolCall, /) -> ToolResult:
        if not call.name.startswith(self.prefix):
            return unknown(call, (spec.name for spec in self.specs()))
        inner = dataclasses.replace(call, name=call.name.removeprefix(self.prefix))
        return dataclasses.replace(await self.toolset.call(inner), name=call.name)


@dataclass(frozen=True, kw_only=True)
class _Declared:
    toolset: Toolset
    personal_data: Mapping[str, PersonalData]

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(
            dataclasses.replace(spec, personal_data=self.personal_data.get(spec.name, spec.personal_data))
            for spec in self.toolset.specs()
        )

    async def call(self, call: ToolCall, /) -> ToolResult:
        return await self.toolset.call(call)


@dataclass(frozen=True, kw_only=True)
class _Combined:
    toolsets: tuple[Toolset, ...]

    def specs(self) -> tuple[ToolSpec, ...]:
        owners: dict[str, int] = {}
        found: list[ToolSpec] = []
        for number, toolset in enumerate(self.toolsets):
            for spec in toolset.specs():
                if spec.name in owners:
                    raise ToolError(
                        f"{spec.name!r} is offered by two toolsets: "
                        f"({self._names(owners[spec.name])}) and ({self._names(number)})",
                        hint="Wrap one of them: prefixed(toolset, 'name_') or filtered(toolset, names).",
                    )
                owners[spec.name] = number
                found.append(spec)
        return tuple(found)

    async def call(self, call: ToolCall, /) -> ToolResult:
        for toolset in self.toolsets:
            if any(spec.name == call.name for spec in toolset.specs()):
                return await toolset.call(call)
        return unknown(call, (spec.name for spec in self.specs()))

    def _names(self, number: int) -> str:
        return ", ".join(spec.name for spec in self.toolsets[number].specs())
