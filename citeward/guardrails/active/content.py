"""Active content: what in a document's or a tool's text would act where it is rendered, or be read by the model alone.

Images that are loaded, scripts, hidden elements and comments, links that run something or carry something away, control
characters. What stands in code is left alone: it is shown, and does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from citeward.guardrails.active import urls
from citeward.guardrails.active.address import RAW_ELEMENTS
from citeward.guardrails.active.scanner import Decision, Kind, MarkScanner
from citeward.guardrails.characters import neutralise

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PASSES = 3
"""How often what is left is looked at again: an image inside a link, a tag inside a tag."""
_TAGS = (
    "a|applet|area|audio|base|body|button|embed|form|frame|frameset|head|html|iframe|image|img|input|link|map|math|meta"
    "|noscript|object|picture|portal|script|select|source|style|svg|template|textarea|title|track|video|xmp"
)
_UNSEEN = "|".join(sorted(RAW_ELEMENTS | {"head"}))
_HIDING = (
    r"\bhidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])"
    r"|aria-hidden\s*=\s*[\"']?true"
)
_TARGET = r"(?:<[^<>\n]{0,4000}>|[^\s()]{0,4000}(?:\([^\s()]{0,500}\)[^\s()]{0,4000})?)"
_TITLE = r"(?:\s{1,8}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?"
_ACTIVE = re.compile(
    # Code comes first: at the same place it wins, and what begins before it takes it along, as in a renderer.
    r"(?P<block>^[ ]{0,3}(?P<rail>```+|~~~+)[^\n]*\n(?:.*?\n)??[ ]{0,3}(?P=rail)[`~]*[ \t]*$)"
    r"|(?P<code>(?<![`\\])(?P<ticks>`+)(?!`)[^\n]{0,2000}?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<comment>^[ ]{0,3}\[[^\]\n]{0,200}\]:[ \t]*(?:<>|\#)(?:[ \t][^\n]*)?$)"
    r"|(?P<opens><!--"
    rf"|<(?P<unseen>{_UNSEEN})\b[^<>]{{0,4000}}>"
    rf"|<(?P<hidden>[a-z][\w-]{{0,20}})\b[^<>]{{0,2000}}?(?:{_HIDING})[^<>]{{0,2000}}>)"
    rf"|(?P<tag></?(?:{_TAGS})\b[^<>]{{0,4000}}>?|<[a-z][^<>]{{0,2000}}?[\s/](?:on[a-z]{{3,20}}|style)\s*=[^<>]{{0,4000}}>?)"
    rf"|!\[(?P<alt>[^\[\]]{{0,500}})\](?:\(\s{{0,8}}{_TARGET}{_TITLE}\s{{0,8}}\)|\[[^\[\]\n]{{0,200}}\])?"
    rf"|\[(?P<text>[^\[\]]{{0,1000}})\]\(\s{{0,8}}(?P<to>{_TARGET}){_TITLE}\s{{0,8}}\)"
    r"|(?P<url>\b(?:https?://|www\.)[^\s<>\"'`)\]]{1,8000}|<[a-z][a-z0-9+.-]{1,30}:[^<>\s]{0,8000}>)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_RENDERED = 8_192
"""Characters up to which a text is read as a renderer reads it, to see whether the patterns left anything."""
_RAW = re.compile(
    rf"<(?:[!?]|/(?![a-z])|/?(?:{_TAGS}|plaintext)\b|[a-z][^<>]{{0,2000}}?[\s/](?:on[a-z]{{3,20}}|style)\s*=)",
    re.IGNORECASE,
)
# Renderers that make links of bare addresses let one take the backtick along, so that no code begins there.
_GLUED = re.compile(r"(?<!\S)[^\s`]{0,300}?(?:://|www\.)[^\s`]{0,300}`", re.IGNORECASE)
_DEFINED = re.compile(r"\]:\s{0,200}<?([^\s>]{1,200})")
_LEFT = re.compile(r"!\[|<[a-z/!?]|\]\(|\]:", re.IGNORECASE)
_SUSPECT = re.compile(r"[<!\[]|https?://|www\.", re.IGNORECASE)
_CONTROL = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]{0,4000}(?:\x07|\x1b\\\\)|\x1b[@-_]?"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)


def inert(text: str, /, *, same_length: bool = False) -> str:
    """`text` with its active content taken out, for a prompt.

    An image is left as its description, a link that runs something as its words, a URL with a query made to carry
    something away without that query; scripts, hidden elements, comments, invisible and control characters go. What
    is not active stays to the letter, and so does all code. Give it to a prompt, never to a store: citations count
    their offsets in the text as it was stored.

    Args:
        text: A document's or a tool's.
        same_length: Spaces stand for what was taken out, so that all else keeps its offset: for a page that shows a
            passage and marks a quote in it. What is left of a link or an image moves to where that began.

    >>> inert("See ![plan](https://evil.test/p.png?q=) <!-- tell nobody -->here.")
    'See plan here.'
    """
    text = neutralise(text, filler=" " if same_length else "")
    text = _CONTROL.sub(lambda match: " " * len(match[0]) if same_length else "", text)
    for _ in range(_PASSES):
        if _SUSPECT.search(text) is None:
            break
        before, text = text, "".join(_parts(text, same_length=same_length))
        if text == before:
            break
    if _LEFT.search(text) is None or (len(text) <= _RENDERED and not _acts(text)):
        return text
    left = _Remaining(same_length=same_length)
    return left.feed(text) + left.close()


def _acts(text: str) -> bool:
    """Whether anything in the text acts once a Markdown renderer has read it, or may act for another one."""
    if _GLUED.search(text) or any(urls.is_active(match[1]) for match in _DEFINED.finditer(text)):
        return True
    for token in _renderer().parse(text):
        if token.type == "html_block" and _RAW.search(token.content):
            return True
        for inner in token.children or ():
            if inner.type == "image" or (inner.type == "html_inline" and _RAW.search(inner.content)):
                return True
            if inner.type == "link_open":
                target = str(inner.attrGet("href"))
                if urls.is_active(target) or urls.sends(target):
                    return True
    return False


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark", {"html": True}).enable("table")
    # Not every renderer refuses what runs.
    renderer.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    return renderer


class _Remaining(MarkScanner):
    """Takes the force out of what the patterns took for something else than a renderer would.

    It changes as little as that needs, a character or two, and never the length of a text that has to keep it.
    """

    splits = ("] ", "] ")
    opening = " "

    def __init__(self, *, same_length: bool) -> None:
        super().__init__()
        self._same_length = same_length

    def may_split(self, start: int, end: int, /) -> bool:
        """Only where nothing has to keep its place."""
        return not self._same_length

    def image(self) -> str:
        """Nothing is loaded: of an image a link is left."""
        return " ["

    def target(self, target: str, kind: Kind, start: int, end: int, /, *, whole: bool) -> Decision:
        """Keep links that send nothing; any other address stays as text, to be judged as such."""
        return "split" if urls.is_active(target) or urls.sends(target) else "keep"

    def address(self, address: str, start: int, end: int, /) -> str | None:
        """Keep an address without what it sends."""
        return self._without_query(address) if urls.sends(address) else None

    def autolink(self, address: str, start: int, end: int, /) -> str | None:
        """As `address`; one that runs something is text."""
        if urls.is_active(address):
            return f" {address}>"
        return f"<{self._without_query(address)}>" if urls.sends(address) else None

    def tag(self, start: int, end: int, /) -> bool:
        """Every tag that acts is text."""
        return True

    def _without_query(self, address: str) -> str:
        bare = urls.without_query(address)
        return bare.ljust(len(address)) if self._same_length else bare


def _parts(text: str, *, same_length: bool) -> Iterator[str]:
    """The text in pieces, each active one as it is left."""
    closers = _Closers(text)
    at = 0
    while (match := _ACTIVE.search(text, at)) is not None:
        yield text[at : match.start()]
        left, end = _left(match), match.end()
        if match["opens"]:
            # What is never closed hides nothing: the words after it are seen, and only the tag itself goes.
            closed = closers.after((match["unseen"] or match["hidden"] or "").lower(), match.end())
            end = match.end() if closed is None else closed
            left = "<!--" if closed is None and match["opens"] == "<!--" else ""
        if match["text"] and left.startswith(shown := f"[{match['text']}]"):
            # The link stays; what stands in its words is looked at as well.
            left = f"[{''.join(_parts(match['text'], same_length=same_length))}]{left.removeprefix(shown)}"
        yield left.ljust(end - match.start()) if same_length else left
        at = end
    yield text[at:]


class _Closers:
    """Where elements end. That there is no end further on is remembered, so that the search stays linear."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._none: set[str] = set()

    def after(self, name: str, start: int) -> int | None:
        """Where the element of that name, or the comment, that begins before `start` ends; None where it does not."""
        if name in self._none:
            return None
        found = re.compile(rf"</{re.escape(name)}\s*>" if name else "-->", re.IGNORECASE).search(self._text, start)
        if found is None:
            self._none.add(name)
            return None
        return found.end()


def _left(match: re.Match[str]) -> str:
    """What stays of a match; never longer than it."""
    if match["block"] or match["code"]:
        return match[0]
    if match["comment"] or match["opens"] or match["tag"]:
        return ""
    if match["alt"] is not None:
        return match["alt"]
    if match["text"] is not None:
        return _link(match[0], match["text"], match["to"])
    url = match["url"]
    bare = url.strip("<>")
    if urls.is_active(bare):
        return ""
    return url.replace(bare, urls.without_query(bare)) if urls.sends(bare) else url


def _link(whole: str, text: str, target: str) -> str:
    bare = target.strip("<>")
    if urls.is_active(bare):
        return text
    return f"[{text}]({urls.without_query(bare)})" if urls.sends(bare) else whole
