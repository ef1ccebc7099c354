"""Files that take any time or memory are parsed in a process that the system ends; nothing else ends with it."""

import io
import os
import select
import signal
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from citeward.contracts.retrieval import Document
from citeward.errors import RunError, UnsupportedDocument
from citeward.ingest.load import Skipped, load
from citeward.ingest.load.content import Options
from citeward.ingest.load.parser_process import ParserProcess, parser_process
from citeward.settings import IndexSettings, LimitSettings

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
PARAGRAPH = "<w:p><w:r><w:t>x</w:t></w:r></w:p>"


@pytest.fixture
def process() -> Iterator[ParserProcess]:
    one = ParserProcess()
    yield one
    one.close()


def limits(**values: Any) -> Options:
    return Options(limits=LimitSettings(**values))


def docx(body: str, **parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def pdf(drawn: bytes, pages: int = 1) -> bytes:
    """A PDF whose pages share one packed stream."""
    packed = zlib.compress(drawn, 9)
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + pages))
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 3 0 R >> >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        *[page] * pages,
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def refusal(process: ParserProcess, kind: Any, content: bytes, **values: Any) -> str:
    with pytest.raises(UnsupportedDocument) as raised:
        process.parse(kind, [content], options=limits(**values))
    return raised.value.message


def works(process: ParserProcess) -> bool:
    return process.parse("html", [b"<h1>Title</h1>text"]).text == "# Title\n\ntext"


def ended(descriptor: int) -> bool:
    """Whether a process ends, within a time that is long on any machine."""
    return bool(select.select([descriptor], [], [], 30)[0])


def test_one_worker_serves_file_after_file(process: ParserProcess) -> None:
    assert process.pid is None
    found = process.parse("pdf", [pdf(b"BT /F1 12 Tf 72 720 Td (Some text.) Tj ET")])
    assert (found.text, dict(found.meta)) == ("Some text.", {"pages": 1})
    first = process.pid
    assert process.parse("docx", [docx(PARAGRAPH)]).text == "x"
    assert process.parse("html", [b"<p>caf", b"\xe9"], charset="latin-1").text == "café"
    assert "no PDF" in refusal(process, "pdf", b"plain")
    assert process.pid == first


def test_a_worker_that_was_killed_is_replaced(process: ParserProcess) -> None:
    assert works(process)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert works(process) and process.pid != first


def test_a_file_that_breaks_while_it_is_sent_leaves_no_half_request(process: ParserProcess) -> None:
    def parts() -> Iterator[bytes]:
        yield b"<p>one"
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        process.parse("html", parts())
    assert works(process)


def test_threads_take_turns(process: ParserProcess) -> None:
    found: list[str] = []

    def parse(number: int) -> None:
        found.append(process.parse("html", [f"<p>page {number}".encode()]).text)

    threads = [threading.Thread(target=parse, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [f"page {number}" for number in range(8)]


def test_many_paragraphs_in_a_small_file_are_not_unpacked(process: ParserProcess) -> None:
    content = docx(PARAGRAPH * 500_000)
    assert len(content) < 60_000
    assert refusal(process, "docx", content).startswith("it unpacks to 17 MB, more than 100 times its size")


def test_time_is_limited(process: ParserProcess) -> None:
    content = docx(PARAGRAPH * 200_000)
    assert refusal(process, "docx", content, seconds=0.5, expansion=10_000) == "not parsed within 0.5 s"
    assert works(process)


@linux
def test_memory_is_limited_in_python_and_in_native_code(process: ParserProcess) -> None:
    few = {"memory": 100_000_000, "expansion": 10_000}
    assert "more than 100 MB of memory" in refusal(process, "docx", docx(PARAGRAPH * 300_000), **few)
    assert works(process)
    drawn = b"BT /F1 12 Tf 72 720 Td " + b"(x) Tj " * 3_000_000 + b"ET"
    assert "more than 100 MB of memory" in refusal(process, "pdf", pdf(drawn), **few)
    assert works(process)
    assert "more than 50 MB of memory" in refusal(process, "html", b"<b>x</b>" * 1_000_000, memory=50_000_000)
    assert works(process)


def test_characters_are_limited(process: ParserProcess) -> None:
    drawn = b"BT /F1 12 Tf 72 720 Td " + b"(some words of text) Tj 0 -9 Td " * 50 + b"ET"
    assert "more than 500 characters" in refusal(process, "pdf", pdf(drawn), characters=500)
    assert "more than 2,000 characters" in refusal(process, "pdf", pdf(drawn, pages=10), characters=2_000)
    assert "more than 500 characters" in refusal(process, "html", b"<p>" + b"word " * 1000, characters=500)
    spanning = b"<table>" + b"<tr><td rowspan=1000>" + b"y" * 1000 + b"<td>x" + b"<tr><td>x" * 1000 + b"</table>"
    assert "more than 100,000 characters" in refusal(process, "html", spanning, characters=100_000)


def test_a_pdf_of_ten_thousand_pages_is_read(process: ParserProcess) -> None:
    drawn = b"BT /F1 12 Tf 72 720 Td " + b"(A line.) Tj 0 -20 Td " * 6 + b"ET"
    found = process.parse("pdf", [pdf(drawn, pages=10_000)])
    assert found.meta["pages"] == 10_000 and found.text.count("A line.") == 20_000


@pytest.mark.parametrize("tag", ["div", "b", "table", "ul"])
def test_a_page_nested_a_hundred_thousand_deep_ends_nothing(process: ParserProcess, tag: str) -> None:
    assert "nested too deeply" in refusal(process, "html", f"<{tag}>".encode() * 100_000 + b"x")


def test_xml_nested_without_end_ends_nothing(process: ParserProcess) -> None:
    reason = refusal(process, "docx", docx("<w:p>" * 50_000 + "</w:p>" * 50_000))
    assert reason.startswith("cannot be parsed: RecursionError")
    assert works(process)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_entities_are_refused_in_every_encoding(process: ParserProcess, encoding: str) -> None:
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><w:document {W}><w:body/></w:document>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", text.encode(encoding))
    assert refusal(process, "docx", file.getvalue()) == "its XML declares entities"


def test_only_parts_that_were_measured_are_read(process: ParserProcess) -> None:
    """The main part may have any name: one that is no XML part by its name is not counted, and so not read."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r" Type="{kind}" Target="word/large.bin"/></Relationships>'
    )
    large = f"<w:document {W}><w:body>{PARAGRAPH * 200_000}</w:body></w:document>"
    content = docx(PARAGRAPH, **{"_rels/.rels": relations, "word/large.bin": large})
    assert process.parse("docx", [content]).text == "x"


def test_a_part_that_declares_less_than_it_holds_is_refused(process: ParserProcess) -> None:
    content = bytearray(docx(PARAGRAPH * 10_000))
    size = len(f"<w:document {W}><w:body>{PARAGRAPH * 10_000}</w:body></w:document>").to_bytes(4, "little")
    assert content.count(size) == 2
    content = content.replace(size, (100).to_bytes(4, "little"))
    assert refusal(process, "docx", bytes(content)) == "no Word document, or a broken one"


def test_pictures_in_a_page_are_not_held(process: ParserProcess) -> None:
    page = b'<p>Text</p><img src="data:image/png;base64,' + b"A" * 5_000_000 + b'">'
    assert process.parse("html", [page]).text == "Text"


@linux
def test_the_worker_has_none_of_the_parents_secrets(process: ParserProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CITEWARD_STORE__API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "the secret")
    assert works(process)
    assert b"the secret" not in Path(f"/proc/{process.pid}/environ").read_bytes()


def test_the_worker_imports_nothing_from_the_working_folder(
    process: ParserProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "yaml.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert works(process)


def test_a_worker_that_does_not_start_is_an_error_of_the_run(
    process: ParserProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("/nowhere/python", "/bin/false"):
        monkeypatch.setattr(sys, "executable", command)
        with pytest.raises(RunError, match="does not start"):
            process.parse("html", [b"x"])


PARENT = """
import os, sys
from citeward.ingest.load.parser_process import parser_process
parser_process().parse("html", [b"<p>x"])
print(parser_process().pid, flush=True)
if sys.argv[1] == "busy":
    def parts():
        print("sending", flush=True)
        yield b"<p>"
        sys.stdin.read()
    parser_process().parse("html", parts())
sys.stdin.read()
"""


@linux
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_the_worker_ends_with_its_parent(state: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        try:
            if state == "busy":
                assert parent.stdout.readline() == "sending\n"
            parent.kill()
            assert ended(worker)
        finally:
            os.close(worker)


@linux
def test_a_process_that_was_forked_has_a_worker_of_its_own() -> None:
    assert works(parser_process())
    mine = parser_process().pid
    code = os.fork()
    if code == 0:
        os._exit(0 if works(parser_process()) and parser_process().pid != mine else 1)
    assert os.waitpid(code, 0)[1] == 0
    assert works(parser_process()) and parser_process().pid == mine


def test_a_folder_with_a_bomb_in_it_is_indexed_but_for_the_bomb(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A")
    (tmp_path / "b.docx").write_bytes(docx(PARAGRAPH * 200_000))
    (tmp_path / "c.html").write_text("<p>c")
    (tmp_path / "d.txt").write_text("x" * 200)
    settings = IndexSettings(limits=LimitSettings(seconds=0.5, expansion=10_000, characters=100))
    items = list(load(tmp_path, base=tmp_path, settings=settings))
    assert [item.id for item in items if isinstance(item, Document)] == ["a.md", "c.html"]
    assert {item.id: item.reason for item in items if isinstance(item, Skipped)} == {
        "b.docx": "not parsed within 0.5 s",
        "d.txt": "more than 100 characters of text",
    }
