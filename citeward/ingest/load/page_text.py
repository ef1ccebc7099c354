"""What printing put into a page's text, taken out again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

EDGE = 2
"""Lines at the top and at the bottom of a page that may be running ones."""
FEWEST_PAGES = 4
SHARE = 0.4
"""Of the pages that a line must head or foot; left and right pages may have a line each."""
COUNTING = 0.75
"""Of the pages with a page number: from one to the next it must grow as the pages do."""
_NUMERAL = r"(?:\d{1,4}|[ivxlcdm]{1,7})"
_OF = r"(?:\s*(?:/|\||of|von|de|di|van|av|af|из|z|sur|od|/)\s*\d{1,4})?"
_BARE = re.compile(rf"[\s\-–—_~•·|.()\[\]]*({_NUMERAL}){_OF}[\s\-–—_~•·|.()\[\]]*")
_NAMED = re.compile(
    rf"\b(?:pages?|pg\.?|p\.|seite|s\.|página|pagina|pág\.|pag\.|bladzijde|blz\.|sida|side|strona|str\.|strana|oldal"
    rf"|sivu|sayfa|страница|стр\.|с\.|σελίδα|trang|halaman)\s*({_NUMERAL})\b{_OF}"
    rf"|(?:第\s*)?(\d{{1,4}})\s*(?:页|頁|ページ|쪽|페이지)(?:\s*/\s*\d{{1,4}}\s*(?:页|頁|ページ)?)?"
)
_BESIDE = re.compile(rf"(?:^({_NUMERAL})\s*[|·•–—]\s*(?=\S)|(?<=\S)\s*[|·•–—]\s*({_NUMERAL})$)")
"""A page number beside a running title, with a mark between them."""
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_HYPHEN = "\ufffe"
"""What PDFium writes where a hyphen ended a line."""
_PARTED = re.compile(rf"([^\W\d_]{{1,60}}(?:-[^\W\d_]{{1,60}}){{0,5}}-?){_HYPHEN}\n?([^\W\d_]+)")
"""Of bounded length: a run of letters without end takes no more time for each of them."""
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, kw_only=True)
class _Edge:
    """A line at the top or the bottom of a page."""

    text: str
    masked: str = ""
    """With `#` for the page number; empty where there is none."""
    number: int = 0


class _Running:
    """Lines that recur at one edge of the pages."""

    def __init__(self, edges: Iterable[list[str]], least: float) -> None:
        texts: Counter[str] = Counter()
        numbers: dict[str, dict[int, int]] = {}  # masked text -> page -> number
        for page, lines in enumerate(edges):
            found = [_edge(line) for line in lines]
            texts.update({edge.text for edge in found})
            for edge in found:
                if edge.masked:
                    numbers.setdefault(edge.masked, {}).setdefault(page, edge.number)
        self._texts = {text for text, count in texts.items() if count >= least}
        self._numbers = {
            masked: counted for masked, counted in numbers.items() if len(counted) >= least and _counts(counted)
        }

    def has(self, line: str, page: int) -> bool:
        """Whether the line recurs, to the letter or but for the number of the page."""
        edge = _edge(line)
        return edge.text in self._texts or (
            edge.masked in self._numbers and self._numbers[edge.masked].get(page) == edge.number
        )


def without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """The pages' lines without page numbers, headers and footers: edge lines that recur to the letter.

    Only a page number may differ from page to page. It stands alone, after a word such as `Page`, or beside a title,
    parted by a mark, and it grows as the pages do. Other lines that differ in a number are the document's own, as in a
    price list: losing one of those costs more than a page number that stays.
    """
    filled = sum(map(bool, pages))
    if filled < FEWEST_PAGES:
        return pages
    least = max(FEWEST_PAGES - 1, SHARE * filled)
    tops = _Running([page[:EDGE] for page in pages], least)
    bottoms = _Running([page[-EDGE:] for page in pages], least)
    return [_trimmed(page, number, tops, bottoms) for number, page in enumerate(pages)]


def _counts(numbers: Mapping[int, int]) -> bool:
    """Whether the numbers, by page, grow as the pages do."""
    steps = [later - sooner == numbers[later] - numbers[sooner] for sooner, later in pairwise(numbers)]
    return sum(steps) >= COUNTING * len(steps)


def _trimmed(page: list[str], number: int, tops: _Running, bottoms: _Running) -> list[str]:
    start, end = 0, len(page)
    while start < min(EDGE, end) and tops.has(page[start], number):
        start += 1
    while end > max(start, len(page) - EDGE) and bottoms.has(page[end - 1], number):
        end -= 1
    return page[start:end]


def _edge(line: str) -> _Edge:
    text = " ".join(line.lower().split())
    if bare := _BARE.fullmatch(text):
        return _Edge(text=text, masked="#", number=_number(bare[1]))
    found = _NAMED.search(text) or _BESIDE.search(text)
    if found is None:
        return _Edge(text=text)
    numeral = next(group for group in found.groups() if group)
    return _Edge(text=text, masked=f"{text[: found.start()]}#{text[found.end() :]}", number=_number(numeral))


def _number(numeral: str) -> int:
    if numeral.isdecimal():
        return int(numeral)
    values = [_ROMAN[letter] for letter in numeral]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


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
