"""An element of a page as Markdown that reads well where it is quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from citeward.ingest.load.inline import DEEPEST, inline, raw, tidy
from citeward.ingest.load.tables import caption, is_data, table_markdown

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DEEPEST_LIST = 40
"""Elements around a list that is still indented; each level indents all its lines once more."""
HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hgroup hr html li main ol p pre search section summary table tbody td tfoot th thead tr ul".split()
)
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|highlight|brush:)-?\s*([\w+#.-]+)")
_NO_LANGUAGE = frozenset(
    "default none text plaintext plain notranslate wrapper highlight container nohighlight".split()
)
_CUTS = re.compile(r"^(#{1,6}(?=\s|$)|`{3,}|~{3,}|-{3,}$)")
"""What would be read as a heading, a fence or front matter where the page has a paragraph."""


def markdown_of(element: Element) -> str:
    """The element's blocks, an empty line between them."""
    return "\n\n".join(_blocks(element, 0))


def _blocks(element: Element, depth: int) -> list[str]:
    """Blocks of the element's content: runs of inline text as paragraphs, the others each by its tag."""
    if depth > DEEPEST:
        return _paragraph("".join(element.itertext()))
    found: list[str] = []
    run = [element.text or ""]
    for child in element:
        if _is_block(child):
            found += _paragraph("".join(run))
            found += _block(child, depth + 1)
            run = [child.tail or ""]
        else:
            run += [raw(child), child.tail or ""]
    return found + _paragraph("".join(run))


def _is_block(element: Element) -> bool:
    """Whether it is one by its tag, or an inline element around one."""
    if element.tag in _BLOCKS:
        return True
    return len(element) > 0 and next(element.iter(*_BLOCKS), None) is not None


def _block(element: Element, depth: int) -> list[str]:
    tag = str(element.tag)
    if tag in HEADINGS:
        words = inline(element).replace("\n", " ")
        return [f"{HEADINGS[tag]} {words}"] if words else []
    if tag == "pre":
        return _code(element)
    if tag in ("ul", "ol") and depth <= DEEPEST_LIST:
        return _list(element, depth)
    if tag == "blockquote":
        return ["\n".join(f"> {line}".rstrip() for line in block.split("\n")) for block in _blocks(element, depth)]
    if tag == "table":
        if is_data(element):
            return [*_paragraph(caption(element)), table_markdown(element)]
        if (code := element.find(".//pre")) is not None and "highlighttable" in element.get("class", ""):
            return _code(code)
    return _blocks(element, depth)


def _paragraph(text: str) -> list[str]:
    text = tidy(text)
    if len(text) <= 2 and not text.isalnum():
        return []  # a bullet or a bar that parted two links says nothing
    return ["\n".join(_CUTS.sub(r"\\\1", line) for line in text.split("\n"))]


def _code(pre: Element) -> list[str]:
    for line_break in pre.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    text = "".join(pre.itertext()).replace("\r\n", "\n").strip("\n").rstrip()
    if not text.strip():
        return []
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    longest = max((len(found) for found in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return [f"{fence}{_language(pre)}\n{text}\n{fence}"]


def _language(pre: Element) -> str:
    """As the classes of the element, of the code in it, or of what is around it say."""
    around = [pre, *[child for child in pre if child.tag == "code"], *list(pre.iterancestors())[:2]]
    for element in around:
        for name in element.get("class", "").split():
            found = _LANGUAGE.fullmatch(name)
            if found and found[1].lower() not in _NO_LANGUAGE:
                return found[1].lower()
    return ""


def _list(element: Element, depth: int) -> list[str]:
    """One block, an item a line; paragraphs and code of an item stand under its first line."""
    first = element.get("start", "1")
    number = int(first) if first.isdecimal() and len(first) < 7 else 1
    items: list[str] = []
    for child in element:
        blocks = _blocks(child, depth) if child.tag == "li" else _block(child, depth + 1)
        if not blocks:
            continue
        marker = f"{number}. " if element.tag == "ol" else "- "
        number += child.tag == "li"
        text = blocks[0]
        for block in blocks[1:]:
            text += ("\n" if _begins_list(block) else "\n\n") + block
        items.append(
            marker + text.replace("\n", "\n" + " " * len(marker)).replace("\n" + " " * len(marker) + "\n", "\n\n")
        )
    loose = any("\n\n" in item for item in items)
    return [("\n\n" if loose else "\n").join(items)] if items else []


def _begins_list(block: str) -> bool:
    return re.match(r"- |\d+\. ", block) is not None
