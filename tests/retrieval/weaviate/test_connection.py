import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from citeward.errors import SettingsError, StoreError, StoreUnavailable
from citeward.retrieval.weaviate import WeaviateStore
from citeward.retrieval.weaviate.connection import Address, Connection, address
from citeward.retrieval.weaviate.embedded import binary_name, newest
from citeward.retrieval.weaviate.faults import SpaceMissing


def test_an_address_is_read_from_the_url() -> None:
    assert address("http://localhost:8080", grpc_host=None, grpc_port=50051) == Address(
        host="localhost", port=8080, secure=False, grpc_host="localhost", grpc_port=50051
    )
    assert address("https://w.example.com/", grpc_host="grpc.example.com", grpc_port=443) == Address(
        host="w.example.com", port=443, secure=True, grpc_host="grpc.example.com", grpc_port=443
    )


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x", "http://", "http://x:port", "http://x/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="hint: give it as http://HOST:PORT"):
        WeaviateStore(url)


def test_other_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"grpc_port": 0}, {"embedder": "x"}, {"dimensions": 3}, {"collection": "lower"}):
        with pytest.raises(SettingsError):
            WeaviateStore(**wrong)  # type: ignore[arg-type]


def test_nothing_is_imported_or_connected_before_the_first_call() -> None:
    code = (
        "import sys; from citeward.retrieval.weaviate import WeaviateStore; WeaviateStore();"
        "print(sorted({'weaviate', 'grpc', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_without_the_client_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weaviate", None)
    with pytest.raises(SettingsError, match=r"pip install 'citeward\[weaviate\]'"):
        await WeaviateStore().count()


async def test_a_server_that_is_not_there_is_said_with_how_long_it_was_tried(unused_tcp_port: int) -> None:
    pytest.importorskip("weaviate")
    store = WeaviateStore(f"http://127.0.0.1:{unused_tcp_port}", timeout=0.7)
    for ask in (store.count, store.tenants, store.open):
        with pytest.raises(StoreUnavailable, match=r"no answer within 0\.\d s \(\d+ attempts?\)[\s\S]*does not answer"):
            await ask()
    await store.close()


def connection(timeout: float = 30.0) -> Connection:
    """One that needs no client: it is connected at once, and no readiness is asked."""
    made = Connection(
        "http://127.0.0.1:1", grpc_host=None, grpc_port=1, api_key=None, timeout=timeout, skip_init_checks=True
    )
    made._client = object()
    return made


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds between attempts, which are not waited for."""
    slept: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float, *_: object) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    return slept


async def test_attempts_go_on_for_as_long_as_was_promised_with_growing_delays(delays: list[float]) -> None:
    asked = 0

    async def call(_: object) -> int:
        nonlocal asked
        asked += 1
        if asked < 50:
            raise ConnectionRefusedError("not yet")
        return asked

    one = connection()
    assert await one.ask(call) == 50
    assert one.failures == len(delays) == 49
    assert all(0 <= delay <= 2 for delay in delays)
    assert len({round(delay, 6) for delay in delays}) > 40, "with jitter"
    assert sum(delays[:3]) < 0.1 + 0.2 + 0.4 + 0.01 < sum(delays), "a short interruption costs little"


async def test_the_deadline_holds_for_all_attempts_together(delays: list[float]) -> None:
    async def call(_: object) -> None:
        raise ConnectionResetError("reset by peer")

    one = connection(timeout=0.2)
    with pytest.raises(StoreUnavailable, match=r"no answer within 0\.\d s \(\d+ attempts\); .*reset by peer") as caught:
        await one.ask(call)
    assert caught.value.retryable and "grpc_port" in caught.value.hint
    assert isinstance(caught.value.__cause__, StoreUnavailable)
    assert one.failures > 1 and len(delays) >= one.failures - 2


@pytest.mark.parametrize("error", [RuntimeError("unexpected"), StoreError("refused", hint="x")], ids=["other", "ours"])
async def test_what_will_not_pass_is_said_at_once(error: Exception, delays: list[float]) -> None:
    asked = 0

    async def call(_: object) -> None:
        nonlocal asked
        asked += 1
        raise error

    with pytest.raises(StoreError):
        await connection().ask(call)
    assert asked == 1 and delays == []


async def test_a_caller_that_goes_away_is_not_held_up(delays: list[float]) -> None:
    began = asyncio.Event()

    async def call(_: object) -> None:
        began.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(connection().ask(call))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def missing(_: object) -> None:
    raise RuntimeError("could not find class X in schema")


class Starting:
    """A server that is there, and not ready for the first requests."""

    def __init__(self, not_ready: int) -> None:
        self.not_ready, self.asked = not_ready, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        status = b"503 Service Unavailable" if self.asked <= self.not_ready else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


async def test_a_server_that_starts_is_not_believed_that_a_collection_is_missing(delays: list[float]) -> None:
    starting = Starting(not_ready=3)
    server = await asyncio.start_server(starting.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    one = Connection(
        f"http://127.0.0.1:{port}", grpc_host=None, grpc_port=1, api_key=None, timeout=30, skip_init_checks=False
    )
    one._client = object()
    asked = 0

    async def call(_: object) -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise RuntimeError("could not find class X in schema")
        return "there"

    async with server:
        assert await one.ask(call) == "there"
        assert (asked, starting.asked) == (2, 4), "it is asked again when the server is ready"
        with pytest.raises(SpaceMissing):
            await one.ask(missing)


def test_the_newest_binary_of_the_embedded_mode_is_taken_where_it_is_new_enough(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    for version in ("1.30.5", "1.9.0"):
        (tmp_path / binary_name(version)).touch()
    assert newest(tmp_path) is None, "too old"
    for version in ("1.33.0", "1.39.2", "1.36.11"):
        (tmp_path / binary_name(version)).touch()
    (tmp_path / f"weaviate-v9.9.9-{hashlib.sha256(b'other').hexdigest()}").touch()
    assert newest(tmp_path) == "1.39.2"


async def test_embedded_without_a_binary_is_refused_and_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = pytest.importorskip("weaviate.embedded")
    monkeypatch.setattr(embedded.EmbeddedOptions, "__init__", lambda self: setattr(self, "binary_path", str(tmp_path)))
    with pytest.raises(StoreError, match=r"no Weaviate binary[\s\S]*hint: put one there"):
        await WeaviateStore("embedded").open()
