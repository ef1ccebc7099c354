"""The tools that an agent names without anyone writing them: `calculate`, `current_time`, `search_documents`."""

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

SEARCH = "search_documents"
"""The tool of `search_toolset`; it needs a retriever, so that it is given and not looked up."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType({"calculate": calculate, "current_time": current_time})
"""Built-in functions by name."""

NAMES = (*FUNCTIONS, SEARCH)
"""Every built-in name."""


def builtin_toolset(names: Iterable[str], *, search: Toolset | None = None) -> Toolset:
    """The built-in tools of these names.

    Args:
        names: Of `NAMES`; a name twice counts once.
        search: What `search_documents` stands for (see `search_toolset`).

    Raises:
        NotFound: A name that is not built in, or `search_documents` where none is given.
    """
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name == SEARCH and search is None:
            raise NotFound("the tool 'search_documents' has nothing to search", hint="Give the agent a retriever.")
        if name not in NAMES:
            raise NotFound(f"there is no built-in tool {name!r}", hint=f"The built-in tools are {', '.join(NAMES)}.")
    functions = FunctionToolset(FUNCTIONS[name] for name in wanted if name in FUNCTIONS)
    return combined(functions, search) if SEARCH in wanted and search is not None else functions
