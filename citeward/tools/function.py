"""One typed Python function as a tool: what the model is told, how arguments are checked, how it runs."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from pydantic import ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from citeward.contracts.tool import PersonalData, ToolSpec
from citeward.errors import ToolError
from citeward.tools.arguments import arguments_model, explain, invalid_arguments, read_docstring, untitled

Function = TypeVar("Function", bound=Callable[..., Any])

TIMEOUT = 30.0
"""Seconds that a call may take where the tool does not say otherwise."""

_OPTIONS = "__citeward_tool__"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """What the `tool` decorator noted on a function."""

    name: str | None = None
    """The name the model sees; None means the function's own."""
    dangerous: bool = False
    """True where a person must approve each call."""
    side_effects: bool = False
    """True when a call changes something in the world."""
    idempotent: bool = False
    """True when the same call made twice has the effect of one."""
    timeout: float = TIMEOUT
    """Seconds."""
    content: tuple[str, ...] = ()
    """Arguments that carry text from anywhere."""
    personal_data: PersonalData = "raw"
    """What it is given of the values behind placeholders."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool ready to be called."""

    spec: ToolSpec
    parse: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Arguments checked and converted; raises InvalidInput in words that a model can act on."""
    run: Callable[[Mapping[str, Any]], Awaitable[object]]
    """Runs it with parsed arguments; raises whatever the tool raises."""


@overload
def tool(function: Function, /) -> Function: ...
@overload
def tool(
    *,
    name: str | None = None,
    dangerous: bool = False,
    side_effects: bool = False,
    idempotent: bool = False,
    timeout: float = TIMEOUT,
    content: Iterable[str] = (),
    personal_data: PersonalData = "raw",
) -> Callable[[Function], Function]: ...
def tool(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    dangerous: bool = False,
    side_effects: bool = False,
    idempotent: bool = False,
    timeout: float = TIMEOUT,
    content: Iterable[str] = (),
    personal_data: PersonalData = "raw",
) -> Function | Callable[[Function], Function]:
    """Mark a function as a tool. It only takes a note: the function stays what it was and can be called as before.

    The docstring is what the model reads: the text up to the first section describes the tool, the lines under
    ``Args:`` its arguments. Every argument needs a type.

    >>> @tool(dangerous=True)
    ... def refund(order: str, amount: float) -> str:
    ...     \"\"\"Pay money back.\"\"\"
    ...     return f"{amount} paid back for {order}"
    >>> refund("A-1", 5)
    '5 paid back for A-1'

    Args:
        function: The function, where the decorator is written without parentheses.
        name: The name the model sees; the function's own where it is left out.
        dangerous: True where a person must approve each call.
        side_effects: True when a call changes something in the world and needs no approval: it is recorded before and
            after it is made, as a dangerous one is, so that a crash does not repeat it.
        idempotent: True when the same call made twice has the effect of one: a call that a crash cut off is made again,
            and no person is asked.
        timeout: Seconds that a call may take.
        content: Arguments that are meant to carry text from anywhere, such as a letter's body. A dangerous call is
            shown with a warning where any other argument comes from a document or a tool, and not from the user.
        personal_data: What the function is given when the model names a placeholder such as `<EMAIL_1>`. `raw`: the
            value; numbers and the like in the result of such a call are hidden from models. `lookup`: the value, for a
            function that looks something up and computes nothing from it. `masked`: nothing, the call is refused.
    """
    carrying = (content,) if isinstance(content, str) else tuple(content)

    def mark(marked: Function) -> Function:
        options = ToolOptions(
            name=name,
            dangerous=dangerous,
            side_effects=side_effects,
            idempotent=idempotent,
            timeout=timeout,
            content=carrying,
            personal_data=personal_data,
        )
        setattr(marked, _OPTIONS, options)
        return marked

    return mark if function is None else mark(function)


def options_of(function: object) -> ToolOptions | None:
    """What `tool` noted on the function, or None where it is not marked."""
    noted = getattr(function, _OPTIONS, None)
    return noted if isinstance(noted, ToolOptions) else None


def is_marked(value: object) -> bool:
    """Whether `tool` stands before the function."""
    return callable(value) and hasattr(value, _OPTIONS)


def tool_from_function(function: Callable[..., Any]) -> Tool:
    """The function as a tool, whether marked by `tool` or not.

    Raises:
        ToolError: It has no docstring, an argument has no type or a type that no JSON schema describes, it takes
            ``*args``, ``**kwargs`` or positional-only arguments, or its name is none that model APIs accept.
    """
    options = options_of(function) or ToolOptions()
    name: str = options.name or getattr(function, "__name__", None) or type(function).__name__
    check_name(name)
    if not options.timeout > 0:
        raise ToolError(f"tool {name!r} has a timeout of {options.timeout!r}", hint="Give seconds, more than 0.")
    described = getattr(function, "__doc__", None)
    description, notes = read_docstring(described or "")
    if not description:
        raise ToolError(f"tool {name!r} has no docstring", hint="Say in one what it does: the model reads it.")
    model, parameters = arguments_model(name, function, notes)
    try:
        schema = untitled(model.model_json_schema())
    except PydanticInvalidForJsonSchema as error:
        raise ToolError(
            f"tool {name!r} has an argument that no JSON schema describes: {error.message}",
            hint="Use str, int, float, bool, list, dict, Literal, an Enum, or a pydantic model.",
        ) from error
    if unknown := [argument for argument in options.content if argument not in parameters.values()]:
        raise ToolError(
            f"tool {name!r} has no argument {unknown[0]!r}", hint=f"Its arguments: {', '.join(parameters.values())}."
        )
    spec = ToolSpec(
        name=name,
        description=description,
        parameters=schema,
        dangerous=options.dangerous,
        side_effects=options.side_effects,
        idempotent=options.idempotent,
        timeout=options.timeout,
        content=frozenset(options.content),
        personal_data=options.personal_data,
    )

    def parse(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            parsed = model.model_validate(dict(arguments))
        except ValidationError as error:
            raise invalid_arguments(spec, explain(error)) from error
        return {argument: getattr(parsed, field) for field, argument in parameters.items()}

    async def run(arguments: Mapping[str, Any]) -> object:
        if inspect.iscoroutinefunction(function):
            return await function(**arguments)
        value = await _in_thread(lambda: function(**arguments))
        return await value if inspect.isawaitable(value) else value

    return Tool(spec=spec, parse=parse, run=run)


def check_name(name: str) -> None:
    """Raises ToolError where model APIs would not accept the name."""
    if not _NAME.fullmatch(name):
        raise ToolError(
            f"{name!r} cannot be a tool's name",
            hint="Use 1 to 64 letters, digits, underscores and hyphens: tool(name='…').",
        )


async def _in_thread(work: Callable[[], object]) -> object:
    """Run blocking work in a thread of its own that is let go when the wait for it is cancelled.

    Not the loop's executor: a tool that hangs past its timeout would keep one of its few threads, and the process
    from ending, because executors wait for their threads.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def settle(value: object, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(value)
        else:
            done.set_exception(error)

    def target() -> None:
        value: object = None
        failure: BaseException | None = None
        try:
            value = context.run(work)
        except StopIteration as error:  # a future takes anything but this one
            failure = RuntimeError(f"the tool raised {error!r}")
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            failure = error
        except BaseException as error:  # noqa: BLE001 - a tool must not end the process by sys.exit
            failure = ToolError(f"the tool stopped: {error!r}", hint="Raise an exception instead of exiting.")
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits any longer
            loop.call_soon_threadsafe(settle, value, failure)

    context = contextvars.copy_context()
    threading.Thread(target=target, name="citeward-tool", daemon=True).start()
    return await done
