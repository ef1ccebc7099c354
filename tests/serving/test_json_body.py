"""Bodies that are JSON and still cannot be taken are refused by the field, before a run begins."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.serving import json_body
from citeward.serving.json_body import DEPTH
from citeward.serving.refusals import InvalidBody

QUESTION = "When does the harbour master open the port of Lund?"
ROUTES = ("/invoke", "/batch", "/stream", "/stream_events", "/stream_log", "/assistant/stream_events")


def _post(server: str, path: str, metadata: str) -> httpx.Response:
    field = '"inputs": [%s]' if path == "/batch" else '"input": %s'
    body = f'{{{field % json.dumps(QUESTION)}, "config": {{"metadata": {metadata}}}}}'
    return httpx.post(server + path, content=body, headers={"content-type": "application/json"}, timeout=60)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ("[" * 100 + "]" * 100, "config.metadata: more than 32"),
        ('{"a":' * 200 + "1" + "}" * 200, "config.metadata.a: more than 32"),
        ("[" * 40_000, "config.metadata: more than 32"),
        ('{"a":' + "[{}," * 40 + "1" + "]" * 40 + "}", "config.metadata.a: more than 32"),
        ('{"big": "' + "x" * 20_000 + '"}', "metadata: has 20,011 bytes"),
        ('{"s": "\\ud800"}', "metadata: holds text with half a character"),
        ('{"\\udfff": 1}', "metadata: holds text with half a character"),
        ('{"n": NaN}', "NaN is not JSON"),
        ('{"n": -Infinity}', "-Infinity is not JSON"),
        ('{"n": ' + "9" * 5_000 + "}", "5,000 digits"),
        ('"x"', "metadata: Input should be a valid dictionary"),
        ("null", "metadata: Input should be a valid dictionary"),
    ],
)
def test_metadata_that_no_stream_could_repeat_is_refused(server: str, path: str, metadata: str, named: str) -> None:
    reply = _post(server, path, metadata)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (422, "invalid_input")
    assert named in error["message"]
    assert "Value error" not in error["message"]


BRACKETS = json.dumps({"s": "[" * 20 + '"' + "{" * 20})


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("metadata", ['{"n": 123456789012345678901234567890}', '{"n": 1e400}', BRACKETS])
def test_metadata_that_is_only_odd_is_taken(server: str, path: str, metadata: str) -> None:
    reply = _post(server, path, metadata)
    assert reply.status_code == 200
    if "stream" in path:
        assert reply.text.strip().endswith("event: end\r\ndata: {}")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"tags": ["x" * 201]}, "config.tags.0"),
        ({"tags": ["x"] * 101}, "config.tags"),
        ({"tags": [1]}, "config.tags.0"),
        ({"configurable": {"thread_id": ["x"]}}, "config.configurable.thread_id"),
        ({"max_concurrency": 0}, "config.max_concurrency"),
    ],
)
def test_the_rest_of_a_config_is_refused_by_its_field(server: str, config: dict[str, Any], named: str) -> None:
    reply = httpx.post(server + "/stream_events", json={"input": QUESTION, "config": config})
    assert reply.status_code == 422
    assert reply.json()["error"]["message"].startswith(named)


def test_what_a_filter_names_has_limits(server: str) -> None:
    reply = httpx.post(server + "/stream_events", json={"input": QUESTION, "include_names": ["x" * 201]})
    assert (reply.status_code, reply.json()["error"]["message"].split(":")[0]) == (422, "include_names.0")


def test_openais_route_refuses_depth_in_its_own_shape(server: str) -> None:
    body = {"messages": [{"role": "user", "content": QUESTION}], "metadata": json.loads("[" * 40 + "]" * 40)}
    reply = httpx.post(server + "/v1/chat/completions", json=body)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["param"]) == (422, "invalid_request_error", None)
    assert error["message"].startswith("metadata: more than 32")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(item) for item in value.values()), default=0)
    return 1 + max((_depth(item) for item in value), default=0) if isinstance(value, list) else 0


@pytest.mark.fuzz
@given(_VALUES, st.integers(0, DEPTH + 8), st.booleans())
def test_depth_is_counted_as_a_parser_counts_it(value: object, around: int, ascii_only: bool) -> None:
    for at in range(around):
        value = [value] if at % 2 else {"k": value}
    text = json.dumps(value, ensure_ascii=ascii_only)
    refused = False
    try:
        json_body._check_depth(text)
    except InvalidBody:
        refused = True
    assert refused == (_depth(value) > DEPTH)


@pytest.mark.parametrize("unit", ['"', '\\"', '"\\', '["', '{"a":"', '"]', "[]", '"a":'])
def test_looking_costs_what_the_text_is_long(unit: str) -> None:
    """Each character is in one token: what does not end is not begun anew at each quotation mark."""
    for text in (unit * 500, unit * 1_000):
        tokens = [token.span() for token in json_body._TOKEN.finditer(text)]
        assert sum(end - start for start, end in tokens) <= len(text)
