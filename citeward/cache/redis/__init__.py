"""Answers that several processes share, on a Redis server."""

from __future__ import annotations

from citeward.cache.redis.cache import RedisCache

__all__ = ["RedisCache"]
