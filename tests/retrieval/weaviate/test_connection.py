import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from citeward.errors import SettingsError, StoreError, StoreUnavailable
from citeward.retrieval.weaviate import WeaviateStore
from citeward.retrieval.weaviate.connection import Address, address
from citeward.retrieval.weaviate.embedded import binary_name, newest


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


async def test_a_server_that_is_not_there_is_said(unused_tcp_port: int) -> None:
    pytest.importorskip("weaviate")
    store = WeaviateStore(f"http://127.0.0.1:{unused_tcp_port}", timeout=5.0)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await store.count()
    await store.close()


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
