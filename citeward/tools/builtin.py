"""The tools that an agent names without anyone writing them: `calculator`, `clock`, `search`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from citeward.contracts.tool import Toolset
from citeward.errors import NotFound
from citeward.tools.calculator import calculate
from citeward.tools.clock import current_time
from citeward.tools.toolset import FunctionToolset
from citeward.tools.wrappers import combined

SEARCH = "search"
"""The name under which `search_toolset` goes; it needs a retriever, so that it is given and not looked up."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType({"calculator": calculate, "clock": current_time})
"""Built-in functions by the name that an agent calls them by."""

NAMES = (*FUNCTIONS, SEARCH)
"""Every built-in name."""


def builtin_toolset(names: Iterable[str], *, search: Toolset | None = None) -> Toolset:
    """The built-in tools of these names.

    Args:
        names: Of `NAMES`; a name twice counts once.
        search: What `search` stands for (see `search_toolset`).

    Raises:
        NotFound: A name that is not built in, or `search` where none is given.
    """
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name == SEARCH and search is None:
            raise NotFound("the tool 'search' has nothing to search", hint="Give the agent a retriever.")
        if name not in NAMES:
            raise NotFound(f"there is no built-in tool {name!r}", hint=f"The built-in tools are {', '.join(NAMES)}.")
    functions = FunctionToolset(FUNCTIONS[name] for name in wanted if name in FUNCTIONS)
    return combined(functions, search) if SEARCH in wanted and search is not None else functions
