"""Finds addresses and tags in a stream, the same ones however the text was split.

What is looked for begins with one of a few marks: an address (`https://`, `www.`), a link's target (`](`), a
definition (`]:`), a tag (`<` and a letter). From its mark on it is held back until its end has come, at most `LIMIT`
characters; what grows longer is judged by its beginning, and what follows of it is dropped as it comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from citeward.contracts.guardrail import Action, Finding
from citeward.guardrails.active import urls
from citeward.guardrails.active.known import TRAILING, KnownLinks
from citeward.guardrails.table import Thresholds

LIMIT = 512
"""The longest address or tag that is read whole, in characters."""
REMOVED = "[link removed]"
LINK, TAG, IMAGE, ACTIVE = 0.6, 0.8, 0.9, 1.0
"""Scores: a foreign link waits for a click, an image is loaded at once, a target that runs something is never right."""

_MARKS = r"(?P<url>(?:https?|ftp|wss?)://|www\.)"
_MARK = re.compile(
    rf"{_MARKS}|(?P<target>\]\()|(?P<define>\]:)|(?P<tag><(?=[a-z/]))|(?P<bracket>!?\[)|(?P<shut>\])"
    r"|(?P<rail>^[ ]{0,3}(?P<ticks>`{3,16}|~{3,16})[ \t]{0,4}[\w+#.-]{0,32}[ \t]{0,4}\n)",
    re.IGNORECASE | re.MULTILINE,
)
_MARK_IN_CODE = re.compile(
    rf"{_MARKS}|(?P<rail>^[ ]{{0,3}}(?P<ticks>`{{3,16}}|~{{3,16}})[ \t]{{0,4}}\n)", re.IGNORECASE | re.MULTILINE
)
# A text's end that the next characters may make a mark.
_MAY_BEGIN = re.compile(
    r"(?:h(?:t(?:t(?:ps?(?::/?)?)?)?)?|f(?:t(?:p(?::/?)?)?)?|w(?:ww?|ss?(?::/?)?)?|ws:/?|\]|!|<)\Z"
    r"|^[ ]{1,3}\Z|^[ ]{0,3}(?:`{1,16}|~{1,16})[ \t]{0,4}[\w+#.-]{0,32}[ \t]{0,4}\Z",
    re.IGNORECASE | re.MULTILINE,
)
_MAY_MATTER = re.compile(r"[hfw\[\]!<`~\n]", re.IGNORECASE)
"""What a mark, or the beginning of one, begins with."""
_URL_END = re.compile(r"[\s<]")
_URL_END_IN_CODE = re.compile(r"[\s<>\"'`]")
_TARGET = re.compile(r"\s{0,8}(?:<(?P<angled>[^<>\n]*)>|(?P<bare>(?:[^\s()<>]|\([^\s()]*\))*))")
_TARGET_END = re.compile(r"\s")
_BRACKET_END = re.compile(r"[\s()]")
_ANGLE_END = re.compile(r"[<>\n]")
_AUTOLINK = re.compile(r"<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>", re.IGNORECASE)
_WITH_ATTRIBUTES = re.compile(r"</?[a-z][^\s/>]*[\s/]+[^\s/>]", re.IGNORECASE)
_NAME = re.compile(r"</?([a-z][a-z0-9-]*)(?=[\s/>]|\Z)", re.IGNORECASE)
_ALWAYS_ACTIVE = frozenset(
    "applet base embed form frame frameset iframe link math meta noscript object script style svg template textarea "
    "title xmp".split()
)
_DEEPEST = 32


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """What becomes of a mark and what follows it."""

    shown: str
    end: int
    """Where reading goes on."""
    dropping: re.Pattern[str] | None = None
    """What ends the rest, which is dropped as it comes; None where the end has come."""


class LinkStream:
    """A StreamGuard over one stream; see `citeward.guardrails.active.links.LinkGuard`.

    Args:
        thresholds: What is done from which score on.
        known: What may be repeated.
    """

    def __init__(self, thresholds: Thresholds, known: KnownLinks) -> None:
        self._thresholds = thresholds
        self._known = known
        self._held = "\n"  # the character before what is held is kept with it: a line begins after one
        self._offset = -1
        self._findings: list[Finding] = []
        self._dropping: re.Pattern[str] | None = None
        self._images: list[bool] = []
        self._rail = ""
        self._markup = False
        self._cut = False
        """Whether what was shown last ends with the bracket of something that was taken out."""
        self.stopped = False
        """True once something was blocked: nothing is returned any more."""

    @property
    def holdback(self) -> int:
        """The most characters held back."""
        return LIMIT + len(REMOVED)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        return tuple(self._findings)

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        return "" if self.stopped else self._advance(text, final=False)

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        return "" if self.stopped else self._advance("", final=True)

    @property
    def _between(self) -> bool:
        """Whether nothing is held, dropped or just taken out, and the line, outside any code, has begun."""
        begun = len(self._held) == 1 and self._held != "\n"
        return begun and not self._rail and not self._cut and self._dropping is None

    def _advance(self, text: str, *, final: bool) -> str:
        if text and self._between and _MAY_MATTER.search(text) is None:
            self._held = text[-1]
            self._offset += len(text)
            return text
        self._held += text
        held, at = self._held, 1
        out: list[str] = []
        while at < len(held) and not self.stopped:
            if self._dropping is not None:
                found = self._dropping.search(held, at)
                at = found.start() if found else len(held)
                self._dropping = self._dropping if found is None else None
                continue
            mark = (_MARK_IN_CODE if self._rail else _MARK).search(held, at)
            begin = mark.start() if mark else len(held)
            unsure = None if final else _MAY_BEGIN.search(held, at)
            if unsure is not None and unsure.start() <= begin:
                begin, mark = unsure.start(), None
            out.append(self._apart(held[at:begin]))
            at = begin
            if mark is None:
                break
            decided = self._decided(mark, held, final=final)
            if decided is None:
                break
            out.append(self._apart(decided.shown))
            self._cut = decided.shown.endswith("]") and decided.shown != held[at : decided.end]
            self._dropping = decided.dropping
            at = decided.end
        self._held = held[at - 1 :]
        self._offset += at - 1
        return "".join(out)

    def _apart(self, text: str) -> str:
        """The text; a space before what would make a link of it together with the bracket where one was taken out."""
        if not self._cut or not text:
            return text
        self._cut = False
        return f" {text}" if text[0] in "([:" else text

    def _decided(self, mark: re.Match[str], held: str, *, final: bool) -> _Decided | None:
        """What becomes of the mark; None where more must come first."""
        kind = mark.lastgroup
        if kind == "rail":
            return self._code(mark)
        if kind == "bracket":
            self._images = [*self._images[-_DEEPEST:], mark[0].startswith("!")]
            return _Decided(shown=mark[0], end=mark.end())
        if kind == "url":
            return self._url(mark.start(), held, final=final)
        if kind == "tag":
            return self._tag(mark.start(), held, final=final)
        # A bracket closes: what it holds was an image's description where its opening said so, or was not seen.
        image = any(self._images) or not self._images
        shut = _Decided(shown="]", end=mark.end())
        decided = shut if kind == "shut" else self._target(mark, held, image=image, final=final)
        if decided is not None and self._images:
            self._images.pop()
        return decided

    def _code(self, mark: re.Match[str]) -> _Decided:
        ticks = mark["ticks"]
        if not self._rail and not self._markup:
            # Inside raw markup a fence is no fence, and nothing would be code.
            self._rail = ticks
        elif self._rail and ticks.startswith(self._rail):
            self._rail = ""
        return _Decided(shown=mark[0], end=mark.end())

    def _url(self, start: int, held: str, *, final: bool) -> _Decided | None:
        # As far as a renderer would take it for an address; in code nothing is made a link.
        ends = _URL_END_IN_CODE if self._rail else _URL_END
        found = ends.search(held, start, start + LIMIT)
        end = found.start() if found else min(len(held), start + LIMIT)
        too_long = found is None and len(held) - start >= LIMIT
        if found is None and not too_long and not final:
            return None
        whole = held[start:end]
        address = whole.rstrip(TRAILING)
        if not too_long and (not urls.host(address) or self._may_name(address)):
            return _Decided(shown=whole, end=end)
        shown = self._found("link", LINK, start, end, whole, REMOVED + whole[len(address) :])
        # Where it stays to be seen, what follows of it is read on as text.
        return _Decided(shown=shown, end=end, dropping=ends if too_long and shown != whole else None)

    def _tag(self, start: int, held: str, *, final: bool) -> _Decided | None:
        closed = held.find(">", start, start + LIMIT)
        ended = closed >= 0
        if not ended and len(held) - start < LIMIT and not final:
            return None
        tag = held[start : closed + 1] if ended else held[start : min(start + LIMIT, len(held))]
        if ended and (auto := _AUTOLINK.fullmatch(tag)):
            if self._may_name(auto[1]):
                return _Decided(shown=tag, end=closed + 1)
            kind, score = ("active_link", ACTIVE) if urls.is_active(auto[1]) else ("link", LINK)
            return _Decided(shown=self._found(kind, score, start, closed + 1, tag, REMOVED), end=closed + 1)
        name = _NAME.match(tag)
        acts = name is not None and name[1].lower() in _ALWAYS_ACTIVE and not tag.startswith("</")
        acts = acts or (_WITH_ATTRIBUTES.match(tag) is not None and (ended or "=" in tag))
        if acts:
            # Only its first character: what stands in it is read on, and becomes text.
            return _Decided(shown=self._found("active_tag", TAG, start, start + 1, "<", "‹"), end=start + 1)
        self._markup = self._markup or name is not None
        return _Decided(shown="<", end=start + 1)

    def _target(self, mark: re.Match[str], held: str, *, image: bool, final: bool) -> _Decided | None:
        """The target of a link or image, or of a definition, which may be either's."""
        start = mark.start()
        inside = _TARGET.match(held, mark.end(), start + LIMIT)
        end = inside.end() if inside else mark.end()
        if not final and not _has_ended(held, start, end):
            return None
        target = (inside["angled"] or inside["bare"] or "") if inside else ""
        # A target that goes on after a bracket of its own, or is too long, is not all that a renderer would take.
        whole_target = end < start + LIMIT and (not target or held[end : end + 1] in ("", ")") or held[end].isspace())
        defines = mark.lastgroup == "define"
        image = image or defines
        whole = held[start:end]
        if whole_target and not urls.is_active(target):
            if not urls.is_external(target) or self._known.trusts(target) or _opens_mail(target):
                return _Decided(shown=whole, end=end)
            if self._known.knows(target):
                # An image's address that was read is still one to click on, and is not loaded unasked.
                return _Decided(shown=f"] {whole[1:]}" if image else whole, end=end)
        kind, score = ("image", IMAGE) if image and not defines else ("link", LINK)
        if urls.is_active(target):
            kind, score = "active_link", ACTIVE
        if whole_target and not defines and held[end : end + 1] == ")":
            end += 1
            whole += ")"
        shown = self._found(kind, score, start, end, whole, f"]: {REMOVED}" if defines else "]")
        return _Decided(shown=shown, end=end, dropping=None if whole_target or shown == whole else _TARGET_END)

    def _may_name(self, address: str) -> bool:
        return not urls.is_active(address) and (
            self._known.trusts(address) or _opens_mail(address) or self._known.knows(address)
        )

    def _found(self, kind: str, score: float, start: int, end: int, whole: str, instead: str) -> str:
        """Notes a finding; what is shown for it: itself where it may pass, nothing where the stream ends."""
        action = self._thresholds.action(score)
        if action is Action.ALLOW:
            return whole
        self._findings.append(Finding(kind=kind, start=self._offset + start, end=self._offset + end, score=score))
        if action is Action.BLOCK:
            self.stopped = True
            return ""
        return instead if action is Action.MODIFY else whole


def _has_ended(held: str, start: int, end: int) -> bool:
    """Whether the target that was read up to `end` can go on no more, or is too long to be read whole."""
    if len(held) - start >= LIMIT:
        return True
    if end >= len(held):
        return False
    if held[end] == "(":
        return _BRACKET_END.search(held, end + 1) is not None
    if held[end] == "<":
        return _ANGLE_END.search(held, end + 1) is not None
    return True


def _opens_mail(target: str) -> bool:
    """Whether it only names whom to write to or to call, and not what to say."""
    return urls.scheme(target) in ("mailto", "tel") and "?" not in urls.cleaned(target)
