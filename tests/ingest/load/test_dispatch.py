import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from citeward.contracts.retrieval import Document
from citeward.ingest.load import LARGEST, LOADERS, Skipped, load, read
from citeward.retrieval.checks import check_batch
from citeward.settings import LimitSettings, WebSettings


def _write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def _ids(path: Path, base: Path) -> list[str]:
    return [item.id for item in load(path, base=base) if isinstance(item, Document)]


def test_a_folder_gives_its_documents_in_order_with_the_text_to_the_letter(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/b.md": "# B\r\n\r\nText.\r\n", "docs/a/x.txt": "plain", "docs/c.rst": "rest"})
    documents = [item for item in load(tmp_path / "docs", base=tmp_path) if isinstance(item, Document)]
    assert [d.id for d in documents] == ["docs/a/x.txt", "docs/b.md", "docs/c.rst"]
    assert documents[1].text == "# B\r\n\r\nText.\r\n"
    assert [d.title for d in documents] == ["x", "B", "c"]


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "good.md": "text",
            "picture.png": b"\x89PNG\0",
            "binary.md": b"a\0b",
            "latin.txt": "caf\xe9".encode("latin-1"),
            "empty.md": " \n",
            "Makefile": "all:",
        },
    )
    reasons = {item.id: item.reason for item in load(tmp_path, base=tmp_path) if isinstance(item, Skipped)}
    assert reasons == {
        "picture.png": "no loader reads .png",
        "binary.md": "binary data",
        "latin.txt": "not UTF-8: byte 0xe9 at 3",
        "empty.md": "empty",
        "Makefile": "no loader reads a file without a suffix",
    }
    assert _ids(tmp_path, tmp_path) == ["good.md"]


def test_a_title_comes_from_front_matter_or_the_first_heading_or_the_name(tmp_path: Path) -> None:
    _write(
        tmp_path, {"a.md": "---\ntitle: 'From: front'\n---\n# Head", "b.md": "Text\n\n## Second ##\n", "c.md": "Text"}
    )
    titles = [item.title for item in load(tmp_path, base=tmp_path) if isinstance(item, Document)]
    assert titles == ["From: front", "Second", "c"]


def test_a_document_elsewhere_keeps_its_whole_path(tmp_path: Path) -> None:
    _write(tmp_path, {"docs/a.md": "x"})
    assert _ids(tmp_path / "docs", tmp_path / "project") == [str((tmp_path / "docs" / "a.md").resolve())]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    _write(tmp_path, {"a.md": b"\xef\xbb\xbf# T"})
    (document,) = load(tmp_path / "a.md", base=tmp_path)
    assert isinstance(document, Document)
    assert (document.text, document.title) == ("# T", "T")


def test_every_kind_of_file_brings_its_documents(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "a.adoc": "= The manual\n\ntext",
            "b.HTM": "<h1>Page</h1>text",
            "c.jsonl": '{"id": 1, "text": "one"}\n{"id": "two", "text": "x", "title": "Two"}\n',
            "d.rst": "=====\nGuide\n=====\n\ntext",
            "e.md": "```\n# no heading\n```\n# Heading",
        },
    )
    documents = [item for item in load(tmp_path, base=tmp_path) if isinstance(item, Document)]
    assert {document.id: document.title for document in documents} == {
        "a.adoc": "The manual",
        "b.HTM": "Page",
        "c.jsonl/1": "1",
        "c.jsonl/two": "Two",
        "d.rst": "Guide",
        "e.md": "Heading",
    }


def test_front_matter_values_can_be_filtered_on(reading) -> None:
    (document,) = reading("a.md", "---\ntitle: T\nteam: ops\ntags: [a, b]\n---\ntext")
    assert (document.title, dict(document.meta)) == ("T", {"team": "ops", "tags": ("a", "b")})


def test_a_document_whose_readers_cannot_be_told_does_not_keep_its_earlier_version(reading) -> None:
    (skipped,) = reading("a.md", "---\ngroups:\n---\ntext")
    assert (skipped.reason, skipped.keep) == ("groups is None: it must be a list of names", False)
    (skipped,) = reading("a.md", b"\0")
    assert skipped.keep


def test_a_text_in_utf_16_is_read(reading) -> None:
    (document,) = reading("a.txt", "Grüße".encode("utf-16"))
    assert document.text == "Grüße"


def test_a_large_file_is_skipped(reading) -> None:
    (skipped,) = reading("a.txt", b"x" * (LARGEST + 1))
    assert skipped.reason == "larger than 20 MB"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    (skipped,) = load(tmp_path, base=tmp_path)
    assert isinstance(skipped, Skipped) and skipped.reason == "not a regular file"


def test_a_name_that_is_no_text_is_skipped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    (skipped,) = load(tmp_path, base=tmp_path)
    assert isinstance(skipped, Skipped)
    assert (skipped.id, skipped.reason) == ("caf?.md", "its name is not UTF-8")


def test_a_file_that_vanishes_is_skipped(tmp_path: Path) -> None:
    (skipped,) = read(tmp_path / "a.md", base=tmp_path)
    assert isinstance(skipped, Skipped) and skipped.reason == "cannot be read: No such file or directory"


@settings(deadline=None)
@given(
    suffix=st.sampled_from(sorted(set(LOADERS) - {".docx"})),
    content=st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")),
)
@example(suffix=".md", content=b"---\n? [a]\n: b\n---\nx")
@example(suffix=".md", content=b"---\n!!python/object:os.system {}\n---\nx")
@example(suffix=".md", content=b'---\ntitle: "\\ud800"\nkey: "\\ud800"\ngroups: ["\\ud800"]\n---\nx')
@example(suffix=".jsonl", content=b'{"id": "a", "text": "x", "groups": 1e999}')
def test_any_bytes_are_documents_that_can_be_stored_or_skipped(tmp_path_factory, suffix: str, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    for item in read(path, base=path.parent):
        assert item.id.startswith(f"any{suffix}")
        if isinstance(item, Document):
            check_batch([item], [[]], [np.zeros((0, 0), np.float32)], None)
            assert item.text.strip() and item.title and "\n" not in item.title
        else:
            assert item.reason


def test_the_guides_example_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    (example,) = re.findall(r"```python\n(.*?)```", (root / "docs" / "indexing.md").read_text(), re.DOTALL)
    exec(compile(example, "indexing.md", "exec"), {})
    assert "docs/indexing.md Index your documents ()" in capsys.readouterr().out


def test_the_guide_names_every_suffix() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "indexing.md").read_text()
    assert [suffix for suffix in LOADERS if f"`{suffix}`" not in guide] == []


def test_the_guide_names_every_limit_with_its_default() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "indexing.md").read_text()
    for section in (LimitSettings(), WebSettings()):
        for name, value in section:
            assert f"`{name}`" in guide or f"{name} = [" in guide, name
            assert not isinstance(value, (int, float)) or f"{value:g}" in guide or str(value) in guide, name
