"""The server's OpenAPI document: what every route answers, its errors and streams included.

FastAPI knows what comes in. What goes out is written by hand in the handlers, so it is described here, in one place;
a test holds each route's real responses against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from citeward.serving.schemas import output_schema

_REF = "#/components/schemas/{model}"
EVENTS = "text/event-stream"


class ErrorFields(BaseModel):
    """What went wrong."""

    code: str = Field(description="stable; for programs")
    message: str = Field(description="for people")
    hint: str = Field(description="the way out")
    retryable: bool = Field(description="whether the same request may succeed later")
    retry_after: float | None = Field(None, description="seconds after which it may; the header Retry-After has it too")


class Error(BaseModel):
    """An error."""

    error: ErrorFields


class BatchErrorFields(ErrorFields):
    """What went wrong with one input of a batch."""

    status: int = Field(description="the HTTP status that the error means")


class BatchError(BaseModel):
    """An error in the place of one answer of a batch."""

    error: BatchErrorFields


class OpenAIErrorFields(ErrorFields):
    """What went wrong, as OpenAI's clients read it."""

    type: Literal["server_error", "invalid_request_error", "rate_limit_error"]
    param: None = None


class OpenAIError(BaseModel):
    """An error as OpenAI's clients read it."""

    error: OpenAIErrorFields


class RunMetadata(BaseModel):
    """Which run gave an output."""

    run_id: str
    feedback_tokens: list[Any]


class BatchMetadata(BaseModel):
    """Which runs gave the outputs, in their order."""

    responses: list[RunMetadata]
    run_ids: list[str]


class CompletionMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"]
    content: str
    refusal: None
    annotations: list[dict[str, Any]]


class CompletionChoice(BaseModel):
    """The one choice."""

    index: int
    message: CompletionMessage
    logprobs: None
    finish_reason: Literal["stop", "length", "content_filter"]


class CompletionUsage(BaseModel):
    """Tokens of all model calls of the run."""

    model_config = ConfigDict(extra="allow")

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """A `chat.completion`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: CompletionUsage
    citeward: dict[str, Any]


class ModelEntry(BaseModel):
    """An agent as OpenAI's clients see a model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    description: str


class ModelList(BaseModel):
    """The agents."""

    object: Literal["list"]
    data: list[ModelEntry]


class Health(BaseModel):
    """How the server is."""

    model_config = ConfigDict(extra="allow")

    status: str


_MODELS: tuple[type[BaseModel], ...] = (
    Error,
    BatchError,
    OpenAIError,
    RunMetadata,
    BatchMetadata,
    Completion,
    ModelEntry,
    ModelList,
    Health,
)
_REPLIES: Mapping[str, Mapping[str, Any]] = {
    "/invoke": {
        "type": "object",
        "properties": {
            "output": {"$ref": _REF.format(model="Answer")},
            "metadata": {"$ref": _REF.format(model="RunMetadata")},
        },
        "required": ["output", "metadata"],
    },
    "/batch": {
        "type": "object",
        "properties": {
            "output": {
                "type": "array",
                "items": {"anyOf": [{"$ref": _REF.format(model="Answer")}, {"$ref": _REF.format(model="BatchError")}]},
            },
            "metadata": {"$ref": _REF.format(model="BatchMetadata")},
        },
        "required": ["output", "metadata"],
    },
    "/chat/completions": {"$ref": _REF.format(model="Completion")},
    "/models": {"$ref": _REF.format(model="ModelList")},
    "/models/{name}": {"$ref": _REF.format(model="ModelEntry")},
    "/health": {"$ref": _REF.format(model="Health")},
    "/health/ready": {"$ref": _REF.format(model="Health")},
    "_schema": {"type": "object", "description": "a JSON schema"},
}
"""What a route of each ending answers with status 200, as JSON."""
_STREAMS = ("/stream", "/stream_events", "/stream_log", "/chat/completions")
_EVENT: Mapping[str, Any] = {
    "type": "object",
    "description": "one event of the stream",
    "properties": {
        "event": {"type": "string", "enum": ["metadata", "data", "error", "end", "message"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["data"],
}
_EXAMPLE = 'event: data\r\ndata: {"text":"Seven o\'clock. [1]"}\r\n\r\nevent: end\r\ndata: {}\r\n\r\n'
_OPENAI_EXAMPLE = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Seven"}}]}\n\n'
_ANY = {408: "The body did not come in time.", 413: "The body is too large.", 500: "A fault in the server."}
_NAMED = {404: "There is no such agent, thread or model."}
_INVALID = {422: "The request does not fit."}
_BUSY = {503: "The server is shutting down, or takes no more for now."}
_RUN = {
    400: "The project or its settings do not allow the run.",
    409: "Another run uses the thread.",
    413: "The body or the question is too long.",
    429: "A budget is spent, or the model's server asks to slow down.",
    502: "The model's server gave an error.",
    503: "The server, a store or the model is not available now.",
    504: "The run's deadline passed, or the model was silent for too long.",
    507: "No room is left to store the thread.",
}


def describe(app: FastAPI) -> None:
    """Give the application its OpenAPI document, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    _, made = models_json_schema([(model, "serialization") for model in _MODELS], ref_template=_REF)
    answer = dict(output_schema(_REF))
    components |= made["$defs"] | answer.pop("$defs") | {"Answer": answer}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"] = _responses(path, method, operation)
    return document


def _responses(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    reply = next((schema for end, schema in _REPLIES.items() if path.endswith(end)), None)
    if method == "delete":
        responses["204"] = {"description": "It is deleted."}
    else:
        content: dict[str, Any] = {"application/json": {"schema": reply}} if reply else {}
        if path.endswith(_STREAMS):
            example = _OPENAI_EXAMPLE if path.startswith("/v1/") else _EXAMPLE
            content[EVENTS] = {"schema": _EVENT, "example": example}
        responses["200"] = {"description": "Done.", "content": content}
    errors = _ANY | _BUSY | (_RUN if method == "post" else {})
    parameters = operation.get("parameters", ())
    errors |= _NAMED if parameters or method == "post" else {}
    errors |= _INVALID if parameters or method == "post" else {}
    errors |= {503: _RUN[503], 507: _RUN[507]} if method == "delete" else {}
    error: dict[str, Any] = {"$ref": _REF.format(model="OpenAIError" if path.startswith("/v1/") else "Error")}
    for status, description in sorted(errors.items()):
        # Which part does not answer; or, of a server that is shutting down, an error as any other.
        schema = {"anyOf": [reply, error]} if path.startswith("/health") and status == 503 else error
        responses[str(status)] = {"description": description, "content": {"application/json": {"schema": schema}}}
        if status in (429, 503):
            responses[str(status)]["headers"] = {
                "Retry-After": {"schema": {"type": "integer"}, "description": "seconds, if a time is known"}
            }
    return responses
