import httpx
import pytest

from citeward.errors import CitewardError, NotFound, StoreError, StoreReadOnly, StoreUnavailable
from citeward.retrieval.weaviate.faults import SpaceMissing, TenantMissing, faults, translated

client = pytest.importorskip("weaviate.exceptions")
URL = "http://127.0.0.1:8080"


def answer(status: int) -> httpx.Response:
    return httpx.Response(status, json={"error": "no"}, request=httpx.Request("GET", URL))


@pytest.mark.parametrize(
    ("error", "kind", "retryable", "hint"),
    [
        (client.WeaviateConnectionError("refused"), StoreUnavailable, True, "grpc_port"),
        (client.WeaviateStartUpError("no"), StoreUnavailable, True, "grpc_port"),
        (client.WeaviateTimeoutError("slow"), StoreUnavailable, True, "try again"),
        (client.WeaviateQueryError("The request failed after 5 retries", "GRPC"), StoreUnavailable, True, "try again"),
        (client.WeaviateBatchError("StatusCode.UNAVAILABLE"), StoreUnavailable, True, "try again"),
        (client.WeaviateBatchError("not enough memory"), StoreUnavailable, True, "try again"),
        (client.UnexpectedStatusCodeError("x", answer(503)), StoreUnavailable, True, "try again"),
        (client.UnexpectedStatusCodeError("x", answer(429)), StoreUnavailable, True, "try again"),
        (httpx.ConnectError("refused"), StoreUnavailable, True, "try again"),
        (ConnectionResetError("reset"), StoreUnavailable, True, "try again"),
        (client.UnexpectedStatusCodeError("x", answer(401)), StoreError, False, "CITEWARD_STORE__API_KEY"),
        (client.UnexpectedStatusCodeError("x", answer(403)), StoreError, False, "CITEWARD_STORE__API_KEY"),
        (client.AuthenticationFailedError("no"), StoreError, False, "CITEWARD_STORE__API_KEY"),
        (client.WeaviateQueryError("unauthorized: invalid api key", "GRPC"), StoreError, False, "API_KEY"),
        (client.WeaviateQueryError('x: tenant not found: "t"', "GRPC"), TenantMissing, False, "index"),
        (client.WeaviateQueryError("could not find class X in schema", "GRPC"), SpaceMissing, True, "try again"),
        (client.WeaviateBatchError("store is read-only"), StoreReadOnly, False, "READY"),
        (client.WeaviateUnsupportedFeatureError("alias", "1.30.0", "1.32.0"), StoreError, False, "upgrade"),
        (ValueError("what"), StoreError, False, "report"),
    ],
)
def test_every_error_of_the_client_becomes_one_of_ours(
    error: Exception, kind: type[CitewardError], retryable: bool, hint: str
) -> None:
    said = translated(error, URL)
    assert type(said) is kind and said.retryable is retryable
    assert hint in said.hint and URL in said.message


def connection_lost(text: str) -> Exception:
    """As the client raises it: its text says what was asked for, the cause what happened."""
    error = client.WeaviateConnectionError(text)
    error.__cause__ = httpx.ConnectError("All connection attempts failed")
    return error  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "asked_for", ["Collection may not exist.", "Alias may not exist.", "Property may not exist", "tenant not found"]
)
def test_a_lost_connection_is_not_taken_for_what_the_client_says_of_the_request(asked_for: str) -> None:
    for error in (connection_lost(asked_for), client.UnexpectedStatusCodeError(asked_for, answer(503))):
        said = translated(error, URL)
        assert type(said) is StoreUnavailable and asked_for not in said.message
    assert "All connection attempts failed" in translated(connection_lost(asked_for), URL).message


@pytest.mark.parametrize(
    "text", ["class name X already exists", "create alias: alias X_current already exists", "Tenant already exists"]
)
def test_what_already_exists_may_be_tried_again(text: str) -> None:
    response = httpx.Response(422, json={"error": [{"message": text}]}, request=httpx.Request("POST", URL))
    said = translated(client.UnexpectedStatusCodeError("Could not create", response), URL)
    assert type(said) is StoreUnavailable and said.retryable and text in said.message


def test_nothing_else_comes_out_and_ours_passes_unchanged() -> None:
    mine = NotFound("x", hint="y")
    with pytest.raises(NotFound) as caught, faults(URL):
        raise mine
    assert caught.value is mine
    with pytest.raises(StoreUnavailable) as translated_, faults(URL):
        raise TimeoutError("slow")
    assert isinstance(translated_.value.__cause__, TimeoutError)


def test_a_message_is_one_line_without_what_only_the_transport_understands() -> None:
    text = '<AioRpcError:\n\tstatus = StatusCode.UNKNOWN\n\tdetails = "it broke"\n\tdebug_error_string = "file.cc:1"\n>'
    message = translated(client.WeaviateQueryError(text, "GRPC"), URL).message
    assert "it broke" in message and "file.cc" not in message and "\n" not in message
