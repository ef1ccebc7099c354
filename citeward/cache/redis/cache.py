"""The exact tier on a Redis server, with vectors beside its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from citeward.cache.entry import Near, question_key, scope_key, storable
from citeward.cache.redis.mirror import Mirror
from citeward.cache.redis.server import Server
from citeward.cache.redis.turns import LEASE, RedisTurns
from citeward.contracts.answer import Answer
from citeward.contracts.cache import Scope, Turns
from citeward.contracts.retrieval import Vector
from citeward.logs import get_logger

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = "1"
"""Part of every key: a version of Citeward that stores answers otherwise does not read these."""
_AT_ONCE = 500

logger = get_logger(__name__)


class RedisCache:
    """Answers that every process sees which shares the server; each is gone by itself after its time to live.

    The server needs no modules. Its memory is bounded by its own `maxmemory`, best with the policy `allkeys-lru`.
    While it does not answer, every look-up is a miss, and one line in the log says so.

    Args:
        url: As `redis://user:password@host:6379/0`, `rediss://` for TLS, or `unix://path`.
        entries: Newest questions of each scope among which `near` searches.
        ttl: Seconds that an answer may be given again.
        namespace: Begins every key, after `citeward:`. Projects that share a server each need their own, for the
            scope of an answer says nothing of the project.
        space: The embedder's name: vectors of different embedders are never compared.
        timeout: Seconds that the server may take.
        lease: Seconds after which the turn of a process that was killed is over.

    Raises:
        SettingsError: The address cannot be used, or the package `redis` is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        entries: int = 1000,
        ttl: float = 3600.0,
        namespace: str = "default",
        space: str = "",
        timeout: float = 1.0,
        lease: float = LEASE,
    ) -> None:
        self._server = Server(url, timeout=timeout)
        self._ttl = ttl
        self._prefix = f"citeward:{FORMAT}:{namespace}:"
        self._space = space
        self._mirror = Mirror(self._server, limit=entries)
        self._turns = RedisTurns(self._server, key=lambda question, scope: self._key("t", scope, question), lease=lease)

    @property
    def turns(self) -> Turns:
        """Who computes what, among all processes."""
        return self._turns

    async def get(self, question: str, scope: Scope, /) -> Answer | None:
        """The answer to the same words in exactly this scope; None where there is none, or no server."""
        key = self._key("a", scope, question)
        raw = await self._server.ask(lambda client: client.get(key), otherwise=None)
        answer = _loaded(raw, key) if raw is not None else None
        return replace(answer, cached=True, cache="exact") if answer is not None else None

    async def put(self, question: str, answer: Answer, scope: Scope, /) -> None:
        """Keep the answer; one that was refused or blocked is left out."""
        await self.keep(question, answer, scope, vector=None)

    async def keep(self, question: str, answer: Answer, scope: Scope, /, *, vector: Vector | None) -> None:
        """Keep the answer with its question's vector, by which `near` finds it."""
        kept = storable(answer)
        if kept is None or not _encodable(question):
            return
        key, raw = self._key("a", scope, question), _answers().dump_json(kept)
        # The answer first: a question that is found without its answer would only be passed over.
        await self._server.ask(lambda client: client.set(key, raw, px=max(1, int(1000 * self._ttl))), otherwise=None)
        if vector is not None:
            await self._mirror.add(self._stream(scope), question, vector, ttl=self._ttl)

    async def near(self, vector: Vector, scope: Scope, /, *, threshold: float, limit: int) -> Sequence[Near]:
        """The nearest questions of the scope with at least this cosine that still have an answer, nearest first."""
        stream = self._stream(scope)
        found = await self._mirror.near(stream, vector, threshold=threshold, limit=limit)
        if not found:
            return found
        keys = [self._key("a", scope, near.question) for near in found]
        there = await self._server.ask(lambda client: client.mget(keys), otherwise=None)
        if there is None:
            return []
        for near, raw in zip(found, there, strict=True):
            if raw is None:
                self._mirror.forget(stream, near.question)
        return [near for near, raw in zip(found, there, strict=True) if raw is not None]

    async def clear(self) -> int:
        """Forget everything in this namespace, for every process; returns how many answers were kept."""
        self._mirror.clear()
        pattern = f"{_escaped(self._prefix)}[as]:*"

        async def remove(client: Any) -> int:
            found = 0
            keys: list[bytes] = []
            async for key in client.scan_iter(match=pattern, count=_AT_ONCE):
                keys.append(key)
                found += key.startswith(f"{self._prefix}a:".encode())
                if len(keys) == _AT_ONCE:
                    await client.unlink(*keys)
                    keys.clear()
            if keys:
                await client.unlink(*keys)
            return found

        return await self._server.ask(remove, otherwise=0)

    async def close(self) -> None:
        """End the turns that are still held, and give back the connections."""
        await self._turns.close()
        await self._server.close()

    def _key(self, kind: str, scope: Scope, question: str) -> str:
        return f"{self._prefix}{kind}:{scope_key(scope)}:{question_key(question)}"

    def _stream(self, scope: Scope) -> str:
        return f"{self._prefix}s:{scope_key(scope)}:{self._space}"


@cache
def _answers() -> TypeAdapter[Answer]:
    from pydantic import TypeAdapter

    return TypeAdapter(Answer)


def _loaded(raw: bytes, key: str) -> Answer | None:
    try:
        return _answers().validate_json(raw)
    except ValueError:
        logger.warning("cache.unreadable", key=key)
        return None


def _encodable(question: str) -> bool:
    """Whether it is Unicode; a lone surrogate, which only a broken client sends, is not worth an entry."""
    return question.isascii() or not any("\ud800" <= char <= "\udfff" for char in question)


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "*?[]\\" else char for char in text)
