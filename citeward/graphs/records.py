"""The rows of a store of threads: tool calls' results, and rows encrypted anew or bound for the first time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from citeward.contracts.tool import ToolResult
from citeward.errors import CheckpointError
from citeward.graphs.checkpoints import SEALED, CheckpointPlace, EncryptedCheckpointer, clear_metadata, shell
from citeward.graphs.encryption import Cipher, sealed_with

Row = Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a SQLite file. Its rows are read in the order of their ids; the stored value is the last column."""

    select: str
    """Takes the id after which it begins, and how many rows it gives."""
    update: str
    """Takes the new columns, the row's id and the value that was read."""
    bound: Callable[[EncryptedCheckpointer, Row], tuple[Any, ...]]
    """The new columns of a row that an older version stored."""
    resealed: Callable[[EncryptedCheckpointer, Row], tuple[Any, ...]]
    """The new columns of a row of this version, under the first key."""


def sealed_result(cipher: Cipher, thread_id: str, key: str, result: ToolResult) -> bytes:
    """A tool call's result as it is stored."""
    return cipher.seal(json.dumps(asdict(result)).encode(), _call(thread_id, key))


def opened_result(cipher: Cipher, thread_id: str, key: str, stored: bytes | None) -> ToolResult | None:
    """The result that was stored; None when there is none yet. Raises CheckpointError when it is not of this place."""
    if stored is None:
        return None
    what = f"the stored result of a tool call in the thread {thread_id!r}"
    return ToolResult(**json.loads(cipher.open(stored, _call(thread_id, key), what=what)))


def resealed_result(cipher: Cipher, thread_id: str, key: str, stored: bytes) -> bytes:
    """The stored result under the first key."""
    return cipher.reseal(stored, _call(thread_id, key), what=f"a tool call's result in the thread {thread_id!r}")


def unbound(cipher: Cipher, kind: str, stored: bytes) -> tuple[str, bytes]:
    """What an older version stored, encrypted or in the clear, as its serializer gave it."""
    plain, _, name = kind.partition("+")
    return (plain, cipher.open_unbound(name, stored)) if name else (kind, stored)


def refuse_bound(channel_values: object, place: object) -> None:
    """Raise when what is about to be bound is bound already: then the store has lost its mark, or was tampered with."""
    if isinstance(channel_values, Mapping) and SEALED in channel_values:
        raise CheckpointError(
            f"the {place} is bound, but the threads are not marked as converted: the mark was taken away",
            hint="Restore the threads from a copy, or move them away to begin anew.",
        )


def _call(thread_id: str, key: str) -> list[str]:
    return ["call", thread_id, key]


def _bound_checkpoint(saver: EncryptedCheckpointer, row: Row) -> tuple[Any, ...]:
    _, thread_id, namespace, checkpoint_id, parent, kind, metadata, stored = row
    place = CheckpointPlace(thread_id=thread_id, namespace=namespace, checkpoint_id=checkpoint_id)
    typed = unbound(saver.cipher, kind, stored)
    checkpoint = saver.serde.loads_typed(typed)
    refuse_bound(checkpoint.get("channel_values") if isinstance(checkpoint, Mapping) else None, place)
    noted = json.loads(metadata) if metadata else {}
    sealed = saver.seal_checkpoint(place, typed, noted, parent)
    kind, stored = saver.saver.serde.dumps_typed(shell(checkpoint_id, sealed))
    return kind, json.dumps(clear_metadata(noted)).encode(), stored


def _resealed_checkpoint(saver: EncryptedCheckpointer, row: Row) -> tuple[Any, ...]:
    _, thread_id, namespace, checkpoint_id, _, kind, metadata, stored = row
    place = CheckpointPlace(thread_id=thread_id, namespace=namespace, checkpoint_id=checkpoint_id)
    whole = saver.saver.serde.loads_typed((kind, stored))
    sealed = whole["channel_values"].get(SEALED)
    if isinstance(sealed, bytes) and sealed_with(sealed) == saver.cipher.key_id:
        return kind, metadata, stored
    new = saver.cipher.seal(saver.cipher.open(sealed, place.checkpoint, what=f"the stored {place}"), place.checkpoint)
    kind, stored = saver.saver.serde.dumps_typed(shell(checkpoint_id, new))
    return kind, metadata, stored


def _write_place(row: Row) -> tuple[CheckpointPlace, list[str]]:
    _, thread_id, namespace, checkpoint_id, task_id, channel = row[:6]
    place = CheckpointPlace(thread_id=thread_id, namespace=namespace, checkpoint_id=checkpoint_id)
    return place, place.write(task_id, channel)


def _bound_write(saver: EncryptedCheckpointer, row: Row) -> tuple[Any, ...]:
    place, _ = _write_place(row)
    task_id, channel, kind, stored = row[4:]
    if kind == "bytes" and sealed_with(stored):
        refuse_bound({SEALED: stored}, place)
    sealed = saver.seal_write(place, unbound(saver.cipher, kind, stored), task_id, channel)
    return saver.saver.serde.dumps_typed(sealed)


def _resealed_write(saver: EncryptedCheckpointer, row: Row) -> tuple[Any, ...]:
    place, words = _write_place(row)
    kind, stored = row[6:]
    return kind, saver.cipher.reseal(stored, words, what=f"what was written after the {place}")


def _resealed_call(saver: EncryptedCheckpointer, row: Row) -> tuple[Any, ...]:
    _, thread_id, key, stored = row
    return (resealed_result(saver.cipher, thread_id, key, stored),)


def _nothing(_saver: EncryptedCheckpointer, _row: Row) -> tuple[Any, ...]:
    raise AssertionError("older versions recorded no tool calls")


CHECKPOINTS = Table(
    select="SELECT rowid, thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, metadata, checkpoint "
    "FROM checkpoints WHERE rowid > ? ORDER BY rowid LIMIT ?",
    update="UPDATE checkpoints SET type = ?, metadata = ?, checkpoint = ? WHERE rowid = ? AND checkpoint = ?",
    bound=_bound_checkpoint,
    resealed=_resealed_checkpoint,
)
WRITES = Table(
    select="SELECT rowid, thread_id, checkpoint_ns, checkpoint_id, task_id, channel, type, value "
    "FROM writes WHERE rowid > ? ORDER BY rowid LIMIT ?",
    update="UPDATE writes SET type = ?, value = ? WHERE rowid = ? AND value = ?",
    bound=_bound_write,
    resealed=_resealed_write,
)
CALLS = Table(
    select="SELECT rowid, thread_id, key, result "
    "FROM citeward_calls WHERE rowid > ? AND result IS NOT NULL ORDER BY rowid LIMIT ?",
    update="UPDATE citeward_calls SET result = ? WHERE rowid = ? AND result = ?",
    bound=_nothing,
    resealed=_resealed_call,
)
