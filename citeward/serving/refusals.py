"""Errors as each format tells them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from citeward.contracts.event import Failed
from citeward.errors import CallerError, CitewardError, InvalidInput, NotFound
from citeward.serving.waiting import retry_after

_OPENAI = ("/v1/chat/", "/v1/models")
"""Paths under which errors are told as OpenAI's API tells them."""


def handle_errors(app: FastAPI) -> None:
    """Let every error of ours, every body that does not fit, and every path that is not there be told by `refusal`."""
    app.add_exception_handler(CitewardError, _citeward_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


def refusal(error: CitewardError, path: str, *, status: int | None = None) -> JSONResponse:
    """The error with its HTTP status, in the format of the path that was asked."""
    told = openai_error(error) if path.startswith(_OPENAI) else error.to_dict()
    return JSONResponse({"error": told}, status_code=status or error.status, headers=retry_after(error.retry_after))


def openai_error(error: CitewardError | Failed) -> dict[str, Any]:
    """The error as OpenAI's clients read it, with our own fields beside it."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    return {
        "message": f"{error.message} (hint: {error.hint})",
        "type": "rate_limit_error" if error.status == 429 else kind,
        "param": None,
        "code": error.code,
        "hint": error.hint,
        "retryable": error.retryable,
    }


async def _citeward_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CitewardError)
    return refusal(error, request.url.path)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """What the web framework refuses by itself."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        return refusal(NotFound(f"there is nothing at {path!r}", hint="The routes are listed at /docs."), path)
    if error.status_code == 400:
        return refusal(InvalidInput(f"the body: {error.detail}", hint="Send JSON, in UTF-8."), path)
    told = CallerError(f"{request.method} {path}: {error.detail}", hint="The routes are listed at /docs.")
    return refusal(told, path, status=error.status_code)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    path = request.url.path
    shape = '{"messages": [{"role": "user", "content": "…"}]}'
    if not path.startswith(_OPENAI):
        shape = '{"inputs": ["…"]}' if path.endswith("/batch") else '{"input": {"question": "…"}}'
    return refusal(InvalidInput(f"{place}: {first['msg']}", hint=f"Send JSON such as {shape}."), path)
