"""What the client, its transports and the server raise, as errors of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from citeward.errors import CitewardError, NotFound, StoreError, StoreReadOnly, StoreUnavailable

_DENIED = re.compile(
    r"unauthori[sz]ed|unauthenticated|forbidden|permission.?denied|anonymous access|invalid api.?key", re.IGNORECASE
)
_READ_ONLY = re.compile(r"read[- _]?only", re.IGNORECASE)
_UNAVAILABLE = re.compile(
    r"unavailable|deadline.?exceeded|resource.?exhausted|connection (refused|reset)|cannot connect|could not connect|"
    r"connection to weaviate failed|did not start up|timed? ?out|after \d+ retries|leader|not enough memory|"
    r"memory pressure|too many requests|overload|shutting down|shutdown|not ready|transport|goaway|cancell?ed|"
    r"context deadline|status code: (429|5\d\d)|broken pipe|stream removed|loading|eof\b",
    re.IGNORECASE,
)
_NO_TENANT = re.compile(r"tenant not found|tenant .*not found", re.IGNORECASE)
_NO_COLLECTION = re.compile(
    r"could not find class|class .*not found|index not found|collection .*not exist", re.IGNORECASE
)
_EXISTS = re.compile(r"already exist", re.IGNORECASE)
_TOO_MANY, _SERVER_ERRORS = 429, 500
_UNAVAILABLE_TYPES = frozenset(
    {"WeaviateConnectionError", "WeaviateStartUpError", "WeaviateGRPCUnavailableError", "WeaviateTimeoutError"}
    | {"WeaviateRetryError", "WeaviateClosedClientError", "TransportError"}
)
_DENIED_TYPES = frozenset({"AuthenticationFailedError", "InsufficientPermissionsError", "MissingScopeError"})


class TenantMissing(NotFound):
    """The server knows no such tenant."""


class SpaceMissing(StoreUnavailable):
    """A collection is not there any more; opened anew, the store finds the current one."""


@contextmanager
def faults(url: str) -> Iterator[None]:
    """Around every call into the client: nothing but Citeward's errors comes out.

    Args:
        url: The server's; messages name it.
    """
    try:
        yield
    except CitewardError:
        raise
    except Exception as error:
        raise translated(error, url) from error


def translated(error: Exception, url: str) -> CitewardError:
    """The error of ours that says what `error` means for the server at `url`."""
    kinds, status = {kind.__name__ for kind in type(error).__mro__}, getattr(error, "status_code", None)
    if isinstance(error, (OSError, TimeoutError)) or kinds & _UNAVAILABLE_TYPES:
        # The client's text says what was asked for ("Collection may not exist"), its cause what happened.
        return unavailable(url, _first(str(error.__cause__ or error)) or type(error.__cause__ or error).__name__)
    text = str(error)
    busy = status is not None and (status == _TOO_MANY or status >= _SERVER_ERRORS)
    if busy:
        text = str(getattr(error, "error", None) or f"status code: {status}")  # likewise: only what the server says
    said = _first(text) or type(error).__name__
    if kinds & _DENIED_TYPES or status in (401, 403):
        return denied(url, said)
    if _NO_TENANT.search(text):
        return TenantMissing(f"a tenant is not there on the server {url!r}: {said}", hint="index some documents first")
    if _NO_COLLECTION.search(text):
        return SpaceMissing(
            f"the index on the server {url!r} was deleted or replaced: {said}",
            hint="try again; where it stays, run `citeward index`",
        )
    if "WeaviateQueryError" in kinds and _DENIED.search(text):
        return denied(url, said)
    if "Disk usage" in text or _READ_ONLY.search(text):
        return StoreReadOnly(
            f"the server {url!r} takes no writes: {said}",
            hint="it does so when its disk is nearly full: make room, then set its shards to READY",
        )
    if _EXISTS.search(text):
        return StoreUnavailable(
            f"the server {url!r} has already made what was to be made: {said}",
            hint="an earlier attempt was cut off, or another process was first; try again",
        )
    if busy or "AioRpcError" in kinds or _UNAVAILABLE.search(text):
        return unavailable(url, said)
    if "WeaviateUnsupportedFeatureError" in kinds:
        return StoreError(f"the server {url!r} is too old: {said}", hint="upgrade it to Weaviate 1.33 or newer")
    return StoreError(f"the server {url!r} failed: {said}", hint="see the cause above; report it if it stays")


def unavailable(url: str, said: str) -> StoreUnavailable:
    """The error for a server that does not answer."""
    return StoreUnavailable(
        f"the server {url!r} does not answer: {said}",
        hint="see that it runs and that [store] url and grpc_port are right; then try again",
    )


def exhausted(url: str, seconds: float, attempts: int, last: CitewardError | None) -> StoreUnavailable:
    """The error for a deadline that ran out, with the last failure if there was one."""
    tries = f"{attempts} attempt{'' if attempts == 1 else 's'}"
    said = f"no answer within {seconds:.1f} s ({tries})"
    if last is None:
        return unavailable(url, said)
    return StoreUnavailable(f"{said}; the last failure: {last.message}", hint=last.hint)


def denied(url: str, said: str) -> StoreError:
    """The error for a server that wants another key, or none of ours."""
    return StoreError(
        f"the server {url!r} refuses access: {said}",
        hint="set the key as CITEWARD_STORE__API_KEY, and see on the server what it may do",
    )


def _first(text: str) -> str:
    """One line of a message, without what only the transport understands."""
    text = text.split("debug_error_string")[0]
    if details := re.search(r'details = "(.*?)"\n', text):
        text = details[1]
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:297] + "..."
