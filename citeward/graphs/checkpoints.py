"""A checkpointer that encrypts what any other one stores, and binds each value to its place."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from citeward.errors import CheckpointError
from citeward.graphs.encryption import Cipher, Key, ciphers
from citeward.graphs.state import checkpoint_serializer

SEALED = "sealed"
"""The one channel that the store sees; it holds the whole checkpoint."""
_CLEAR = ("source", "step", "parents", "counters_since_delta_snapshot")
"""LangGraph's own notes, which stores need in the clear to prune. The copy that is read is the sealed one."""


@dataclass(frozen=True, kw_only=True)
class CheckpointPlace:
    """Where a checkpoint is stored."""

    thread_id: str
    namespace: str
    checkpoint_id: str

    @classmethod
    def of(cls, config: RunnableConfig, checkpoint_id: str | None = None) -> CheckpointPlace:
        """The place that a config names; of a checkpoint that is about to be stored, with the id given."""
        configurable = config["configurable"]
        return cls(
            thread_id=str(configurable["thread_id"]),
            namespace=str(configurable.get("checkpoint_ns", "")),
            checkpoint_id=checkpoint_id or str(configurable["checkpoint_id"]),
        )

    @property
    def checkpoint(self) -> list[str]:
        """What the checkpoint itself is bound to."""
        return ["checkpoint", self.thread_id, self.namespace, self.checkpoint_id]

    def write(self, task_id: str, channel: str) -> list[str]:
        """What a task's write is bound to."""
        return ["write", self.thread_id, self.namespace, self.checkpoint_id, task_id, channel]

    def __str__(self) -> str:
        within = f" in {self.namespace!r}" if self.namespace else ""
        return f"checkpoint {self.checkpoint_id} of the thread {self.thread_id!r}{within}"


class EncryptedCheckpointer(BaseCheckpointSaver[Any]):
    """Any LangGraph checkpointer, with all it stores encrypted and bound.

    The store is given one opaque value for each checkpoint and for each pending write, sealed for exactly this thread,
    namespace and checkpoint (and task and channel): copied to another place it is refused with CheckpointError. In the
    clear stand the ids of threads, checkpoints and tasks, the names of channels with pending writes, and LangGraph's
    notes `source`, `step` and `parents`. What an app puts into a config's `metadata` is sealed too; a filter of `list`
    on it is applied after decryption.

    Sync and async methods work as far as the store has them.

    Args:
        saver: The store; it is copied, and its own serializer is not used.
        cipher: Seals and opens.
        serde: Makes values bytes before they are sealed; reads back Citeward's own types and no others by default.
    """

    def __init__(
        self, saver: BaseCheckpointSaver[Any], cipher: Cipher, *, serde: SerializerProtocol | None = None
    ) -> None:
        super().__init__(serde=serde or checkpoint_serializer())
        self.saver = copy(saver)
        self.saver.serde = _ShellSerializer()
        self.cipher = cipher

    @property
    def config_specs(self) -> list[Any]:
        """The store's."""
        return self.saver.config_specs

    def get_next_version(self, current: Any, channel: None) -> Any:
        """The store's."""
        return self.saver.get_next_version(current, channel)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that the config names, or the thread's latest.

        Raises:
            CheckpointError: It was stored for another place, or altered.
        """
        found = self.saver.get_tuple(_plain(config))
        return None if found is None else self._opened(found)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`."""
        found = await self.saver.aget_tuple(_plain(config))
        return None if found is None else self._opened(found)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """The checkpoints, newest first."""
        taken = 0
        listed = self.saver.list(config and _plain(config), before=before, limit=None if filter else limit)
        with closing(cast("Generator[CheckpointTuple]", listed)):
            for found in listed:
                if limit is not None and taken >= limit:
                    break
                opened = self._opened(found)
                if _matches(opened.metadata, filter):
                    taken += 1
                    yield opened

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The checkpoints, newest first."""
        taken = 0
        listed = self.saver.alist(config and _plain(config), before=before, limit=None if filter else limit)
        # Stores keep a lock while they list.
        async with aclosing(cast("AsyncGenerator[CheckpointTuple]", listed)):
            async for found in listed:
                if limit is not None and taken >= limit:
                    break
                opened = self._opened(found)
                if _matches(opened.metadata, filter):
                    taken += 1
                    yield opened

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - the store sees one channel
    ) -> RunnableConfig:
        """Store a checkpoint."""
        shell = self._sealed(config, checkpoint, metadata)
        return self.saver.put(_plain(config), shell, clear_metadata(metadata), shell["channel_versions"])

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - the store sees one channel
    ) -> RunnableConfig:
        """Store a checkpoint."""
        shell = self._sealed(config, checkpoint, metadata)
        return await self.saver.aput(_plain(config), shell, clear_metadata(metadata), shell["channel_versions"])

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote."""
        self.saver.put_writes(_plain(config), self._sealed_writes(config, writes, task_id), task_id, task_path)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote."""
        sealed = self._sealed_writes(config, writes, task_id)
        await self.saver.aput_writes(_plain(config), sealed, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        """Delete all of a thread."""
        self.saver.delete_thread(thread_id)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all of a thread."""
        await self.saver.adelete_thread(thread_id)

    def seal_checkpoint(
        self, place: CheckpointPlace, typed: tuple[str, bytes], metadata: Mapping[str, Any], parent: str | None
    ) -> bytes:
        """A whole checkpoint for its place: serialized, with all its metadata and the id of its parent."""
        kind, data = typed
        whole = {"type": kind, "checkpoint": data, "metadata": dict(metadata), "parent": parent}
        return self.cipher.seal(_joined(self.serde.dumps_typed(whole)), place.checkpoint)

    def seal_write(self, place: CheckpointPlace, typed: tuple[str, bytes], task_id: str, channel: str) -> bytes:
        """One serialized write of a task for its place."""
        return self.cipher.seal(_joined(typed), place.write(task_id, channel))

    def _sealed(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> Checkpoint:
        place = CheckpointPlace.of(config, checkpoint["id"])
        noted = get_serializable_checkpoint_metadata(config, metadata)
        parent = config["configurable"].get("checkpoint_id")
        value = self.seal_checkpoint(place, self.serde.dumps_typed(checkpoint), cast("dict[str, Any]", noted), parent)
        return shell(checkpoint["id"], value)

    def _sealed_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str
    ) -> Sequence[tuple[str, bytes]]:
        place = CheckpointPlace.of(config)
        return [
            (channel, self.seal_write(place, self.serde.dumps_typed(value), task_id, channel))
            for channel, value in writes
        ]

    def _opened(self, found: CheckpointTuple) -> CheckpointTuple:
        place = CheckpointPlace.of(found.config)
        stored: Any = found.checkpoint
        values = stored.get("channel_values") if isinstance(stored, Mapping) else None
        sealed = values.get(SEALED) if isinstance(values, Mapping) else None
        plain = self.cipher.open(sealed, place.checkpoint, what=f"the stored {place}")
        whole = cast("dict[str, Any]", self.serde.loads_typed(_parted(plain)))
        parent = found.parent_config and found.parent_config["configurable"].get("checkpoint_id")
        if parent is not None and parent != whole["parent"]:  # pruning takes parents away
            raise CheckpointError(
                f"the stored {place} names another parent than when it was written: {parent!r}",
                hint="Restore the threads from a copy, or forget this thread.",
            )
        return CheckpointTuple(
            found.config,
            self.serde.loads_typed((whole["type"], whole["checkpoint"])),
            cast("CheckpointMetadata", whole["metadata"]),
            found.parent_config,
            [self._opened_write(place, write) for write in found.pending_writes or ()],
        )

    def _opened_write(self, place: CheckpointPlace, write: PendingWrite) -> PendingWrite:
        task_id, channel, sealed = write
        what = f"what was written to {channel!r} after the {place}"
        plain = self.cipher.open(sealed, place.write(task_id, channel), what=what)
        return (task_id, channel, self.serde.loads_typed(_parted(plain)))


class _ShellSerializer:
    """For what a store is given: sealed values, and shells with one in them.

    What else stands in a store was put there by somebody else. It is not read, and becomes nothing, which is refused
    where it is opened.
    """

    def __init__(self) -> None:
        self._plain = JsonPlusSerializer(allowed_msgpack_modules=())

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """As LangGraph's."""
        return self._plain.dumps_typed(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value; an empty mapping for anything but bytes and plain data."""
        kind, stored = data
        if kind not in ("bytes", "msgpack"):
            return {}
        try:
            return self._plain.loads_typed((kind, stored))
        except ValueError:
            return {}


def encrypted_checkpointer(
    saver: BaseCheckpointSaver[Any], *keys: Key | str, serde: SerializerProtocol | None = None
) -> EncryptedCheckpointer:
    """A checkpointer of your own, with everything it stores encrypted and bound to its thread.

    ::

        saver = encrypted_checkpointer(AsyncPostgresSaver(pool), os.environ["THREADS_KEY"])
        graph = build_chat_graph(services).compile(checkpointer=saver)

    Args:
        saver: Stores the sealed values. What it stored before is refused: `SqliteThreads` and `PostgresThreads` convert
            a database of an older version.
        keys: 32 bytes each, or their base64; the first encrypts, all decrypt.
        serde: Makes values bytes before they are sealed; `checkpoint_serializer()` by default.

    Raises:
        SettingsError: There is no key, or one is not 32 bytes in base64.
    """
    return EncryptedCheckpointer(saver, ciphers(keys), serde=serde)


def shell(checkpoint_id: str, sealed: bytes) -> Checkpoint:
    """What a store is given in place of a checkpoint."""
    # A version of its own each time: stores keep a value by its version, and a checkpoint may be stored twice.
    version = f"{checkpoint_id}.{os.urandom(8).hex()}"
    return Checkpoint(
        v=4,
        id=checkpoint_id,
        ts=datetime.now(UTC).isoformat(),
        channel_values={SEALED: sealed},
        channel_versions={SEALED: version},
        versions_seen={},
        updated_channels=None,
    )


def _joined(typed: tuple[str, bytes]) -> bytes:
    """What a serializer gives, as one value."""
    return typed[0].encode() + b"\0" + typed[1]


def _parted(joined: bytes) -> tuple[str, bytes]:
    kind, _, data = joined.partition(b"\0")
    return kind.decode(), data


def _plain(config: RunnableConfig) -> RunnableConfig:
    """The place that the config names, and nothing else of it: stores copy what they find there into the clear."""
    configurable = config.get("configurable", {})
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": {name: configurable[name] for name in names if name in configurable}}


def clear_metadata(metadata: Mapping[str, Any]) -> CheckpointMetadata:
    """What of a checkpoint's metadata stands in the clear."""
    return cast("CheckpointMetadata", {name: value for name, value in metadata.items() if name in _CLEAR})


def _matches(metadata: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    return all(metadata.get(name) == value for name, value in (wanted or {}).items())
