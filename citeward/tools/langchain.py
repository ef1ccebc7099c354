"""A LangChain tool under Citeward's contract."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from citeward.contracts.tool import ToolSpec
from citeward.errors import ToolError
from citeward.tools.arguments import explain, invalid_arguments, untitled
from citeward.tools.function import TIMEOUT, Tool, check_name, options_of

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


def is_langchain_tool(value: object) -> TypeGuard[BaseTool]:
    """Whether the value is a LangChain tool; langchain_core is not imported to find out.

    Nobody can hold such an object without having imported the module that its class lives in.
    """
    module = sys.modules.get("langchain_core.tools.base")
    return module is not None and isinstance(value, module.BaseTool)


def tool_from_langchain(wrapped: BaseTool) -> Tool:
    """The LangChain tool as one of ours; arguments that LangChain injects are not shown to the model.

    A `ToolOptions` note (`tool(dangerous=True)` over the tool's own function) is honoured where there is one.

    Raises:
        ToolError: Its name is none that model APIs accept, or its arguments have no JSON schema.
    """
    from pydantic import BaseModel, ValidationError

    options = options_of(getattr(wrapped, "func", None)) or options_of(getattr(wrapped, "coroutine", None))
    check_name(wrapped.name)
    shown: Any = wrapped.tool_call_schema
    model = shown if isinstance(shown, type) and issubclass(shown, BaseModel) else None
    if model is None and not isinstance(shown, dict):
        raise ToolError(
            f"tool {wrapped.name!r} describes its arguments by {shown!r}",
            hint="Give it an args_schema that is a pydantic 2 model or a JSON schema.",
        )
    schema = untitled(shown if model is None else model.model_json_schema())
    schema.pop("description", None)
    spec = ToolSpec(
        name=wrapped.name,
        description=wrapped.description,
        parameters=schema,
        dangerous=options.dangerous if options else False,
        side_effects=options.side_effects if options else False,
        idempotent=options.idempotent if options else False,
        timeout=options.timeout if options else TIMEOUT,
        content=frozenset(options.content) if options else frozenset(),
        personal_data=options.personal_data if options else "raw",
    )

    def parse(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if model is None:
            problems = violations(schema, arguments)
            if problems:
                raise invalid_arguments(spec, problems)
        else:
            unknown = [f"there is no argument {name!r}" for name in arguments if name not in schema["properties"]]
            if unknown:
                raise invalid_arguments(spec, unknown)
            try:
                model.model_validate(dict(arguments))
            except ValidationError as error:
                raise invalid_arguments(spec, explain(error)) from error
        return arguments

    async def run(arguments: Mapping[str, Any]) -> object:
        return _content(await wrapped.ainvoke(dict(arguments)))

    return Tool(spec=spec, parse=parse, run=run)


def violations(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    """What a JSON schema finds wrong with the arguments, one phrase an argument."""
    from jsonschema import Draft202012Validator

    problems = []
    for error in Draft202012Validator(schema).iter_errors(dict(arguments)):
        place = ".".join(str(part) for part in error.absolute_path)
        problems.append(f"argument {place!r}: {error.message}" if place else error.message)
    return problems


def _content(value: object) -> object:
    """The text of a result that LangChain gives as content blocks; anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(block, dict) and "type" in block for block in value):
        texts = [block["text"] for block in value if block["type"] == "text"]
        return "\n".join(texts) if texts else value
    return value
