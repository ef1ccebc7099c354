"""What both stores of threads promise: nothing in the clear, and rows that open in their own place alone."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeAlias

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from typing_extensions import TypedDict

from citeward.contracts.run import CallRecord
from citeward.contracts.tool import ToolResult
from citeward.errors import CheckpointError, SettingsError
from citeward.graphs.checkpoints import EncryptedCheckpointer, encrypted_checkpointer
from citeward.graphs.encryption import Cipher, Key
from citeward.graphs.state import checkpoint_serializer

KEY, NEW = Key(b"k" * 32), Key(b"n" * 32)
SECRET = "ada.canary@example.com"
RESULT = ToolResult(call_id="c", name="pay", content=f"paid {SECRET}")
ADA, BOB = "acme/ada/assistant/t", "other/bob/assistant/t"
Store: TypeAlias = Any
"""Of conftest.py."""


class State(TypedDict, total=False):
    question: str
    kept: str
    flag: bool
    number: int
    parts: list[str]


def _graph(saver: Any) -> Any:
    def keep(state: State) -> State:
        return {"kept": f"kept {state['question']}", "flag": True, "number": 5550100, "parts": [state["question"]]}

    def ask(state: State) -> State:
        return {"question": interrupt({"to": SECRET})}

    graph = StateGraph(State)
    graph.add_node("keep", keep)
    graph.add_node("ask", ask)
    graph.add_edge(START, "keep")
    graph.add_edge("keep", "ask")
    graph.add_edge("ask", END)
    return graph.compile(checkpointer=saver)


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}, "metadata": {"mail": SECRET}}


async def _said(saver: Any, thread: str, question: str = SECRET) -> None:
    """A run that waits: `sync` writes most, the input, each step's writes, each checkpoint and the interrupt."""
    await _graph(saver).ainvoke({"question": question}, _config(thread), durability="sync")


async def _state(saver: Any, thread: str) -> dict[str, Any]:
    found = await saver.aget_tuple({"configurable": {"thread_id": thread}})
    return {} if found is None else dict(found.checkpoint["channel_values"])


async def test_nothing_that_was_said_stands_in_the_clear(store: Store) -> None:
    async with store.opened() as threads:
        await _said(threads, ADA)
        await threads.begin(ADA, "key", attempts=0)
        await threads.finish(ADA, "key", RESULT)
        assert (await _state(threads, ADA))["kept"] == f"kept {SECRET}"
        found = await threads.aget_tuple(_config(ADA))
        assert found.metadata["mail"] == SECRET  # an app's own notes are kept, and read back
        seen = await store.everything()
    assert ADA.encode() in seen  # ids are in the clear, so the right bytes were looked at
    for secret in (b"canary", b"kept ", b"5550100"):
        assert secret not in seen


async def test_a_run_that_waits_is_gone_on_with_by_another_process(store: Store) -> None:
    async with store.opened() as threads:
        await _said(threads, ADA)
    async with store.opened() as threads:
        await _graph(threads).ainvoke(Command(resume="go on"), _config(ADA))
        assert (await _state(threads, ADA))["question"] == "go on"


def _copies(store: Store) -> dict[str, Sequence[str]]:
    """Statements that put Ada's rows elsewhere, by where."""
    tables = ["checkpoints", "writes"] if store.is_file else ["checkpoints", "checkpoint_blobs", "checkpoint_writes"]
    writes = tables[-1]
    return {
        "another tenant": [f"UPDATE {t} SET thread_id = '{BOB}' WHERE thread_id = '{ADA}'" for t in tables],
        "another namespace": [f"UPDATE {t} SET checkpoint_ns = 'sub' WHERE thread_id = '{ADA}'" for t in tables],
        "another checkpoint": [
            "DELETE FROM checkpoints WHERE checkpoint_id <> (SELECT MAX(checkpoint_id) FROM checkpoints)",
            "UPDATE checkpoints SET checkpoint_id = '1fffffff-ffff-6fff-bfff-ffffffffffff'",
        ],
        "another checkpoint's writes": [
            f"DELETE FROM {writes} WHERE checkpoint_id <> (SELECT MIN(checkpoint_id) FROM {writes})",
            f"UPDATE {writes} SET checkpoint_id = (SELECT MAX(checkpoint_id) FROM checkpoints)",
        ],
        "another channel": [f"UPDATE {writes} SET channel = 'kept' WHERE channel = '__interrupt__'"],
        "another task": [f"UPDATE {writes} SET task_id = '0' WHERE channel = '__interrupt__'"],
        "another parent": ["UPDATE checkpoints SET parent_checkpoint_id = checkpoint_id WHERE TRUE"],
    }


@pytest.mark.parametrize(
    "where",
    [
        "another tenant",
        "another namespace",
        "another checkpoint",
        "another checkpoint's writes",
        "another channel",
        "another task",
        "another parent",
    ],
)
async def test_a_row_that_was_put_elsewhere_is_refused_and_the_thread_is_named(store: Store, where: str) -> None:
    async with store.opened() as threads:
        await _said(threads, ADA)
    await store.change(*_copies(store)[where])
    thread = BOB if where == "another tenant" else ADA
    config: Any = {"configurable": {"thread_id": thread, "checkpoint_ns": "sub" if "namespace" in where else ""}}
    async with store.opened() as threads:
        with pytest.raises(CheckpointError, match=f"thread '{thread}'"):
            await threads.aget_tuple(config)
        with pytest.raises(CheckpointError, match=f"thread '{thread}'"):
            [found async for found in threads.alist(config)]


async def test_a_thread_is_not_replaced_by_anothers_latest_checkpoint(store: Store) -> None:
    async with store.opened() as threads:
        await _said(threads, BOB, "mine")
        await _said(threads, ADA)
    # Ada's last checkpoint, as it stands, becomes Bob's latest.
    columns = "checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata"
    last = f"SELECT '{BOB}', {columns} FROM checkpoints WHERE thread_id = '{ADA}' ORDER BY checkpoint_id DESC LIMIT 1"
    moves = [f"INSERT INTO checkpoints (thread_id, {columns}) {last}"]
    if not store.is_file:
        moves.append(
            "INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob) "
            f"SELECT '{BOB}', checkpoint_ns, channel, version, type, blob FROM checkpoint_blobs "
            f"WHERE thread_id = '{ADA}'"
        )
    await store.change(*moves)
    async with store.opened() as threads:
        with pytest.raises(CheckpointError, match=BOB):
            await _state(threads, BOB)
        assert (await _state(threads, ADA))["question"] == SECRET


class _OldCipher:
    """As versions before this one encrypted: nothing is said of a value's place."""

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        name, nonce = f"aes256gcm-{KEY.id}", os.urandom(12)
        return name, nonce + KEY.aead.encrypt(nonce, plaintext, name.encode())

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        return KEY.aead.decrypt(ciphertext[:12], ciphertext[12:], ciphername.encode())


def _old(*, encrypted: bool) -> Any:
    serde = checkpoint_serializer()
    return EncryptedSerializer(_OldCipher(), serde) if encrypted else serde


@pytest.mark.parametrize("encrypted", [True, False])
async def test_what_an_older_version_stored_is_converted_once_and_gone_on_with(store: Store, encrypted: bool) -> None:
    async with store.unbound(_old(encrypted=encrypted)) as saver:
        await _said(saver, ADA)
        old = await saver.aget_tuple(_config(ADA))

    async def read() -> Any:
        async with store.opened() as threads:
            return await threads.aget_tuple(_config(ADA))

    for new in await asyncio.gather(read(), read(), read()):  # servers that start together
        assert new.checkpoint == old.checkpoint
        assert (new.metadata, new.parent_config) == (old.metadata, old.parent_config)
        assert new.pending_writes == old.pending_writes
    seen = await store.everything()
    assert b"canary" not in seen
    assert b"aes256gcm" not in seen
    async with store.opened() as threads:
        await _graph(threads).ainvoke(Command(resume="go on"), _config(ADA))
        assert (await _state(threads, ADA))["question"] == "go on"


async def test_a_conversion_that_was_cut_off_is_begun_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store.unbound(_old(encrypted=True)) as saver:
        await _said(saver, ADA)

    def cut_off(*_: Any) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(EncryptedCheckpointer, "seal_write", cut_off)  # checkpoints are converted before writes
        with pytest.raises(KeyboardInterrupt):
            async with store.opened():
                pass
    async with store.opened() as threads:
        assert (await _state(threads, ADA))["question"] == SECRET
        await _graph(threads).ainvoke(Command(resume="go on"), _config(ADA))


@pytest.mark.parametrize("encrypted", [True, False])
async def test_a_row_of_an_older_version_is_never_taken_after_that(store: Store, encrypted: bool) -> None:
    async with store.opened() as threads:
        await _said(threads, BOB, "mine")
    async with store.unbound(_old(encrypted=encrypted)) as saver:
        await _said(saver, ADA, "planted")
    for _ in range(2):  # nor when the store is opened again
        async with store.opened() as threads:
            with pytest.raises(CheckpointError, match=ADA):
                await _state(threads, ADA)
            assert (await _state(threads, BOB))["question"] == "mine"


async def test_a_store_that_lost_its_mark_is_refused(store: Store) -> None:
    async with store.opened() as threads:
        await _said(threads, BOB, "mine")
    async with store.unbound(_old(encrypted=True)) as saver:
        await _said(saver, ADA, "planted")
    await store.change("PRAGMA user_version = 0" if store.is_file else "DELETE FROM citeward_format")
    with pytest.raises(CheckpointError, match="the mark was taken away"):
        async with store.opened():
            pass


async def test_all_is_encrypted_with_a_new_key(store: Store) -> None:
    async with store.opened() as threads:
        await _said(threads, ADA)
        await threads.begin(ADA, "key", attempts=0)
        await threads.finish(ADA, "key", RESULT)
    async with store.opened(NEW, KEY) as threads:
        assert await threads.rekey() > 3
        assert await threads.rekey() == 0
    async with store.opened(NEW) as threads:
        assert (await _state(threads, ADA))["question"] == SECRET
        assert (await threads.recorded(ADA, "key")).result == RESULT
    async with store.opened() as threads:
        with pytest.raises(CheckpointError, match=NEW.id):
            await _state(threads, ADA)


async def test_a_deleted_thread_leaves_no_row(store: Store) -> None:
    async with store.opened() as threads:
        for thread in (ADA, BOB):
            await _said(threads, thread)
            await threads.begin(thread, "key", attempts=0)
        assert [one.thread_id for one in await threads.stored("acme/")] == [ADA]
        await threads.adelete_thread(ADA)
        assert await _state(threads, ADA) == {}
        assert await threads.recorded(ADA, "key") == CallRecord()
        assert [one.thread_id for one in await threads.stored("")] == [BOB]
        assert ADA.encode() not in await store.everything()


async def test_langgraphs_own_conformance_suite_passes(store: Store) -> None:
    suite = pytest.importorskip("langgraph.checkpoint.conformance")

    @suite.checkpointer_test(name="threads")
    async def threads() -> AsyncIterator[Any]:
        async with store.opened() as opened:
            yield opened

    report = await suite.validate(threads)
    assert report.passed_all()


async def test_a_database_that_does_not_answer_is_our_error() -> None:
    pytest.importorskip("psycopg")
    from citeward.graphs.postgres import PostgresThreads, connection_pool

    pool = connection_pool("postgresql://127.0.0.1:1/none")
    pool.timeout = 0.2
    await pool.open()
    with pytest.raises(CheckpointError, match="could not do it"):
        await PostgresThreads(pool, Cipher([KEY])).setup()
    await pool.close()


def test_any_checkpointer_is_wrapped_sync_methods_too() -> None:
    inner = InMemorySaver()
    saver = encrypted_checkpointer(inner, KEY)
    graph = _graph(saver)
    graph.invoke({"question": SECRET}, _config(ADA))
    graph.invoke(Command(resume=f"on {SECRET}"), _config(ADA))
    assert graph.get_state(_config(ADA)).values["question"] == f"on {SECRET}"
    assert [found.metadata["mail"] for found in saver.list(_config(ADA), filter={"mail": SECRET}, limit=1)] == [SECRET]
    assert list(saver.list(_config(ADA), filter={"mail": "other"})) == []
    held = repr([inner.storage, inner.writes, inner.blobs])
    assert "canary" not in held
    assert "5550100" not in held
    saver.delete_thread(ADA)
    assert saver.get_tuple(_config(ADA)) is None


def test_a_wrapped_checkpointer_refuses_what_it_did_not_store() -> None:
    inner = InMemorySaver()
    _graph(inner).invoke({"question": "planted"}, _config(ADA))
    with pytest.raises(CheckpointError, match=ADA):
        encrypted_checkpointer(inner, KEY).get_tuple(_config(ADA))
    with pytest.raises(SettingsError):
        encrypted_checkpointer(inner)


def test_langgraphs_strict_mode_keeps_the_encryption() -> None:
    saver = encrypted_checkpointer(InMemorySaver(), KEY)
    derived = saver.with_allowlist([("tests", "Own")])
    assert isinstance(derived, EncryptedCheckpointer)
    assert derived.cipher is saver.cipher
