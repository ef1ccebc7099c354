"""Characters from bytes."""

from __future__ import annotations

import codecs
import re

from citeward.errors import UnsupportedDocument

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"\A\s{0,20}<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w:.-]{2,40})")
_SAFE = re.compile(
    r"utf-8|utf-(16|32)(-[bl]e)?|ascii|cp\d+|iso8859-\d+|koi8[-_][a-z]|mac[-_]\w+|gb\w+|big5\w*|euc[-_]\w+"
    r"|shift_jis\w*|iso2022_\w+|johab|hz|tis-620|ptcp154|hp-roman8"
)
"""Python's names of the encodings that pages use; some of the others (punycode) take time without bound."""


def text_of(content: bytes, charset: str | None = None) -> str:
    """A text file's characters: by its byte order mark, else by `charset`, else as UTF-8.

    Raises:
        UnsupportedDocument: Binary data, or bytes that are not of that encoding; they are never guessed at.
    """
    marked = _marked(content)
    encoding = marked or _python_name(charset) or "utf-8"
    if b"\0" in content and not encoding.startswith(("utf-16", "utf-32")):
        raise UnsupportedDocument("binary data", hint="Index the text that it was made from.")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        at = error.start
        found = f"byte {error.object[at]:#04x} at {at}" if at < len(error.object) else f"cut off at {at}"
        raise UnsupportedDocument(f"not {name}: {found}", hint="Save it as UTF-8.") from error
    if "\0" in text:
        raise UnsupportedDocument("binary data", hint="Index the text that it was made from.")
    return text.lstrip("\ufeff")  # a file that was saved with a mark twice has it twice


def markup_of(content: bytes, charset: str | None = None) -> str:
    """A page's characters, as browsers find them: byte order mark, header, declaration, UTF-8, Windows-1252."""
    declared = _META.search(content, 0, 4096) or _XML.search(content, 0, 256)
    names = [
        _marked(content),
        _python_name(charset),
        _python_name(declared[1].decode("ascii", "replace")) if declared else None,
    ]
    # What says in ASCII that it is UTF-16 is not, and it is most likely UTF-8.
    names[2] = None if names[2] and names[2].startswith("utf-") else names[2]
    for name in [name for name in names if name]:
        return content.decode(name, "replace").lstrip("\ufeff")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _marked(content: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)


def _python_name(charset: str | None) -> str | None:
    """The encoding that browsers mean by a label; None where it is unknown."""
    try:
        name = codecs.lookup((charset or "").strip("\"' ")).name if charset and "\0" not in charset else ""
    except LookupError:
        return None
    if name in ("ascii", "iso8859-1"):
        return "cp1252"
    return name if _SAFE.fullmatch(name) else None
