"""How passages stand in a prompt: numbered, named, and fenced as untrusted data.

::

    <passages fence="3fa9c1">
    <passage n="1" source="docs/routing.md" title="Routing > Fallback">
    …the text, to the letter…
    </passage 3fa9c1>
    </passages 3fa9c1>

The text stands verbatim, so that an answer can quote it. Nothing in it can close the fence: the fence's mark is derived
from all the texts and never occurs in any of them. The same passages always give the same prompt.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from citeward.contracts.retrieval import Passage


@dataclass(frozen=True, kw_only=True)
class FencedPassage:
    """One passage as read back from a prompt."""

    number: int
    """From 1; the answer's `[n]` means this one."""
    source: str
    title: str
    text: str


_OPEN = re.compile(r'<passages fence="([0-9a-f]{6,64})">\n')


def fence(passages: Sequence[Passage]) -> str:
    """The passages as they stand in a prompt; an empty list gives an empty fence."""
    mark = _mark([passage.text for passage in passages])
    parts = [f'<passages fence="{mark}">\n']
    for number, passage in enumerate(passages, 1):
        source = html.escape(passage.source)
        title = html.escape(str(passage.meta.get("headings") or passage.title))
        parts.append(f'<passage n="{number}" source="{source}" title="{title}">\n{passage.text}\n</passage {mark}>\n')
    parts.append(f"</passages {mark}>")
    return "".join(parts)


def fenced(prompt: str) -> list[FencedPassage]:
    """The passages that stand in the first fence of `prompt`; an empty list where there is none.

    A fence that stands inside a passage's text is text: the outer fence closes only with its own mark.
    """
    opening = _OPEN.search(prompt)
    if opening is None:
        return []
    mark = re.escape(opening[1])
    end = prompt.find(f"</passages {opening[1]}>", opening.end())
    body = prompt[opening.end() : end if end >= 0 else len(prompt)]
    one = re.compile(rf'<passage n="(\d+)" source="([^"]*)" title="([^"]*)">\n(.*?)\n</passage {mark}>\n', re.DOTALL)
    return [
        FencedPassage(number=int(m[1]), source=html.unescape(m[2]), title=html.unescape(m[3]), text=m[4])
        for m in one.finditer(body)
    ]


def _mark(texts: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(6, len(digest)):
        mark = digest[:length]
        if not any(mark in text for text in texts):
            return mark
    return digest
