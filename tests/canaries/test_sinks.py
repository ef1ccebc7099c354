"""Which place shows which secret: those that may hold it do, and no other does, in whatever spelling.

The secrets are an e-mail address, an API key and a card's number of each of four origins. What stands below holds under
the shipped policy, for a model on another machine that repeats all that it is shown.

- The **user's** are taken out of the question. They come back in what the user is told, and stand, encrypted, in the
  thread. They are in no request to the model, no log, no trace, no cache and no file.
- The **document's** are shown to whoever may read the document, the model that answers from it among them.
- The **tool's** are taken out of its result. They come back where the model names their placeholders.
- What the **model** makes up itself is replaced for good, and is nowhere.
"""

import base64
import html
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.slow

HOLDS, MAY = "holds", "may"
NOTHING: dict[str, str] = {}
TOLD = {"user": HOLDS, "document": HOLDS, "tool": HOLDS}
READ = {"document": HOLDS}
TABLE: dict[str, dict[str, str]] = {
    "POST /invoke": TOLD,
    "POST /stream": TOLD,
    "POST /{agent}/invoke": TOLD,
    "POST /{agent}/stream": TOLD,
    "errors": NOTHING,
    "events": TOLD,
    "said": TOLD,
    "callbacks": READ,
    "callbacks: what was said": TOLD,
    "astream_events": READ,
    "astream_events: what was said": TOLD,
    "debug output": READ,
    "state, decrypted": TOLD,
    "state, as it is shown": READ,
    "remote model": READ,
    "cache": READ,
    "files": NOTHING,
    "store's files": {"document": MAY},
    "logs": NOTHING,
    "meter": NOTHING,
    "repr": NOTHING,
}
"""By sink, what it holds or may hold; nothing else may be in it."""
CALLERS_OWN = {"user": MAY, "document": MAY, "tool": MAY}
"""For a route that takes a question and has no line of its own: its answer goes to the one who asked."""
ORIGINS = ("user", "document", "tool", "model")


def _rule(sink: str) -> dict[str, str]:
    if sink in TABLE:
        return TABLE[sink]
    return CALLERS_OWN if sink.startswith("POST ") else NOTHING


def _secrets(evidence: Any, origin: str) -> list[str]:
    planted = evidence.planted[origin]
    return [planted.email, planted.key, planted.card]


def _forms(secret: str) -> Iterator[bytes]:
    """The secret as it stands, and as the usual encodings write it, in lower case."""
    raw = secret.encode()
    yield from (raw, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), html.escape(secret).encode())
    yield from (raw.hex().encode(), raw[::-1], secret.encode("utf-16-le"))
    yield "".join(f"\\u{ord(char):04x}" for char in secret).encode()
    for shift in range(3):
        # Whatever stands before it: the letters that are its alone.
        whole = base64.b64encode(b"\0" * shift + raw)
        yield whole[4 if shift else 0 : len(whole) - 4]
        yield base64.urlsafe_b64encode(b"\0" * shift + raw)[4 if shift else 0 : len(whole) - 4]


_BETWEEN = re.compile(rb"[\s\-.+_/]|%20")


@cache
def _readings(seen: bytes) -> tuple[bytes, bytes]:
    """In lower case, and without separators too."""
    lower = seen.lower()
    return lower, _BETWEEN.sub(b"", lower)


def _is_in(secret: str, seen: bytes) -> bool:
    lower, joined = _readings(seen)
    if any(form.lower() in lower for form in _forms(secret)):
        return True
    return _BETWEEN.sub(b"", secret.encode().lower()) in joined


def test_every_route_was_called(evidence: Any) -> None:
    assert evidence.routes == evidence.existing
    assert {("POST", "/invoke"), ("POST", "/stream"), ("GET", "/health")} <= evidence.routes


def test_every_sink_of_the_table_was_written_to(evidence: Any) -> None:
    assert set(TABLE) <= set(evidence.sinks)
    assert all(len(evidence.sinks[sink]) > 20 for sink in TABLE)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_secret_is_where_it_may_be_and_nowhere_else(evidence: Any, origin: str) -> None:
    leaks, missing = [], []
    for sink, seen in evidence.sinks.items():
        for secret in _secrets(evidence, origin):
            rule = _rule(sink).get(origin)
            if origin in ("user", "tool") and secret == evidence.planted[origin].key:
                # A credential that went behind a placeholder comes back to nobody; the vault alone has it.
                rule = MAY if sink == "state, decrypted" else None
            found = _is_in(secret, seen)
            if found and rule is None:
                leaks.append((sink, secret))
            if not found and rule == HOLDS:
                missing.append((sink, secret))
    assert (leaks, missing) == ([], [])


def test_a_redis_server_is_given_what_stands_in_documents_alone(evidence_of_redis: Any) -> None:
    seen = evidence_of_redis.sinks["redis"]
    held = {origin: [_is_in(secret, seen) for secret in _secrets(evidence_of_redis, origin)] for origin in ORIGINS}
    assert held == {"user": [False] * 3, "document": [True] * 3, "tool": [False] * 3, "model": [False] * 3}


def test_the_thread_is_in_the_files_and_only_encrypted(evidence: Any) -> None:
    files = evidence.sinks["files"]
    assert b"threads.sqlite" in files
    assert b"default/anonymous/assistant/" in files
    assert b"cw2" in files  # what begins each sealed value
    assert b"msgpack\x00" not in files


def test_the_remote_model_was_shown_placeholders(evidence: Any) -> None:
    seen = evidence.sinks["remote model"]
    assert all(f"<{kind}_1>".encode() in seen for kind in ("EMAIL", "API_KEY", "CREDIT_CARD"))


def test_what_the_model_made_up_was_replaced_before_the_user_saw_it(evidence: Any) -> None:
    assert b"Write to [EMAIL] and [API_KEY] and [CREDIT_CARD]" in evidence.sinks["events"]


@pytest.mark.parametrize(
    "write",
    [
        str,
        str.upper,
        lambda secret: secret.replace(" ", "-"),
        lambda secret: json.dumps({"a": secret}),
        lambda secret: quote(f"/{secret}"),
        lambda secret: base64.b64encode(f"x{secret}yy".encode()).decode(),
        lambda secret: base64.b64encode(f"xy{secret}".encode()).decode(),
        lambda secret: secret.encode().hex(),
    ],
)
def test_the_search_itself_finds_what_is_there(evidence: Any, write: Any) -> None:
    for origin in ORIGINS:
        for secret in _secrets(evidence, origin):
            assert _is_in(secret, f"before {write(secret)} after".encode())
            assert not _is_in(secret, b"before and after")
