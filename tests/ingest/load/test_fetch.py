"""Pages are fetched from the addresses that were checked, by real connections to servers of the tests' own."""

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.fetch import Fetcher, Page, Server
from citeward.settings import WebSettings

NAMES = ("site.test", "other.test", "127.0.0.1")


class Site:
    """A server on this machine; what it answers by path, and what it was asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.redirects: dict[str, str] = {}
        self.hosts: list[str] = []
        self.names: list[str | None] = []

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.hosts.append(self.headers["host"])
            target = site.redirects.get(self.path)
            self.send_response(302 if target else 200)
            if target:
                self.send_header("location", target)
            self.send_header("content-type", "text/plain")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A connection that the client gives up is what some of the tests are about."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        site = Site(server.server_port)
        if context is not None:
            context.sni_callback = lambda _, name, __: site.names.append(name)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Site]:
    with serving() as one:
        yield one


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What names resolve to, the next list each time and the last one from then on."""
    known: dict[str, list[list[str]]] = {"site.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]}
    system = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host not in known:
            return system(host, port, *args, **more)
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def fetch(url: str, *listed: str, **settings: Any) -> Page:
    with Fetcher(WebSettings(**{"private_hosts": NAMES, **settings}), [Server.of(one) for one in listed]) as fetcher:
        return fetcher.fetch(url)


def refusal(url: str, *listed: str, **settings: Any) -> str:
    with pytest.raises(UnsupportedDocument) as raised:
        fetch(url, *listed, **settings)
    return raised.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"])
def test_a_server_of_this_machine_is_never_asked(site: Site, host: str) -> None:
    reason = refusal(site.url(host=host), private_hosts=())
    assert "not public" in reason or "Invalid IPv4 address" in reason
    assert site.hosts == []


def test_a_name_that_leads_to_this_machine_is_never_asked(site: Site, names: dict[str, list[list[str]]]) -> None:
    names["site.test"] = [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"]]
    for _ in range(2):
        assert "not public" in refusal(site.url(host="site.test"), private_hosts=())
    assert site.hosts == []


def test_a_name_keeps_its_place_in_the_request(site: Site, names: dict[str, list[list[str]]]) -> None:
    assert fetch(site.url(host="site.test")).content == b"ok"
    assert site.hosts == [f"site.test:{site.port}"]


def test_a_name_that_changes_after_it_was_checked_leads_nowhere_else(
    site: Site, names: dict[str, list[list[str]]]
) -> None:
    """The connection needs no second look-up, which would give an address that is not allowed."""
    names["site.test"] = [["127.0.0.1"], ["10.0.0.1"]]
    assert fetch(site.url("/a", "site.test"), private_hosts=("127.0.0.1",)).content == b"ok"
    assert "not public" in refusal(site.url("/b", "site.test"), private_hosts=("127.0.0.1",))
    assert len(site.hosts) == 1


def test_each_redirect_is_checked_anew(site: Site, names: dict[str, list[list[str]]]) -> None:
    names["site.test"] = [["127.0.0.1"], ["10.0.0.1"]]
    site.redirects["/a"] = "/b"
    assert "not public" in refusal(site.url("/a", "site.test"), private_hosts=("127.0.0.1",))
    assert len(site.hosts) == 1


def test_the_next_address_is_tried_when_one_does_not_answer(site: Site, names: dict[str, list[list[str]]]) -> None:
    names["site.test"] = [["127.0.0.9", "127.0.0.1"]]
    assert fetch(site.url(host="site.test"), private_hosts=("127.0.0.0/8",)).content == b"ok"


@pytest.mark.parametrize("host", ["127.0.0.1", "other.test", "localhost", "127.1"])
def test_a_redirect_to_another_server_is_refused(
    site: Site, other: Site, names: dict[str, list[list[str]]], host: str
) -> None:
    site.redirects["/"] = other.url(host=host)
    assert f"redirects to another server, '{host}:{other.port}'" in refusal(site.url())
    assert other.hosts == []


def test_a_redirect_to_a_listed_server_is_followed(site: Site, other: Site, names: dict[str, list[list[str]]]) -> None:
    site.redirects["/"] = other.url(host="other.test")
    assert fetch(site.url(), other.url(host="other.test")).content == b"ok"
    assert fetch(site.url(), redirect_hosts=(f"other.test:{other.port}",)).content == b"ok"
    assert site.hosts[0] == f"127.0.0.1:{site.port}" and other.hosts[0] == f"other.test:{other.port}"


def test_a_listed_server_at_a_private_address_is_refused_all_the_same(
    site: Site, other: Site, names: dict[str, list[list[str]]]
) -> None:
    site.redirects["/"] = other.url(host="other.test")
    names["other.test"] = [["127.0.0.2"]]
    assert "not public" in refusal(site.url(), other.url(host="other.test"), private_hosts=("127.0.0.1",))


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "data:text/plain,x", "http://a:b@127.0.0.1/"],
)
def test_a_redirect_to_what_is_no_page_is_refused(site: Site, target: str) -> None:
    site.redirects["/"] = target
    assert refusal(site.url()).startswith("cannot be fetched")


def test_the_environment_names_neither_proxies_nor_passwords(
    site: Site, other: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other.url())
    monkeypatch.setenv("ALL_PROXY", other.url())
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert fetch(site.url()).content == b"ok"
    assert other.hosts == []


def test_a_proxy_of_the_settings_is_used_and_addresses_are_checked_all_the_same(site: Site) -> None:
    assert fetch("http://example.invalid/", proxy=site.url()).content == b"ok"
    assert site.hosts == ["example.invalid"]
    assert "not public" in refusal("http://0xa9fea9fe/", proxy=site.url(), private_hosts=())


@pytest.fixture
def trickle() -> Iterator[int]:
    """The port of a server that sends a header, then a byte now and then, for as long as anybody listens."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
                while not done.wait(0.01):
                    connection.sendall(b"x")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        done.set()
        thread.join()


def test_a_server_that_sends_a_byte_now_and_then_meets_the_deadline(trickle: int) -> None:
    assert refusal(f"http://127.0.0.1:{trickle}/", seconds=0.3) == "not there within 0.3 s"


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for site.test that fetching trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "site.test")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("site.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_tls_is_for_the_name_although_the_connection_is_to_an_address(
    certified: ssl.SSLContext, names: dict[str, list[list[str]]]
) -> None:
    with serving(certified) as site:
        assert fetch(site.url(host="site.test", scheme="https")).content == b"ok"
        assert (site.names, site.hosts) == (["site.test"], [f"site.test:{site.port}"])
        assert "certificate" in refusal(site.url(host="other.test", scheme="https")).lower()


def test_what_is_packed_twice_or_otherwise_is_refused() -> None:
    packed = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-encoding: %s\r\n\r\nx"
    for encoding in (b"gzip, gzip", b"br", b"zstd"):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def answer(listening: socket.socket = listening, encoding: bytes = encoding) -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(packed % encoding)

            thread = threading.Thread(target=answer)
            thread.start()
            assert "it is packed as" in refusal(f"http://127.0.0.1:{listening.getsockname()[1]}/")
            thread.join()


def test_settings_name_what_is_no_host_or_network() -> None:
    for bad in (
        {"private_hosts": ("10.0.0.0/99",)},
        {"redirect_hosts": ("https://a.example/",)},
        {"redirect_hosts": (" ",)},
    ):
        with pytest.raises(ValueError, match=r"10\.0\.0\.0/99|is not a host"):
            WebSettings(**bad)
