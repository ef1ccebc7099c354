import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from citeward.contracts.retrieval import Document
from citeward.ingest.load import Skipped, web
from citeward.settings import IndexSettings, WebSettings

Answer = tuple[int, dict[str, str], bytes]
HTML = {"content-type": "text/html; charset=utf-8"}
LOCAL = IndexSettings(web=WebSettings(private_hosts=("127.0.0.1", "site.test")))
"""Settings that let in the tests' own server."""


class Site:
    """A real server; what it answers, by path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, Answer | list[Answer]] = {}
        self.asked: list[str] = []

    def answer(self, path: str) -> Answer:
        self.asked.append(path)
        found = self.pages.get(path, (404, {}, b"no"))
        return found.pop(0) if isinstance(found, list) else found


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(web, "PAUSE", 0.0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = served.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def got(site: Site, reading) -> Callable[[Answer | list[Answer]], Document | Skipped]:
    """What becomes of one page."""

    def get(answer: Answer | list[Answer], path: str = "/page", **more: Any) -> Document | Skipped:
        site.pages[path] = answer
        (found,) = reading("list.urls", f"{site.url}{path}", **{"settings": LOCAL, **more})
        return found

    return get


def test_each_address_is_a_document(site: Site, reading) -> None:
    site.pages = {
        "/": (200, HTML, b"<h1>Home</h1>caf\xc3\xa9"),
        "/notes": (200, {"content-type": "text/plain; charset=latin-1"}, b"caf\xe9"),
        "/r.md": (200, {"content-type": "application/octet-stream"}, b"---\ntitle: M\n---\ntext"),
    }
    text = f"# ours\n\n{site.url}/  # the first\n{site.url}/notes#part\n{site.url}/r.md\n{site.url}/\n"
    home, notes, markdown = reading("w/list.urls", text, settings=LOCAL)
    assert home == Document(id=f"w/list.urls/{site.url}/", text="# Home\n\ncafé", source=f"{site.url}/", title="Home")
    assert (notes.id, notes.text, notes.title) == (f"w/list.urls/{site.url}/notes", "café", "notes")
    assert markdown.title == "M"
    assert site.asked == ["/", "/notes", "/r.md"]


def test_a_page_that_cannot_be_had_is_skipped_under_its_own_id(site: Site, reading) -> None:
    site.pages["/b"] = (200, HTML, b"<p>here")
    gone, here = reading("list.urls", f"{site.url}/a\n{site.url}/b", settings=LOCAL)
    assert (gone.id, gone.source) == (f"list.urls/{site.url}/a", f"{site.url}/a")
    assert (gone.reason, gone.keep, here.text) == ("HTTP 404", True, "here")


def test_a_server_that_is_not_there_is_named(reading, site: Site) -> None:
    (skipped,) = reading("list.urls", "http://127.0.0.1:9/x", settings=LOCAL)
    assert skipped.reason.startswith("cannot be fetched: ")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ftp://a/b", "only http and https are fetched, not 'ftp://a/b'"),
        ("file:///etc/passwd", "only http and https"),
        ("a/b", "only http and https"),
        ("http://", "only http and https"),
        ("http://[::1", "no address: "),
        ("http://a:99999/", "no address: "),
        ("http://me:secret@a/", "the address holds a user's name"),
        ("http://a/ http://b/", "no address, or more than one"),
        ("http://" + "a" * 3000, "no address, or more than one"),
    ],
)
def test_what_is_no_address_is_never_asked_for(reading, line: str, reason: str) -> None:
    (skipped,) = reading("list.urls", f"\n{line}")
    assert skipped.reason.startswith(reason)
    assert "secret" not in f"{skipped.id}{skipped.source}{skipped.reason}"
    assert skipped.source == "list.urls:2"


def test_redirects_are_followed_as_far_as_is_sensible(got, site: Site) -> None:
    site.pages["/there"] = (200, HTML, b"<p>there")
    assert got((302, {"location": "/there"}, b"")).text == "there"
    assert got((302, {"location": "/page"}, b"")).reason == "more than 5 redirects"
    assert got((302, {"location": "file:///etc/passwd"}, b"")).reason.startswith("cannot be fetched")


def test_a_large_page_is_given_up_packed_or_not(got) -> None:
    small = IndexSettings(web=WebSettings(private_hosts=("127.0.0.1",), page_bytes=1_000_000))
    assert got((200, HTML, b"<p>" + b"x" * 1_000_000), settings=small).reason == "larger than 1 MB"
    packed = gzip.compress(b"<p>" + b"x" * 1_000_000)
    assert got((200, {**HTML, "content-encoding": "gzip"}, packed), settings=small).reason == "larger than 1 MB"


def test_a_busy_server_is_asked_again_after_the_pause_that_it_names(got, site: Site) -> None:
    busy: Answer = (503, {"retry-after": "0"}, b"")
    assert got([busy, (429, {"retry-after": "0"}, b""), (200, HTML, b"<p>now")]).text == "now"
    assert got([busy, busy, busy]).reason == "the server is busy: asked 3 times"
    assert got((429, {"retry-after": "86400"}, b"")).reason == "HTTP 429"
    assert len(site.asked) == 7


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("image/png", "content type image/png"),
        ("", "content type not named"),
        ("application/pdf", "no PDF, or a broken"),
    ],
)
def test_what_is_no_text_is_skipped(got, kind: str, reason: str) -> None:
    assert got((200, {"content-type": kind}, b"data")).reason.startswith(reason)


def test_who_may_read_a_page_is_for_the_rules_to_say(got) -> None:
    page: Answer = (200, HTML, b"<p>x")
    assert got(page, access={"list.urls/http://127.0.0.1:*/**": ["staff"]}).groups == ("staff",)
    assert got(page, access={"list.urls": ["staff"]}, groups=["staff", "hr"]).groups == ("staff",)


def test_a_connection_that_breaks_stops_only_its_page(got) -> None:
    assert got((200, {**HTML, "content-encoding": "gzip"}, b"no gzip")).reason.startswith("cannot be fetched")


def test_pages_of_one_list_may_redirect_to_each_others_servers(site: Site, reading) -> None:
    other = site.url.replace("127.0.0.1", "127.0.0.2")
    settings = IndexSettings(web=WebSettings(private_hosts=("127.0.0.0/8",)))
    site.pages["/a"] = (302, {"location": f"{other}/b"}, b"")
    (skipped,) = reading("list.urls", f"{site.url}/a", settings=settings)
    assert "redirects to another server, '127.0.0.2:" in skipped.reason
    first, second = reading("list.urls", f"{site.url}/a\n{other}/", settings=settings)
    # It is tried; nothing listens there.
    assert first.reason.startswith("cannot be fetched") and second.reason.startswith("cannot be fetched")


def test_a_list_reaches_nothing_private_unless_the_settings_say_so(site: Site, reading) -> None:
    port = site.url.rpartition(":")[2]
    hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
    found = reading("list.urls", "\n".join(f"http://{host}:{port}/" for host in [*hosts, "localhost"]))
    assert len(found) == len(hosts) + 1 and all(isinstance(item, Skipped) for item in found)
    assert site.asked == []
