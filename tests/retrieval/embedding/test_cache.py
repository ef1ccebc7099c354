# ruff: noqa: ASYNC220, ASYNC240 - nothing else runs in a test's loop that a small file could keep waiting
import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from citeward.errors import SettingsError
from citeward.retrieval.embedding.cache import VectorCache
from citeward.testing.embedding import HashEmbedder
from citeward.testing.logs import captured_logs

EMBEDDER = HashEmbedder(dimensions=16)


async def vectors_of(*texts: str) -> dict[str, np.ndarray]:
    return dict(zip(texts, await EMBEDDER.embed(texts), strict=True))


async def filled(path: Path, *texts: str) -> VectorCache:
    cache = VectorCache(path)
    await cache.put("m", await vectors_of(*texts))
    return cache


async def known(cache: VectorCache, *texts: str, space: str = "m", dimensions: int = 16) -> list[str]:
    return sorted(await cache.get(space, texts, dimensions=dimensions))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.sqlite"


async def test_vectors_come_back_as_they_were(path: Path) -> None:
    texts = ["", "cat", "日本\ud83d", "x" * 10_000]
    cache = await filled(path, *texts)
    await cache.aclose()
    again = VectorCache(path)
    got = await again.get("m", [*texts, "new"], dimensions=16)
    for text, vector in (await vectors_of(*texts)).items():
        assert got[text].dtype == np.float32 and (got[text] == vector).all()
    assert "new" not in got
    await again.aclose()


async def test_a_vector_is_of_one_space_and_one_length(path: Path) -> None:
    cache = await filled(path, "cat")
    assert await known(cache, "cat") == ["cat"]
    assert await known(cache, "cat", space="other") == []
    assert await known(cache, "cat", dimensions=8) == []
    await cache.aclose()


async def test_the_text_itself_is_not_in_the_file(path: Path) -> None:
    cache = await filled(path, "the salary of Ada Lovelace")
    await cache.aclose()
    assert b"Lovelace" not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert path.stat().st_mode & 0o077 == 0 or os.name == "nt"


async def test_many_texts_are_asked_for_at_once(path: Path) -> None:
    texts = [f"text {n}" for n in range(1200)]
    cache = await filled(path, *texts)
    assert len(await known(cache, *texts, "new")) == 1200
    await cache.aclose()


async def test_it_stays_within_its_size_and_drops_what_was_longest_not_asked_for(path: Path) -> None:
    cache = VectorCache(path, max_bytes=200_000)
    await cache.put("m", await vectors_of("kept", "dropped"))
    for start in range(0, 4000, 200):
        assert "kept" in await known(cache, "kept")
        await cache.put("m", await vectors_of(*(f"text {n}" for n in range(start, start + 200))))
    assert await known(cache, "kept", "dropped", "text 3999") == ["kept", "text 3999"]
    await cache.aclose()
    assert path.stat().st_size < 300_000


async def test_a_cache_smaller_than_one_vector_ends(path: Path) -> None:
    cache = VectorCache(path, max_bytes=1)
    await cache.put("m", await vectors_of("a", "b"))
    assert await known(cache, "a", "b") == []
    await cache.aclose()


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be looked at" * 40, b"SQLite format 3\x00"]
)
async def test_a_file_that_is_no_database_is_set_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with captured_logs() as logs:
        cache = await filled(path, "cat")
    assert await known(cache, "cat") == ["cat"]
    await cache.aclose()
    assert [entry["event"] for entry in logs] == ["embedding.cache_damaged"]
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == content


async def test_a_file_that_is_damaged_while_it_is_open_is_set_aside(path: Path) -> None:
    cache = await filled(path, *(f"text {n}" for n in range(500)))
    await cache.aclose()
    cache = VectorCache(path)
    assert await known(cache, "text 0") == ["text 0"]
    await cache.aclose()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    path.write_bytes(content)
    with captured_logs() as logs:
        assert await known(cache, *(f"text {n}" for n in range(500))) == []
    assert [entry["event"] for entry in logs] == ["embedding.cache_damaged"]
    await cache.put("m", await vectors_of("cat"))
    assert await known(cache, "cat") == ["cat"]
    await cache.aclose()


async def test_a_vector_that_was_altered_is_not_given(path: Path) -> None:
    cache = await filled(path, "cat", "dog")
    await cache.aclose()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE vectors SET vector = zeroblob(64) WHERE rowid = 1")
    database.close()
    assert len(await known(cache, "cat", "dog")) == 1
    await cache.aclose()


async def test_another_programs_database_is_refused_and_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE threads (id)")
    database.close()
    before = path.read_bytes()
    cache = VectorCache(path)
    with pytest.raises(SettingsError, match="something else"):
        await cache.put("m", await vectors_of("cat"))
    await cache.aclose()
    assert path.read_bytes() == before


async def test_a_file_of_another_version_is_begun_anew(path: Path) -> None:
    cache = await filled(path, "cat")
    await cache.aclose()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert await known(cache, "cat") == []
    await cache.put("m", await vectors_of("dog"))
    assert await known(cache, "dog") == ["dog"]
    await cache.aclose()


async def test_a_place_that_cannot_be_written_is_done_without_and_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = VectorCache(tmp_path / "file" / "vectors.sqlite")
    with captured_logs() as logs:
        await cache.put("m", await vectors_of("cat"))
        assert await known(cache, "cat") == []
    await cache.aclose()
    assert [entry["event"] for entry in logs] == ["embedding.cache_off"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    cache = await filled(tmp_path / "vectors.sqlite", "cat")
    assert await known(cache, "cat") == []
    tmp_path.chmod(0o700)


async def test_a_file_that_another_holds_is_passed_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citeward.retrieval.embedding.cached.BUSY_SECONDS", 0.0)
    cache = await filled(path, "cat")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await cache.put("m", await vectors_of("dog"))
    assert await known(cache, "cat", "dog") == ["cat"]
    other.execute("ROLLBACK")
    other.close()
    await cache.put("m", await vectors_of("dog"))
    assert await known(cache, "cat", "dog") == ["cat", "dog"]
    await cache.aclose()


async def test_a_file_that_was_removed_meanwhile_does_no_harm(path: Path) -> None:
    cache = await filled(path, "cat")
    for file in path.parent.iterdir():
        file.unlink()
    await cache.put("m", await vectors_of("dog"))
    await cache.aclose()


async def test_one_cache_may_be_used_by_many_tasks(path: Path) -> None:
    cache = VectorCache(path)

    async def work(n: int) -> None:
        await cache.put("m", await vectors_of(f"text {n}"))
        assert await known(cache, f"text {n}") == [f"text {n}"]

    await asyncio.gather(*(work(n) for n in range(40)))
    await cache.aclose()


WORKER = """
import asyncio, sys
from pathlib import Path
from citeward.retrieval.embedding.cache import VectorCache
from citeward.testing.embedding import HashEmbedder

async def main():
    cache, embedder = VectorCache(Path(sys.argv[1])), HashEmbedder(dimensions=16)
    for start in range(0, 200, 10):
        texts = [f"{sys.argv[2]} {n}" for n in range(start, start + 10)]
        await cache.put("m", dict(zip(texts, await embedder.embed(texts))))
        await cache.get("m", texts, dimensions=16)
    await cache.aclose()

asyncio.run(main())
"""


async def test_several_processes_may_write_at_once(path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", WORKER, str(path)]
    started = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in ("a", "b", "c")]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ended == [("", 0)] * 3
    cache = VectorCache(path)
    for name in ("a", "b", "c"):
        assert len(await known(cache, *(f"{name} {n}" for n in range(200)))) == 200
    await cache.aclose()
    assert list(path.parent.glob("*.damaged-*")) == []


def test_a_size_that_makes_no_sense_is_refused(path: Path) -> None:
    with pytest.raises(SettingsError):
        VectorCache(path, max_bytes=0)
    assert not path.exists()
