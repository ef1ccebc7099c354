"""How passages and tools' results stand in a prompt: named, and fenced as untrusted data.

::

    <passages fence="3fa9c1">
    <passage n="1" source="manual.pdf" title="Routing > Fallback" page="12" trust="untrusted">
    …the text, to the letter…
    </passage 3fa9c1>
    </passages 3fa9c1>

The text stands verbatim, so that an answer can quote it. Nothing in it can close the fence: the fence's mark is derived
from all the texts and never occurs in any of them. Nothing in a source or title can either: marks of markup are escaped
and white space is made single spaces. The same passages always give the same prompt.

What a tool gave stands in its message in the same way::

    <result fence="81b02e" tool="read_email" trust="untrusted">
    …the text…
    </result 81b02e>
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
    """The headings above it, or its document's title."""
    text: str
    page: str = ""
    """Where the document has pages."""


_OPEN = re.compile(r'<passages fence="([0-9a-f]{6,64})">\n')
_RESULT = re.compile(
    r'<result fence="(?P<mark>[0-9a-f]{6,64})" tool="[^"]*" trust="untrusted">\n(?P<text>.*)\n</result (?P=mark)>',
    re.DOTALL,
)
_PASSAGE = r'<passage n="([0-9]{1,6})" source="([^"]*)" title="([^"]*)"(?: page="([^"]*)")?[^<>\n]*>\n'


def fence(passages: Sequence[Passage]) -> str:
    """The passages as they stand in a prompt; an empty list gives an empty fence."""
    mark = _mark([passage.text for passage in passages])
    parts = [f'<passages fence="{mark}">\n']
    for number, passage in enumerate(passages, 1):
        named = {
            "n": number,
            "source": passage.source,
            "title": passage.meta.get("headings") or passage.title,
            "page": passage.meta.get("page"),
            "trust": passage.trust,
        }
        attributes = " ".join(f'{key}="{_escaped(str(value))}"' for key, value in named.items() if value is not None)
        parts.append(f"<passage {attributes}>\n{passage.text}\n</passage {mark}>\n")
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
    one = re.compile(rf"{_PASSAGE}(.*?)\n</passage {mark}>\n", re.DOTALL)
    found = []
    for match in one.finditer(body):
        source, title, page = (html.unescape(value or "") for value in match.group(2, 3, 4))
        found.append(FencedPassage(number=int(match[1]), source=source, title=title, page=page, text=match[5]))
    return found


def fence_result(text: str, *, tool: str, beside: Sequence[str] = ()) -> str:
    """A tool's result as it stands in its message.

    Args:
        text: What the tool gave, or why it failed.
        tool: Its name.
        beside: The other results of the thread: the mark occurs in none of them either, so that none can close this
            one's fence.
    """
    mark = _mark([text, *beside])
    return f'<result fence="{mark}" tool="{_escaped(tool)}" trust="untrusted">\n{text}\n</result {mark}>'


def fenced_result(content: str) -> str:
    """What a tool gave, out of its fence; the content as it is where it stands in none."""
    whole = _RESULT.fullmatch(content)
    return whole["text"] if whole is not None and whole["mark"] not in whole["text"] else content


def _escaped(value: str) -> str:
    return html.escape(" ".join(value.split()))


def _mark(texts: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(6, len(digest)):
        mark = digest[:length]
        if not any(mark in text for text in texts):
            return mark
    return digest
