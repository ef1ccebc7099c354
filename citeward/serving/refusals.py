"""Errors as each format tells them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeward.contracts.event import Failed
from citeward.errors import (
    CallerError,
    CitewardError,
    InternalError,
    InvalidInput,
    ModelError,
    NotFound,
    from_exception,
)
from citeward.logs import get_logger, masked, traced
from citeward.serving.waiting import retry_after

_OPENAI = ("/v1/chat/", "/v1/models")
"""Paths under which errors are told as OpenAI's API tells them."""

logger = get_logger(__name__)


class InvalidBody(HTTPException):
    """A body that is refused while it is parsed, which only this kind of exception gets out of."""

    def __init__(self, error: InvalidInput) -> None:
        super().__init__(error.status, error.message)
        self.error = error


class Failures:
    """ASGI middleware: no exception goes further than here. One before the response is told as any error is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception as error:
            if scope["type"] != "http":
                raise
            failed = noted(error)
            if not started:
                await refusal(failed, scope["path"])(scope, receive, send)


def handle_errors(app: FastAPI) -> None:
    """Let every error of ours, every body that does not fit, and every path that is not there be told by `refusal`."""
    app.add_exception_handler(CitewardError, _citeward_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Failures)


def noted(error: Exception) -> CitewardError:
    """The error that a client is sent for any exception. What it may not be sent goes to the log, masked."""
    failed = from_exception(error)
    if isinstance(failed, InternalError):
        logger.error("request.failed", code=failed.code, detail=traced(error))
    elif not isinstance(failed, CallerError):
        # What a model's server said was logged where the request was known, which it may repeat.
        detail = "" if isinstance(failed, ModelError) else masked(failed.detail)
        logger.warning("request.failed", code=failed.code, reason=failed.message, detail=detail)
    return failed


def refusal(error: CitewardError, path: str, *, status: int | None = None) -> JSONResponse:
    """The error with its HTTP status, in the format of the path that was asked."""
    fields = openai_error(error) if path.startswith(_OPENAI) else error.to_dict()
    return _Escaped({"error": fields}, status_code=status or error.status, headers=retry_after(error.retry_after))


def openai_error(error: CitewardError | Failed) -> dict[str, Any]:
    """The error as OpenAI's clients read it, with our own fields beside it."""
    fields = _fields(error)
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    return {
        **fields,
        "message": _sentence(fields),
        "type": "rate_limit_error" if error.status == 429 else kind,
        "param": None,
    }


def langserve_error(error: CitewardError | Failed) -> dict[str, Any]:
    """The error as the `error` event of LangServe's streams has it, with our own fields beside it."""
    fields = _fields(error)
    return {**fields, "status_code": error.status, "message": _sentence(fields)}


def _fields(error: CitewardError | Failed) -> dict[str, object]:
    if isinstance(error, CitewardError):
        return error.to_dict()
    fields = {"code": error.code, "message": error.message, "hint": error.hint, "retryable": error.retryable}
    return fields if error.retry_after is None else {**fields, "retry_after": error.retry_after}


def _sentence(fields: dict[str, object]) -> str:
    return f"{fields['message']} (hint: {fields['hint']})"


class _Escaped(JSONResponse):
    """JSON of ASCII characters alone, as a message may name a value with half a character."""

    def render(self, content: Any) -> bytes:
        import json

        return json.dumps(content).encode("ascii")


async def _citeward_error(request: Request, error: Exception) -> JSONResponse:
    return refusal(noted(error), request.url.path)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """What the web framework refuses by itself."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if isinstance(error, InvalidBody):
        return refusal(error.error, path)
    if error.status_code == 404:
        return refusal(NotFound(f"there is nothing at {path!r}", hint="The routes are listed at /docs."), path)
    if error.status_code == 400:
        return refusal(InvalidInput("the body cannot be parsed", hint="Send JSON, in UTF-8."), path)
    failed = CallerError(f"{request.method} {path}: {error.detail}", hint="The routes are listed at /docs.")
    response = refusal(failed, path, status=error.status_code)
    response.headers.update(error.headers or {})  # a 405 names the methods that there are (RFC 9110, 15.5.6)
    return response


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    path = request.url.path
    shape = '{"messages": [{"role": "user", "content": "…"}]}'
    if not path.startswith(_OPENAI):
        shape = '{"inputs": ["…"]}' if path.endswith("/batch") else '{"input": {"question": "…"}}'
    hint = f"Send JSON such as {shape}." if request.method == "POST" else "The routes are listed at /docs."
    return refusal(InvalidInput(f"{place}: {first['msg'].removeprefix('Value error, ')}", hint=hint), path)
