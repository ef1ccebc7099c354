"""What a text shows or loads once renderers have made HTML of it: the judge of the guards against active content."""

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

LOADED = frozenset({"src", "srcset", "poster", "background", "data", "action", "formaction", "manifest", "xlink:href"})
RUNNING = frozenset(
    "applet base embed form frame frameset iframe link math meta noscript object portal script style svg template "
    "textarea title xmp plaintext".split()
)


@dataclass(frozen=True, kw_only=True)
class Active:
    """One thing that acts: `kind` is link, loaded (without a click) or tag."""

    kind: str
    value: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Active] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in RUNNING:
            self.found.append(Active(kind="tag", value=tag))
        for name, value in attrs:
            if name == "href":
                self.found.append(Active(kind="link", value=value or ""))
            elif name in LOADED:
                self.found.append(Active(kind="loaded", value=value or ""))
            elif name.startswith("on") or (name == "style" and "text-align" not in (value or "")):
                self.found.append(Active(kind="tag", value=f"{tag} {name}={value}"))

    def handle_comment(self, data: str) -> None:
        self.found.append(Active(kind="tag", value=f"<!--{data}-->"))


def _linkifying() -> MarkdownIt:
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    assert parser.linkify is not None
    parser.validateLink = lambda _url: True
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    return parser


_COMMONMARK = MarkdownIt("commonmark", {"html": True})
_COMMONMARK.validateLink = lambda _url: True  # not every renderer refuses what runs
_LINKIFYING = _linkifying()


def html(text: str) -> Iterator[tuple[str, str]]:
    """The text as each renderer shows it, with raw HTML let through, as a careless page would."""
    text = text.encode("utf-8", "replace").decode()
    yield "markdown-it", _COMMONMARK.render(text)
    yield "markdown-it, linkify", _LINKIFYING.render(text)
    yield "cmark-gfm", cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    yield "cmark", cmarkgfm.markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)


def active(text: str) -> Iterator[tuple[str, Active]]:
    """What acts in the rendered text, by renderer."""
    for name, shown in html(text):
        reader = _Reader()
        reader.feed(shown)
        reader.close()
        for found in reader.found:
            yield name, found
