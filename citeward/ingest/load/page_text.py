"""What printing put into a page's text, taken out again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

EDGE = 2
"""Lines at the top and at the bottom of a page that may be running ones."""
FEWEST_PAGES = 4
SHARE = 0.4
"""Of the pages that a line must head or foot; left and right pages may have a line each."""
_NUMBER = re.compile(r"\d+|\b[ivxl]+\b")
_HYPHEN = "\ufffe"
"""What PDFium writes where a hyphen ended a line."""
_PARTED = re.compile(rf"([^\W\d_]+(?:-[^\W\d_]+)*-?){_HYPHEN}\n?([^\W\d_]+)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """The pages' lines but for page numbers, headers and footers: edge lines that recur, numbers aside."""
    filled = [page for page in pages if page]
    if len(filled) < FEWEST_PAGES:
        return pages
    tops = Counter(key for page in filled for key in {_key(line) for line in page[:EDGE]})
    bottoms = Counter(key for page in filled for key in {_key(line) for line in page[-EDGE:]})
    least = max(FEWEST_PAGES - 1, SHARE * len(filled))
    return [_trimmed(page, tops, bottoms, least) for page in pages]


def _trimmed(page: list[str], tops: Counter[str], bottoms: Counter[str], least: float) -> list[str]:
    start, end = 0, len(page)
    while start < min(EDGE, end) and tops[_key(page[start])] >= least:
        start += 1
    while end > max(start, len(page) - EDGE) and bottoms[_key(page[end - 1])] >= least:
        end -= 1
    return page[start:end]


def _key(line: str) -> str:
    return _NUMBER.sub("#", " ".join(line.lower().split()))


def joined_words(pages: Iterable[str]) -> list[str]:
    """The pages with words whole that a line's end parted: with the hyphen where the document writes them so."""
    pages = list(pages)
    words = Counter(word.lower() for page in pages for word in _WORD.findall(page.replace(_HYPHEN, " ")))

    def join(parted: re.Match[str]) -> str:
        left, right = parted[1], parted[2]
        whole, hyphened = left + right, f"{left}-{right}"
        if words[hyphened.lower()] > words[whole.lower()] or right[0].isupper() or "-" in left:
            return hyphened
        return whole

    return [_PARTED.sub(join, page).replace(_HYPHEN, "-") for page in pages]
