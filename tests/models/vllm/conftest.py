"""A server that says one thing, and a program that takes the place of vLLM."""

import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@contextmanager
def _serving(*, status: int = 200, body: bytes = b"") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the name that is called

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serving() -> Callable[..., AbstractContextManager[str]]:
    """Serves one status and body to whoever asks, on a free port; yields its root."""
    return _serving


PROGRAM = """\
#!{python}
import http.server, os, signal, subprocess, sys
told = os.environ.get("SAY", "")
if told:
    sys.exit(sys.stderr.write(told + "\\n") and int(os.environ.get("CODE", "1")))
if os.environ.get("DEAF"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
worker = subprocess.Popen(["sleep", "600"])
print("worker", worker.pid, flush=True)
if os.environ.get("NEVER"):
    signal.pause()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if self.path == "/die":
            print("torch.OutOfMemoryError: CUDA out of memory.", flush=True)
            os._exit(1)
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Takes vLLM's flags and has a worker, a health and a way to die; the environment says what it does.

    SAY: it writes this and ends with CODE. DEAF: it ignores SIGTERM. NEVER: it is never healthy.
    """
    path = tmp_path / "python"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
