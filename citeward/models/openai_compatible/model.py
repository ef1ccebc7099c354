"""A model behind an endpoint that speaks the OpenAI chat protocol."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any

from citeward.contracts.model import Delta, Location, ModelInfo, ModelRequest
from citeward.endpoint.refusal import shape
from citeward.errors import CitewardError
from citeward.models.openai_compatible.body import body
from citeward.models.openai_compatible.chunks import deltas
from citeward.models.openai_compatible.dialect import GENERIC, Dialect
from citeward.models.openai_compatible.sse import DONE, Payloads
from citeward.models.openai_compatible.transport import Transport


class OpenAICompatibleModel:
    """A `Model` of any server that speaks the OpenAI chat protocol, streamed.

    Making one opens nothing. Connections are pooled, one pool an event loop; proxies and certificates come from the
    environment (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE). A call is tried again only while nothing of its answer has
    come: what the caller was given is never given twice. Closing the stream before its end closes the connection, on
    which vLLM and its like stop computing; one that was read to its end serves the next call.

    Args:
        url: Up to and with the version, as `http://127.0.0.1:8001/v1`.
        model: The model's name on the server.
        info: What it is; made of the rest where None.
        api_key: Sent as a bearer token; never part of an error, a log or the repr.
        dialect: How the server differs from others of the protocol.
        connect_timeout: Seconds for reaching the server.
        timeout: Seconds that may pass without a byte: until the first token, and between two.
        retries: Further tries before the first byte of an answer.
        headers: Sent with every request.
        extra: Fields laid over the body of every request, as `{"chat_template_kwargs": {"enable_thinking": False}}`.

    Raises:
        SettingsError: A url, key or timeout that cannot be used.

    Example:
        >>> OpenAICompatibleModel("http://127.0.0.1:8001/v1", "qwen-7b").info.location
        <Location.LOCAL: 'local'>
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        info: ModelInfo | None = None,
        api_key: str | None = None,
        dialect: Dialect = GENERIC,
        connect_timeout: float = 5.0,
        timeout: float = 60.0,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        told = info or ModelInfo(name=model, location=Location.of(url), tools=True)
        self._transport = Transport(
            url,
            name=told.name,
            api_key=api_key,
            connect_timeout=connect_timeout,
            timeout=timeout,
            retries=retries,
            headers=headers or {},
        )
        self._model = model
        self._info = replace(told, continues="exactly") if dialect.continues else told
        self._dialect = dialect
        self._extra = dict(extra or {})

    def __repr__(self) -> str:
        return f"OpenAICompatibleModel({self._transport.server!r}, {self._model!r})"

    @property
    def info(self) -> ModelInfo:
        """As given, with how its server continues a text."""
        return self._info

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The answer piece by piece; the last deltas are the finish reason and the usage.

        Raises:
            InvalidInput: A part of the request out of range.
            ModelTimeout: The server was silent for too long, or the request's own time is over.
            BadResponse: What came is not the protocol, or ended before its end.
            AuthenticationFailed, NotFound, RateLimited, Overloaded, ContextTooLong, ContentFiltered, ModelUnavailable,
            ModelError: As the server said.
        """
        content = _encoded(body(request, model=self._model, dialect=self._dialect, extra=self._extra))
        until = None if request.timeout is None else time.monotonic() + request.timeout
        response = await self._transport.post(content, until)
        payloads, ended, finished = Payloads(), False, False
        said: list[str] = []
        try:
            while not ended and (data := await self._transport.read(response, until)):
                for payload in payloads.feed(data):
                    if payload == DONE:
                        ended = True
                        break
                    for delta in deltas(self._parsed(payload), server=self._transport.name):
                        finished = finished or delta.finish_reason is not None
                        said.append(delta.text)
                        yield delta
            if payloads.unfinished and not ended:
                raise self._transport.bad("ended its answer in the middle of an event")
            if not finished:
                raise self._transport.bad("ended its answer before the end")
            await self._transport.end(response)
        except CitewardError as error:
            # An error in the middle of a stream may repeat the prompt, or the answer, which nobody has checked.
            error.detail = self._transport.words(error.detail, content, "".join(said)) if error.detail else ""
            self._transport.log(error)
            raise
        finally:
            response.close()

    def _parsed(self, payload: bytes) -> Any:
        import orjson

        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise self._transport.bad(f"sent an event that is not JSON ({shape(payload)})") from error

    async def aclose(self) -> None:
        """Give back the running loop's connections; a later call opens new ones."""
        await self._transport.aclose()


def _encoded(value: Any) -> bytes:
    """JSON in UTF-8; a lone surrogate, which has no place in it, becomes a question mark."""
    import orjson

    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
