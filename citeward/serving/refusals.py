"""Errors as each format tells them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from citeward.contracts.event import Failed
from citeward.errors import CitewardError, InvalidInput

_OPENAI = ("/v1/chat/", "/v1/models")
"""Paths under which errors are told as OpenAI's API tells them."""


def handle_errors(app: FastAPI) -> None:
    """Let every error of ours, and every body that does not fit its schema, be told by `refusal`."""
    app.add_exception_handler(CitewardError, _citeward_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)


def refusal(error: CitewardError, path: str) -> JSONResponse:
    """The error with its HTTP status, in the format of the path that was asked."""
    after = getattr(error, "retry_after", None)
    headers = {} if after is None else {"Retry-After": f"{after:.0f}"}
    told = openai_error(error) if path.startswith(_OPENAI) else error.to_dict()
    return JSONResponse({"error": told}, status_code=error.status, headers=headers)


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


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    path = request.url.path
    shape = '{"messages": [{"role": "user", "content": "…"}]}'
    if not path.startswith(_OPENAI):
        shape = '{"inputs": ["…"]}' if path.endswith("/batch") else '{"input": {"question": "…"}}'
    return refusal(InvalidInput(f"{place}: {first['msg']}", hint=f"Send JSON such as {shape}."), path)
