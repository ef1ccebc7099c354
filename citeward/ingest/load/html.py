"""HTML pages: what their reader came for, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeward.errors import UnsupportedDocument
from citeward.ingest.load.content import DEFAULTS, Content, Options
from citeward.ingest.load.decode import markup_of
from citeward.ingest.load.header import unread
from citeward.ingest.load.inline import inline
from citeward.ingest.load.markup import markdown_of
from citeward.ingest.load.preamble import lost_groups
from citeward.ingest.load.regular_file import too_large
from citeward.ingest.load.unseen import remove_unseen

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


def html(content: bytes, *, charset: str | None = None, options: Options = DEFAULTS) -> Content:
    """Headings, lists, tables and code as Markdown; without menus, scripts, and what is hidden.

    What stands in `<main>` or else in the one `<article>` is taken, or else the whole body but for its header, footer
    and asides. Titled by the first `<h1>` in it, or by `<title>`.

    Args:
        content: The page.
        charset: From the HTTP header; a byte order mark comes before it, the page's own declaration after it.
        options: What limits there are. A page takes some twenty times as much memory as it has bytes.

    Raises:
        UnsupportedDocument: No text, or too large.
    """
    from lxml import etree

    if len(content) > options.limits.html_bytes:
        raise too_large(options.limits.html_bytes)
    page = markup_of(content, charset).replace("\0", "")
    if lost := unread(lost_groups(page, options.other_keys)):
        return Content(text="", barred=lost)  # front matter of a site generator
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(page.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None  # nothing in it that could be an element
    kinds = {error.type for error in parser.error_log}
    if etree.ErrorTypes.ERR_NO_MEMORY in kinds:
        raise MemoryError  # the tree ends where memory did
    if etree.ErrorTypes.ERR_RESOURCE_LIMIT in kinds:
        raise UnsupportedDocument("nested too deeply", hint="Save what a browser shows of it.")  # the rest was cut off
    if root is None:
        raise UnsupportedDocument("no text", hint="See whether a browser shows any.")
    titles = [inline(element) for element in root.xpath("//head/title")[:1]]
    remove_unseen(root)
    part = _main(root)
    text = markdown_of(part)
    if not text:
        raise UnsupportedDocument("no text", hint="It may be written by a script; save the page as a browser shows it.")
    headings = [inline(element) for element in part.iter("h1")][:1]
    return Content(text=text, title=next((title for title in [*headings, *titles] if title), ""))


def _main(root: Element) -> Element:
    for found in (
        root.xpath("//main | //*[@role='main']"),
        root.xpath("//article[not(ancestor::article)]"),
    ):
        filled = [element for element in found if "".join(element.itertext()).strip()]
        if len(filled) == 1:
            return filled[0]
    return root
