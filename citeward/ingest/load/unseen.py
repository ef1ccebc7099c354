"""Takes out of a page what its reader does not see or did not come for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NOT_TEXT = (
    "script style noscript template svg canvas iframe object embed audio video map nav form button input select "
    "textarea dialog menu head link meta base rp"
).split()
_ROLES = frozenset("navigation search banner contentinfo complementary dialog alertdialog menu menubar toolbar".split())
_CLASSES = frozenset(
    "headerlink anchor-link hash-link heading-anchor linenos linenodiv lineno line-numbers-rows skip-link "
    "skip-to-content edit-page-link breadcrumbs breadcrumb".split()
)
_HIDING = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_MARKS = frozenset({"", "¶", "#", "§", "🔗", "⚓"})
_SECTION = "self::main or self::article or self::section or @role='main'"
_FORM_TEXT = frozenset({"form"})


def remove_unseen(root: Element) -> None:
    """Takes out scripts, menus, hidden parts, and the header, footer and asides that stand outside any article."""
    for element in root.xpath(f"//header[not(ancestor::*[{_SECTION}])]"):
        _keep_only_heading(element)
    for element in root.xpath(f"(//footer | //aside)[not(ancestor::*[{_SECTION}])]"):
        _remove(element)
    for element in list(root.iter()):
        if _is_unseen(element):
            _remove(element)


def _is_unseen(element: Element) -> bool:
    tag, seen = element.tag, element.attrib
    if not isinstance(tag, str):
        return True
    if tag in ("html", "body", "main"):
        return False
    if tag in _FORM_TEXT:  # some sites wrap the whole page in one
        return not any(True for _ in element.iter("p", "h1", "h2", "table"))
    if tag in NOT_TEXT or "hidden" in seen or seen.get("aria-hidden") == "true" or seen.get("role") in _ROLES:
        return True
    if not _CLASSES.isdisjoint(seen.get("class", "").split()) or _HIDING.search(seen.get("style", "")):
        return True
    return tag == "a" and "href" in seen and len(element) == 0 and (element.text or "").strip() in _MARKS


def _keep_only_heading(header: Element) -> None:
    headings = list(header.iter("h1"))
    if not headings:
        _remove(header)
        return
    heading = headings[0]
    heading.tail = None
    header[:] = [heading]
    header.text = None


def _remove(element: Element) -> None:
    """Without the text that follows it, which lxml counts as its own."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    # A space in its place, as between two blocks; what is inline is set off by its own spaces.
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
