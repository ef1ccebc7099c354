"""Request bodies of JSON, parsed once they are known to be harmless: not too deep, and nothing that JSON does not have.

A parser that recurses ends at some depth, and so does every step after it: validation, the run, the response. What
passes here passes all of them, so that no response breaks off over it once it has begun.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from citeward.errors import InvalidInput
from citeward.serving.refusals import InvalidBody

DEPTH = 32
"""Objects and arrays inside each other, at most."""
# A string without an end runs to the end of the text, so that each character is looked at once.
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"?|[\[\]{},]', re.DOTALL)


class JsonBody(Request):
    """A request whose JSON is checked before it is parsed."""

    async def json(self) -> Any:
        """The body.

        Raises:
            InvalidBody: It is too deep, or has a number that JSON does not have. Says in which field.
            json.JSONDecodeError: It is not JSON.
        """
        body = await self.body()
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidBody(
                InvalidInput(f"the body: byte {error.start} is not UTF-8", hint="Send JSON, in UTF-8.")
            ) from None
        if text.count("[") + text.count("{") > DEPTH:
            _check_depth(text)
        try:
            return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant, parse_int=_int)
        except RecursionError:
            raise _too_deep("the body") from None


class JsonRoute(APIRoute):
    """A route that takes `JsonBody`; given to routers as their `route_class`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, called with the checked request."""
        handler = super().get_route_handler()

        async def checked(request: Request) -> Response:
            return await handler(JsonBody(request.scope, request.receive))

        return checked


def _check_depth(text: str) -> None:
    path: list[str] = []
    last = ""
    for token in _TOKEN.finditer(text):
        found = token.group()
        if found[0] == '"':
            last = token.group(1)
        elif found in "[{":
            path.append(last)
            last = ""
            if len(path) > DEPTH:
                names = [name for name in path if name]
                raise _too_deep(".".join(names[:3]) or "the body")
        elif found in "]}" and path:
            path.pop()


def _too_deep(place: str) -> InvalidBody:
    return InvalidBody(
        InvalidInput(
            f"{place[:80]}: more than {DEPTH} objects and arrays inside each other", hint="Send less nested JSON."
        )
    )


def _no_constant(name: str) -> NoReturn:
    raise InvalidBody(InvalidInput(f"the body: {name} is not JSON", hint="Send null, or a number."))


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python reads no more than 4,300 digits
        error = InvalidInput(f"the body: a number has {len(digits):,} digits", hint="Send it as a string.")
        raise InvalidBody(error) from None
