"""A scope's vectors as this process knows them: read once, then only what is new."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from citeward.cache.entry import Near
from citeward.cache.redis.server import Server
from citeward.cache.rows import Rows
from citeward.contracts.retrieval import Vector

SCOPES = 64
"""Scopes that are mirrored; the one longest not asked for is read anew when it is asked for again."""
FIELDS = (b"q", b"v")


class _Mirrored:
    def __init__(self) -> None:
        self.rows: Rows[str] = Rows()
        self.last = b"0-0"


class Mirror:
    """The vectors of recent questions, searched in process.

    The server keeps a bounded stream of (question, vector) for each scope. A search reads what was added since the
    last one and compares here, so the server sends each vector once to each process and needs no search module. The
    mirror only proposes: whether an answer is still there, its own key says.

    Args:
        server: Where the streams are.
        limit: Newest questions of a scope that are searched.
    """

    def __init__(self, server: Server, *, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._scopes: OrderedDict[str, _Mirrored] = OrderedDict()

    async def add(self, stream: str, question: str, vector: Vector, *, ttl: float) -> None:
        """Tell every process of a question in the scope whose stream this is."""
        entry = {FIELDS[0]: question.encode(), FIELDS[1]: np.asarray(vector, "<f4").tobytes()}

        async def write(client: Any) -> None:
            pipe = client.pipeline(transaction=True)
            pipe.xadd(stream, entry, maxlen=self._limit, approximate=True)
            pipe.pexpire(stream, max(1, int(1000 * ttl)))
            await pipe.execute()

        await self._server.ask(write, otherwise=None)

    async def near(self, stream: str, vector: Vector, *, threshold: float, limit: int) -> list[Near]:
        """The nearest questions, nearest first; some of them may have no answer any more."""
        mirrored = self._scopes.setdefault(stream, _Mirrored())
        self._scopes.move_to_end(stream)
        while len(self._scopes) > SCOPES:
            self._scopes.popitem(last=False)
        added: list[tuple[bytes, dict[bytes, bytes]]] = await self._server.ask(
            lambda client: client.xrevrange(stream, max="+", min=b"(" + mirrored.last, count=self._limit), otherwise=[]
        )
        for number, fields in reversed(added):
            mirrored.last = max(mirrored.last, number, key=_order)
            read = _read(fields, len(vector))
            if read is not None:
                mirrored.rows.add(*read)
        for question in mirrored.rows.oldest(len(mirrored.rows) - self._limit):
            mirrored.rows.drop(question)
        found = mirrored.rows.nearest(vector, threshold=threshold, limit=limit)
        return [Near(question=question, similarity=similarity) for question, similarity in found]

    def forget(self, stream: str, question: str) -> None:
        """The question's answer is gone."""
        if stream in self._scopes:
            self._scopes[stream].rows.drop(question)

    def clear(self) -> None:
        """Forget every scope; the next search reads the streams from their beginning."""
        self._scopes.clear()


def _order(number: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = number.partition(b"-")
    return int(milliseconds), int(sequence or 0)


def _read(fields: dict[bytes, bytes], dimensions: int) -> tuple[str, Vector] | None:
    """The question and its vector; None where another program wrote something else."""
    raw, question = fields.get(FIELDS[1], b""), fields.get(FIELDS[0])
    if question is None or len(raw) != 4 * dimensions:
        return None
    return question.decode("utf-8", "replace"), np.frombuffer(raw, "<f4").astype(np.float32)
