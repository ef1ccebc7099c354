import errno
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from citeward.errors import (
    NotFound,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from citeward.retrieval.lancedb import LanceStore
from citeward.retrieval.lancedb.faults import faults, translated
from citeward.retrieval.lancedb.space import Space
from citeward.testing.embedding import HashEmbedder
from citeward.testing.suites.retriever import fill, found, sample

EMBEDDER = HashEmbedder()
SPACE = Space(embedder="hash", dimensions=64)


def store_in(folder: Path) -> LanceStore:
    return LanceStore(folder, embedder="hash", dimensions=64)


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    async with store_in(folder) as store:
        await fill(store, EMBEDDER, *(sample(f"d{n}", f"fox {n}", f"bear {n}") for n in range(8)))
        await store.optimize()
    return folder


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EROFS, "Read-only file system"), StoreReadOnly),
        (PermissionError(errno.EACCES, "Permission denied"), StoreReadOnly),
        (RuntimeError("lance error: LanceError(IO): Permission denied (os error 13) at path x"), StoreReadOnly),
        (ValueError('Os { code: 30, kind: ReadOnlyFilesystem, message: "Read-only file system" }'), StoreReadOnly),
        (OSError(errno.ENOSPC, "No space left on device"), StoreFull),
        (RuntimeError("lance error: LanceError(IO): No space left on device (os error 28)"), StoreFull),
        (OSError(errno.EMFILE, "Too many open files"), StoreUnavailable),
        (RuntimeError("lance error: Retryable commit conflict for version 7"), StoreUnavailable),
        (RuntimeError("lance error: Too many concurrent writers"), StoreUnavailable),
        (RuntimeError("lance error: Not found: /x/t.lance/data/1.lance"), StoreCorrupt),
        (RuntimeError("lance error: LanceError(IO): file size is too small"), StoreCorrupt),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), StoreCorrupt),
        (type("PanicException", (BaseException,), {})("index out of range"), StoreCorrupt),
        (ValueError("something else"), StoreError),
        (pa.ArrowInvalid("no such type"), StoreError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:40],
)
def test_every_error_from_below_becomes_one_of_ours(error: BaseException, expected: type[StoreError]) -> None:
    with pytest.raises(StoreError) as raised, faults(Path("/data/store")):
        raise error
    assert type(raised.value) is expected
    assert raised.value.__cause__ is error
    assert "'/data/store'" in raised.value.message and raised.value.hint


def test_a_cancellation_is_left_alone() -> None:
    with pytest.raises(KeyboardInterrupt), faults(Path("x")):
        raise KeyboardInterrupt


def test_source_locations_of_native_code_are_left_out() -> None:
    text = (
        "lance error: LanceError(IO): file size is too small, /root/.cargo/registry/src/i/lance-io/src/utils.rs:172:20"
    )
    assert translated(RuntimeError(text), Path("s")).message.endswith("file size is too small")


def remove_data(table: Path) -> None:
    shutil.rmtree(table / "data")


def remove_versions(table: Path) -> None:
    shutil.rmtree(table / "_versions")


def remove_indexes(table: Path) -> None:
    shutil.rmtree(table / "_indices")


def each(part: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(table: Path) -> None:
        for path in (table / part).iterdir():
            path.write_bytes(change(path.read_bytes()))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        remove_data,
        remove_versions,
        remove_indexes,
        each("data", lambda content: content[: len(content) // 2]),
        each("data", lambda content: bytes(len(content))),
        each("data", lambda _: b""),
        each("_versions", lambda content: content[: len(content) // 2]),
        each("_versions", lambda content: bytes(len(content))),
        each("_versions", lambda _: b"garbage" * 10),
    ],
)
async def test_a_damaged_table_is_corrupt_with_the_way_out(filled: Path, damage: Callable[[Path], None]) -> None:
    damage(filled / SPACE.folder / "t_default.lance")
    async with store_in(filled) as store:
        with pytest.raises(StoreCorrupt) as raised:
            await found(store, EMBEDDER, "fox")
    assert str(filled) in raised.value.message
    assert "delete the folder" in raised.value.hint


async def test_damage_done_while_the_store_is_open_is_noticed(filled: Path) -> None:
    async with store_in(filled) as store:
        assert await store.count() == 16
        shutil.rmtree(filled / SPACE.folder / "t_default.lance" / "_versions")
        with pytest.raises(StoreCorrupt):
            await found(store, EMBEDDER, "fox")
        shutil.rmtree(filled)
        with pytest.raises(NotFound):
            await found(store, EMBEDDER, "fox")
        await fill(store, EMBEDDER, sample("a", "fox"))
        assert await found(store, EMBEDDER, "fox") == ["a"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 2}',
        b'{"format": true, "current": null}',
        b'{"format": 2, "current": {"embedder": "x", "dimensions": null}}',
    ],
)
async def test_a_garbled_manifest_is_corrupt(filled: Path, content: bytes) -> None:
    (filled / "store.json").write_bytes(content)
    with pytest.raises(StoreCorrupt, match=r"store\.json"):
        await store_in(filled).open()


async def test_a_missing_manifest_is_corrupt_only_beside_tables(filled: Path, tmp_path: Path) -> None:
    (filled / "store.json").unlink()
    with pytest.raises(StoreCorrupt, match=r"store\.json"):
        await store_in(filled).count()
    (tmp_path / "empty").mkdir()
    assert await store_in(tmp_path / "empty").count() == 0


async def test_a_store_of_a_newer_format_says_upgrade(filled: Path) -> None:
    (filled / "store.json").write_text('{"format": 3, "embedder": null, "dimensions": null}')
    with pytest.raises(StoreError, match="hint: upgrade"):
        await store_in(filled).open()


async def test_a_store_of_the_older_format_says_to_index_again(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"format": 1, "embedder": "hash", "dimensions": 64}')
    (tmp_path / "t_default.lance").mkdir()
    with pytest.raises(StoreError, match=r"older format 1[\s\S]*hint: delete the folder and run `citeward index`"):
        await store_in(tmp_path).open()


async def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    for folder in (tmp_path / "store", tmp_path / "store" / "below"):
        with pytest.raises(StoreError, match="is not a folder"):
            await fill(store_in(folder), EMBEDDER, sample("a", "fox"))


@pytest.fixture
def mounted_read_only(filled: Path, tmp_path: Path) -> Iterator[Path]:
    point = tmp_path / "mounted"
    point.mkdir()
    if sys.platform != "linux" or subprocess.run(["mount", "--bind", filled, point], capture_output=True).returncode:
        pytest.skip("mounting needs Linux and root")
    try:
        again = subprocess.run(["mount", "-o", "remount,ro,bind", point], capture_output=True)
        if again.returncode:
            pytest.skip("this machine does not mount read-only")
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


async def test_a_read_only_disk_is_read_and_refuses_to_be_written(mounted_read_only: Path) -> None:
    async with store_in(mounted_read_only) as store:
        assert set(await found(store, EMBEDDER, "fox", alpha=0)) == {f"d{n}" for n in range(8)}
        assert (await store.document("d1")).text
        for write in (
            fill(store, EMBEDDER, sample("a", "fox")),
            fill(store, EMBEDDER, sample("a", "fox"), tenant="new"),
            store.delete(["d1"]),
        ):
            with pytest.raises(StoreReadOnly, match=r"Read-only file system[\s\S]*hint: make the folder writable"):
                await write
        assert await store.count() == 16


async def test_a_table_whose_making_was_stopped_is_made_whole(tmp_path: Path) -> None:
    import lancedb

    from citeward.retrieval.lancedb.manifest import Manifest, write_manifest
    from citeward.retrieval.lancedb.rows import schema
    from citeward.retrieval.lancedb.space import make_space

    make_space(tmp_path, SPACE)
    write_manifest(tmp_path, Manifest(current=SPACE))
    connection = await lancedb.connect_async(tmp_path / SPACE.folder)
    await connection.create_table("t_default", schema=schema("default", 64))
    (tmp_path / SPACE.folder / "t_other.lance").mkdir()
    async with store_in(tmp_path) as store:
        assert await store.count(tenant="other") == 0
        for tenant in ("default", "other"):
            await fill(store, EMBEDDER, sample("a", "red fox"), tenant=tenant)
            assert await found(store, EMBEDDER, "foxes", alpha=0, tenant=tenant) == ["a"]
