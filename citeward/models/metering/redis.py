"""The books on a Redis server, which several processes share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from citeward.contracts.metering import Allowance, Hold, ModelCall, Spend, Spender
from citeward.endpoint.loops import PerLoop
from citeward.errors import ModelUnavailable, SettingsError, StoreUnavailable
from citeward.logs import get_logger
from citeward.models.metering.memory import DUST, day_of, least_left

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
DAYS = 3
"""Days for which a tenant's day is kept."""
THREAD_DAYS = 30
"""Days after its last call for which a thread's totals are kept."""
_RESERVE = """
local gone = tonumber(redis.call('HGET', KEYS[1], 'cost') or '0') + tonumber(redis.call('HGET', KEYS[1], 'held') or '0')
if gone + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return 0 end
redis.call('HINCRBYFLOAT', KEYS[1], 'held', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
"""Looks and takes in one step: Redis runs a script alone."""

logger = get_logger(__name__)


class RedisMeter:
    """A `Meter` whose totals are shared by all processes that name the same server. Making one opens nothing.

    A tenant's day is one hash, `PREFIX:spend:DAY:TENANT`, with what was spent and what is set aside; both change by
    HINCRBYFLOAT. What a process had set aside when it was killed stays set aside until the day is over. Where the
    server is away, a call whose budget it must be asked for fails with StoreUnavailable; what a call came to is kept
    here and booked with the next one.

    Args:
        url: As redis://127.0.0.1:6379/0, rediss:// for TLS.
        allowance: What may be spent.
        prefix: Of the keys' names.
        clock: Unix time in seconds.
        timeout: Seconds that the server may take.

    Raises:
        SettingsError: A url that cannot be used.
        ModelUnavailable: The package `redis` is not installed.
    """

    def __init__(
        self,
        url: str,
        allowance: Allowance | None = None,
        *,
        prefix: str = "citeward",
        clock: Callable[[], float] = time.time,
        timeout: float = 2.0,
    ) -> None:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise SettingsError(
                f"{url!r} is no address of a Redis server", hint="Write it as redis://127.0.0.1:6379/0."
            )
        self._url = url
        self._allowance = allowance or Allowance()
        self._prefix = prefix
        self._clock = clock
        self._timeout = timeout
        self._clients: PerLoop[Redis] = PerLoop(self._client)
        self._owed: list[tuple[Hold, Spender, ModelCall]] = []

    def __repr__(self) -> str:
        return f"RedisMeter(prefix={self._prefix!r})"

    @property
    def allowance(self) -> Allowance:
        """As given."""
        return self._allowance

    async def left(self, tenant: str, /, *, spent: float = 0.0) -> float | None:
        """The least of what is left to the tenant today and to a run that has cost `spent` so far."""
        gone = 0.0
        if self._allowance.tenant_per_day is not None:
            key = self._day_key(tenant, day_of(self._clock()))
            cost, held = await self._asked(self._redis.hmget(key, ["cost", "held"]))
            gone = float(cost or 0) + max(0.0, float(held or 0))
        return least_left(self._allowance, today=gone, run=spent)

    async def reserve(self, tenant: str, amount: float, /) -> Hold | None:
        """Set money aside; None where the tenant has not that much left today."""
        day = day_of(self._clock())
        limit = self._allowance.tenant_per_day
        if not amount or limit is None:
            return Hold(tenant=tenant, day=day, amount=0.0)
        key = self._day_key(tenant, day)
        taken = await self._asked(
            self._redis.eval(_RESERVE, 1, key, repr(amount), repr(limit + DUST), str(DAYS * 86_400))
        )
        return Hold(tenant=tenant, day=day, amount=amount) if taken else None

    async def settle(self, hold: Hold, spender: Spender, call: ModelCall, /) -> None:
        """Book what the call came to, on the day on which it began; what cannot be booked now is booked later."""
        self._owed.append((hold, spender, call))
        while self._owed:
            owed = self._owed.pop(0)
            try:
                await self._booked(*owed)
            except StoreUnavailable as error:
                self._owed.insert(0, owed)
                logger.warning("metering.owed", calls=len(self._owed), reason=error.message)
                return

    async def spent(self, tenant: str, /, *, thread_id: str | None = None) -> Spend:
        """Totals of the tenant's calls today, or of one of its threads."""
        day = day_of(self._clock())
        key = self._day_key(tenant, day) if thread_id is None else self._thread_key(tenant, thread_id)
        told = await self._asked(self._redis.hgetall(key))
        return Spend(
            calls=int(told.get("calls", 0)),
            input_tokens=int(told.get("input_tokens", 0)),
            output_tokens=int(told.get("output_tokens", 0)),
            cost=float(told.get("cost", 0)),
        )

    async def aclose(self) -> None:
        """Give back the running loop's connections; a later call opens new ones."""
        client = self._clients.pop()
        if client is not None:
            await client.aclose()

    async def _booked(self, hold: Hold, spender: Spender, call: ModelCall) -> None:
        # MULTI: the money is never both set aside and spent, nor neither.
        batch = self._redis.pipeline(transaction=True)
        day = self._day_key(hold.tenant, hold.day)
        if hold.amount:
            batch.hincrbyfloat(day, "held", -hold.amount)
        _add(batch, day, Spend.of(call), days=DAYS)
        if spender.thread_id:
            thread = self._thread_key(spender.tenant, spender.thread_id)
            _add(batch, thread, Spend.of(call), days=THREAD_DAYS)
        await self._asked(batch.execute())

    @property
    def _redis(self) -> Any:
        return self._clients.get()

    def _client(self) -> Redis:
        try:
            from redis.asyncio import Redis
        except ModuleNotFoundError as error:
            raise ModelUnavailable("the package 'redis' is not installed", hint="pip install redis") from error
        return Redis.from_url(
            self._url, decode_responses=True, socket_timeout=self._timeout, socket_connect_timeout=self._timeout
        )

    async def _asked(self, question: Awaitable[T]) -> T:
        from redis.exceptions import RedisError

        try:
            return await question
        except (RedisError, OSError) as error:
            raise StoreUnavailable(
                f"the Redis server that keeps the budgets does not answer: {error}",
                hint="Is it running? See [cache] url in citeward.toml.",
            ) from error

    def _day_key(self, tenant: str, day: str) -> str:
        return f"{self._prefix}:spend:{day}:{tenant}"

    def _thread_key(self, tenant: str, thread_id: str) -> str:
        return f"{self._prefix}:thread:{len(tenant)}:{tenant}:{thread_id}"


def _add(batch: Any, key: str, spend: Spend, *, days: int) -> None:
    batch.hincrby(key, "calls", spend.calls)
    batch.hincrby(key, "input_tokens", spend.input_tokens)
    batch.hincrby(key, "output_tokens", spend.output_tokens)
    batch.hincrbyfloat(key, "cost", spend.cost)
    batch.expire(key, days * 86_400)
