"""The OpenAPI document against what the routes really answer, errors and streams included."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from citeward.errors import CitewardError, RateLimited, StoreUnavailable
from citeward.serving.refusals import refusal

QUESTION = "When does the harbour master open the port of Lund?"
ASK = {"input": QUESTION}
CHAT = {"messages": [{"role": "user", "content": QUESTION}]}
DEEP: Any = json.loads('{"a":' * 40 + "1" + "}" * 40)


def _requests() -> Iterator[tuple[str, str, Any]]:
    """Each operation of the document, the path to ask, and the body."""
    for agent, prefix in (("", ""), ("/{agent}", "/assistant"), ("/{agent}", "/nobody")):
        for run in ("/invoke", "/stream", "/stream_events", "/stream_log"):
            metadata = (
                {**ASK, "config": {"metadata": value}} for value in (DEEP, {"x": "y" * 20_000}, {"x": "\ud800"})
            )
            for body in (ASK, {"input": ""}, {"input": "x" * 60_000}, {}, b"{", b"x" * 150_000, *metadata):
                yield f"post {agent}{run}", f"{prefix}{run}", body
        for body in ({"inputs": [QUESTION, ""]}, {"inputs": []}, {"inputs": "x"}, {"inputs": [""], "config": [{}, {}]}):
            yield f"post {agent}/batch", f"{prefix}/batch", body
        for name in ("input_schema", "output_schema", "config_schema"):
            yield f"get {agent}/{name}", f"{prefix}/{name}", None
        for thread in ("absent", "a%20b"):
            yield f"delete {agent}/threads/{{thread_id}}", f"{prefix}/threads/{thread}", None
    bad = ({**CHAT, "model": "nobody"}, {**CHAT, "n": 2}, {"messages": []}, {}, b"[")
    for body in (CHAT, {**CHAT, "stream": True}, *bad):
        yield "post /v1/chat/completions", "/v1/chat/completions", body
    yield "get /v1/models", "/v1/models", None
    for name in ("assistant", "nobody"):
        yield "get /v1/models/{name}", f"/v1/models/{name}", None
    for path in ("/health", "/health/ready"):
        yield f"get {path}", path, None


@pytest.fixture(scope="module")
def document(server: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(server + "/openapi.json", timeout=60).json()
    return found


def _validate(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    """References are looked up in the document's own definitions."""
    whole = {"allOf": [schema], "components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def _check(document: dict[str, Any], operation: str, reply: httpx.Response) -> None:
    method, path = operation.split(" ")
    responses = document["paths"][path][method]["responses"]
    assert str(reply.status_code) in responses, (operation, reply.status_code, reply.text[:200])
    content = responses[str(reply.status_code)].get("content", {})
    if not content:
        assert reply.content == b""
        return
    kind = reply.headers["content-type"].split(";")[0]
    assert kind in content, (operation, kind)
    schema = content[kind]["schema"]
    if kind == "application/json":
        _validate(document, schema, reply.json())
        return
    events = reply.text.replace("\r\n", "\n").strip().split("\n\n")
    assert events
    for event in events:
        _validate(document, schema, dict(line.split(": ", 1) for line in event.split("\n")))


@pytest.mark.parametrize("operation", sorted({operation for operation, _, _ in _requests()}))
def test_what_a_route_answers_is_what_the_document_says(server: str, document: dict[str, Any], operation: str) -> None:
    for described, path, body in _requests():
        if described != operation:
            continue
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if content is not None else {}
        method = operation.split()[0].upper()
        _check(document, operation, httpx.request(method, server + path, content=content, headers=headers, timeout=60))


def test_every_operation_is_tried_here(document: dict[str, Any]) -> None:
    described = {f"{method} {path}" for path, methods in document["paths"].items() for method in methods}
    assert described == {operation for operation, _, _ in _requests()}


def test_every_status_that_an_error_can_have_is_described_for_runs(document: dict[str, Any]) -> None:
    def statuses(kind: type[CitewardError]) -> Iterator[int]:
        yield kind.status
        for child in kind.__subclasses__():
            if child.__module__ == "citeward.errors":
                yield from statuses(child)

    for path, methods in document["paths"].items():
        if "post" in methods:
            # 403 and 415 are of what no run over HTTP has: rights of others, and files.
            missing = {str(status) for status in statuses(CitewardError)} - set(methods["post"]["responses"])
            assert missing <= {"403", "415"}, path


def test_every_reference_leads_somewhere_and_every_schema_is_one(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert document["openapi"].startswith("3.1")
    assert "HTTPValidationError" not in schemas
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    prefix = '"#/components/schemas/'
    referred = {part.split('"')[0] for part in json.dumps(document).split(prefix)[1:]}
    assert referred and referred <= set(schemas)
    assert "text" not in schemas["Verdict"]["properties"]


def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(server: str) -> None:
    reply = httpx.put(server + "/invoke", json=ASK)
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(("path", "name"), [("/invoke", "Error"), ("/v1/chat/completions", "OpenAIError")])
def test_errors_with_and_without_a_wait_fit_their_schema(document: dict[str, Any], path: str, name: str) -> None:
    for error in (RateLimited("slow", hint="Wait.", retry_after=2.5), StoreUnavailable("gone", hint="Wait.")):
        body = json.loads(bytes(refusal(error, path).body))
        _validate(document, {"$ref": f"#/components/schemas/{name}"}, body)
