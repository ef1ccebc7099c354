"""Finds what a Markdown renderer could make a link, an image or a tag of, in a text that comes in pieces.

The scanner follows no inline grammar. It judges every mark that could begin something active, wherever it stands, and
reads on right behind a mark that it let pass, so that nothing active hides in something harmless. Where it and a
renderer disagree about what an address belongs to, both readings have been judged. Fenced code, in which nothing is
active, is recognised by CommonMark's own block grammar; see `CodeBlocks`.

A mark is an address (`https://`, `www.`, `//host`), the end of a link's words (`](`), a definition (`]:`), a tag (`<`
and a letter, `/`, `!` or `?`), or a line that begins like a fence. Text is held back from a mark on until the mark's
end has come, at most `LIMIT` characters; what is longer is judged by its beginning.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from citeward.guardrails.active import urls
from citeward.guardrails.active.address import RAW_ELEMENTS
from citeward.guardrails.active.codeblocks import CodeBlocks
from citeward.guardrails.active.known import TRAILING

LIMIT = 512
"""The longest address, tag or fence that is read whole, in characters."""

Kind = Literal["link", "image", "definition"]
"""What an address belongs to: a link, an image, which is loaded unasked, or a definition, which may serve either."""
Decision = Literal["keep", "split", "remove"]
"""Keep a target, keep it as text that is no part of a link any more, or take it out."""

_BARE_URL = r"(?:https?|ftp|wss?)://|www\."
_URL = rf"(?P<url>{_BARE_URL})"
_HOST = r"(?<![^\W_])(?<![:/])//(?=[^\s/])"
_FENCE = r"(?P<fence>(?<![^\n\r])[ ]{0,3}(?:```|~~~))"
_MARK = re.compile(
    rf"{_URL}|(?P<host>{_HOST})|(?P<target>\]\()|(?P<define>\]:)|(?P<image>!\[)"
    rf"|(?P<tag><(?=[a-z/!?]))|(?P<blank>(?<=\n)\n)|{_FENCE}",
    re.IGNORECASE,
)
_MARK_IN_CODE = re.compile(rf"{_URL}|{_FENCE}", re.IGNORECASE)
# A text's end that the next characters may make a mark.
_PARTIAL = r"h(?:t(?:t(?:ps?(?::/?)?)?)?)?|f(?:t(?:p(?::/?)?)?)?|w(?:ww?|ss?(?::/?)?)?|ws:/?"
_LINE_START = r"(?<![^\n\r])(?:[ ]{1,3}|[ ]{0,3}(?:``?|~~?))"
_MAY_BEGIN = re.compile(rf"(?:{_PARTIAL}|//?|\]|!|<|{_LINE_START})\Z", re.IGNORECASE)
_MAY_BEGIN_REACH = 8
_MAY_MATTER = re.compile(rf"[\[\]!<`~\n\r/]|www|(?:{_PARTIAL})\Z", re.IGNORECASE)
"""What is in a piece that holds a mark, or the beginning of one."""
_LINE_END = re.compile(r"[\n\r]")
_ASCII_WHITE = r"\x01-\x20\x7f"  # not NUL, which renderers show as a character of its own
_URL_END = re.compile(r"[\t-\r <]")
_INNER_URL = re.compile(rf"{_BARE_URL}|{_HOST}", re.IGNORECASE)
_URL_END_IN_CODE = re.compile(r"[\s<>\"'`]")
_TARGET_END = re.compile(rf"[{_ASCII_WHITE}]")
# Punctuation and spaces beyond ASCII: scripts that put no space there go on with the sentence after them.
SOFT = (
    r"\u00a0\u1680\u2000-\u200a\u2013-\u201f\u2026-\u205f\u3000-\u3003\u3008-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40"
    r"\uff5b-\uff65"
)
_SOFT_END = re.compile(rf"[{SOFT}]")
_MOST_SIGNS = 4
_BARE = rf"[^{_ASCII_WHITE}()\\]|\\[^{_ASCII_WHITE}]?"
_GAP = re.compile(rf"[{_ASCII_WHITE}]*+")
_TARGET = re.compile(rf"<(?P<angled>(?:[^<>\\\n\r]|\\[^\n\r])*+)>|(?P<bare>(?!<)(?:{_BARE}|\((?:{_BARE})*+\))*+)")
_ANGLE_ENDS = re.compile(r"<(?:[^<>\\\n\r]|\\[^\n\r])*+(?:[<>\n\r]|\\[\n\r])")
_INNER_ENDS = re.compile(rf"\((?:{_BARE})*+(?:[()]|[{_ASCII_WHITE}])")
# The beginning of a target that leads to no other host, however it goes on.
_RELATIVE = re.compile(r"(?!www\.)(?:[\d.#?{}\[\]!\"'()*+,;=@^`|~$_-]|[a-z][a-z0-9+.-]*[/()\[\]#?])", re.IGNORECASE)
_BRACKETS = re.compile(r"[\[\]]")
_TARGET_ENDS = re.compile(rf"[{_ASCII_WHITE}()<>]")
_UNCLEAN = re.compile(r"[\[\]<>]")
_AUTOLINK = re.compile(rf"<([a-z][a-z0-9+.-]{{1,31}}:[^{_ASCII_WHITE}<>]*)>", re.IGNORECASE)
_SCHEME = re.compile(r"<[a-z][a-z0-9+.-]{1,31}:", re.IGNORECASE)
_TAG_END = re.compile(">")
_NAME_END = re.compile(r"[\s/>]")
_NAME = re.compile(r"[a-z][a-z0-9-]*", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"[\s/]+[^\s/>]")
_ALWAYS_ACTIVE = RAW_ELEMENTS | frozenset(
    "applet base embed form frame frameset link listing meta noembed noframes plaintext portal".split()
)
# The words of a link before its target, so plain that every renderer takes them for that.
_PLAIN_WORDS = re.compile(r"(?<!\\)\[[^\[\]\\`<>\n\r]*\Z")
_ESCAPES = re.compile(r"(?<!\\)(?:\\\\)*+\\\Z")
_TAIL = 256
_TRAILS = re.compile("[" + re.escape(TRAILING) + r"]{0,16}")


@dataclass(frozen=True, kw_only=True)
class _Step:
    """What becomes of a mark and what follows it."""

    shown: str
    end: int
    """Where reading goes on."""
    dropping: re.Pattern[str] | None = None
    """What ends the rest, which is dropped as it comes; None where the end has come."""
    is_fence: bool = False


class MarkScanner(ABC):
    """Takes a text in pieces and returns it without what its subclass does not allow.

    Joined, what `feed` and `close` return is the same however the text was split.
    """

    def __init__(self) -> None:
        self._held = "\n"  # the character before what is held is kept with it: a line begins after one
        self._offset = -1
        self._dropping: re.Pattern[str] | None = None
        self._image_begun = False
        """Whether an image may have begun in this paragraph."""
        self._code = CodeBlocks()
        self._cut = False
        """Whether what was shown last ends with the bracket of something that was taken out."""
        self._tail = ""
        """The end of what was shown."""
        self._ahead: dict[re.Pattern[str], int] = {}
        """Where in what is held each pattern was found last: marks that share an end find it once."""
        self.stopped = False
        """True once the stream was ended by a finding: nothing is returned any more."""

    @abstractmethod
    def target(self, target: str, kind: Kind, start: int, end: int, /, *, whole: bool) -> Decision:
        """Decide about the target of a link, an image or a definition that leads to another host or runs something.

        `start` and `end` are offsets into the original text; `whole` is false if the target goes on.
        """

    @abstractmethod
    def address(self, address: str, start: int, end: int, /) -> str | None:
        """Decide about an address in the text: None keeps it, anything else is shown in its place."""

    @abstractmethod
    def autolink(self, address: str, start: int, end: int, /) -> str | None:
        """Decide about an address between `<` and `>`, of any scheme; as `address`."""

    @abstractmethod
    def tag(self, start: int, end: int, /) -> bool:
        """Decide about a tag that could load, run or hide something; whether it becomes text."""

    def may_split(self, start: int, end: int, /) -> bool:
        """Whether a space may be put into the text to keep what follows an address apart from it.

        If it may not, this is a finding: renderers read the address in different ways there.
        """
        return True

    def image(self) -> str:
        """What stands for the beginning of an image, `![`, whose target has not come yet."""
        return "!["

    splits: tuple[str, str] = ("] (", "] :")
    """What stands for `](` and `]:` where the target stays as text."""

    opening: str = "\u2039"
    """What stands for the `<` of a tag that becomes text."""

    @property
    def holdback(self) -> int:
        """The most characters held back."""
        return LIMIT + 14

    def feed(self, text: str, /) -> str:
        """Take the next piece; return what may be released now."""
        return "" if self.stopped else self._advance(text, final=False)

    def close(self) -> str:
        """The stream has ended; return what was still held back."""
        return "" if self.stopped else self._advance("", final=True)

    @property
    def _between(self) -> bool:
        """Whether nothing is held, dropped or just taken out, and the line has begun."""
        begun = len(self._held) == 1 and self._held not in "\n\r"
        return begun and not self._cut and self._dropping is None

    def _advance(self, text: str, *, final: bool) -> str:
        if text and self._between and _MAY_MATTER.search(text) is None:
            self._held = text[-1]
            self._offset += len(text)
            self._note(text)
            return text
        self._held += text
        held, at = self._held, 1
        self._ahead = {}
        unsure = None if final else _MAY_BEGIN.search(held, max(1, len(held) - _MAY_BEGIN_REACH))
        # Nothing from here on may leave before more has come.
        stop = unsure.start() if unsure else len(held)
        out: list[str] = []
        while at < len(held) and not self.stopped:
            if self._dropping is not None:
                found = self._dropping.search(held, at)
                at = found.start() if found else len(held)
                self._dropping = self._dropping if found is None else None
                continue
            mark = (_MARK_IN_CODE if self._code.inside else _MARK).search(held, at)
            begin = mark.start() if mark else len(held)
            if stop <= begin:
                begin, mark = max(stop, at), None
            out.append(self._shown(held[at:begin]))
            at = begin
            if mark is None:
                break
            step = self._step(mark, held, final=final)
            if step is None or self.stopped:
                break
            if step.is_fence:
                out.append(step.shown)
                self._cut = False
            else:
                out.append(self._shown(step.shown))
                self._cut = step.shown.endswith("]") and step.shown != held[at : step.end]
            self._dropping = step.dropping
            at = step.end
        self._held = held[at - 1 :]
        self._offset += at - 1
        return "".join(out)

    def _shown(self, text: str) -> str:
        """The text; a space before what would make a link of it together with the bracket where one was taken out."""
        if not text:
            return text
        if self._cut:
            self._cut = False
            text = f" {text}" if text[0] in "([:" else text
        self._note(text)
        return text

    def _note(self, text: str) -> None:
        self._tail = text[-_TAIL:] if len(text) >= _TAIL else (self._tail + text)[-_TAIL:]
        self._code.released(text)

    def _step(self, mark: re.Match[str], held: str, *, final: bool) -> _Step | None:
        """What becomes of the mark; None where more must come first."""
        match mark.lastgroup:
            case "url" | "host":
                return self._url(mark, held, final=final)
            case "target" | "define":
                return self._linked(mark, held, final=final)
            case "tag":
                return self._tagged(mark.start(), held, final=final)
            case "fence":
                return self._fenced(mark, held, final=final)
            case "image":
                self._image_begun = True
                return _Step(shown=self.image(), end=mark.end())
            case _:  # a blank line, which no paragraph outlives
                self._image_begun = False
                return _Step(shown=mark[0], end=mark.end())

    def _next(self, pattern: re.Pattern[str], held: str, start: int) -> int | None:
        """Where the pattern matches from `start` on, less than `LIMIT` characters away; None where it does not."""
        at = self._ahead.get(pattern, -1)
        if at < start:
            found = pattern.search(held, start)
            at = self._ahead[pattern] = found.start() if found else len(held)
        return at if at < min(len(held), start + LIMIT) else None

    def _fenced(self, mark: re.Match[str], held: str, *, final: bool) -> _Step | None:
        start = mark.start()
        ended = self._next(_LINE_END, held, start)
        as_text = _Step(shown=mark[0], end=mark.end())
        if ended is None:
            if len(held) - start >= LIMIT:
                self._code.give_up()
                return as_text
            if not final:
                return None
        end = len(held) if ended is None else ended
        if self._code.fence(held[start:end]):
            return _Step(shown=held[start:end], end=end, is_fence=True)
        return as_text

    def _url(self, mark: re.Match[str], held: str, *, final: bool) -> _Step | None:
        start, in_code = mark.start(), self._code.inside
        # As far as a renderer would take it for an address; in code nothing is made a link.
        ends = _URL_END_IN_CODE if in_code else _URL_END
        found = self._next(ends, held, start)
        end = min(len(held), start + LIMIT) if found is None else found
        too_long = found is None and len(held) - start >= LIMIT
        if found is None and not too_long and not final:
            return None
        joined = not in_code and found is not None and held[end] == "<"
        inner = None if in_code else self._next(_INNER_URL, held, mark.end())
        if inner == mark.end():
            return _Step(shown=mark[0] + self._space(True, start, inner), end=inner)
        if inner is not None and inner < end and not self.may_hold_another(held[start:end].rstrip(TRAILING)):
            # Some renderers end the address before the other one: each is judged by itself, and they are set apart.
            head = held[start:inner]
            if not any(urls.hosts(head.rstrip(TRAILING))) or self.stays(head):
                end, joined, too_long = inner, True, False
        whole = held[start:end]
        address = whole.rstrip(TRAILING)
        names = urls.hosts(address)
        if not any(names) or (mark.lastgroup == "host" and "." not in whole):
            # What stands where a host should could be its user, and the host come after an `@`.
            apart = joined or (not any(names) and bool(whole[len(mark[0]) :].strip(TRAILING)))
            # The space comes behind all its slashes, which would begin an address of their own after one.
            after = mark.end() + len(whole) - len(mark[0]) - len(whole[len(mark[0]) :].lstrip("/\\"))
            return _Step(shown=held[start:after] + self._space(apart, start, end), end=after)
        stays = "" if too_long else self.stays(whole)
        if stays and stays != whole:
            return _Step(shown=f"{stays} ", end=start + len(stays))
        if stays:
            return self._beside(whole, address, start, joined=joined)
        if not in_code and (soft := _SOFT_END.search(address)):
            address, too_long = address[: soft.start()].rstrip(TRAILING), False
        shown = self.address(address, self._offset + start, self._offset + start + len(address))
        if shown is not None:
            return _Step(
                shown=shown, end=end if too_long else start + len(address), dropping=ends if too_long else None
            )
        if too_long or (not in_code and _UNCLEAN.search(address)):
            return _Step(shown=mark[0], end=mark.end())  # it stays; what stands in it is read on as text
        return self._beside(whole, address, start, joined=joined)

    def _beside(self, whole: str, address: str, start: int, *, joined: bool) -> _Step:
        """An address that stays, set apart from what follows where that could be taken for a part of it."""
        # To some renderers what comes before `<` is the name of a user, and the host comes later; and a long row of
        # signs behind an address, which they take for a part of it, could stand for something.
        apart = joined or (not self._code.inside and len(whole) - len(address) > _MOST_SIGNS)
        end = start + len(address)
        return _Step(shown=address + self._space(apart, start, end), end=end)

    def _space(self, apart: bool, start: int, end: int) -> str:
        """A space where one is needed and allowed."""
        return " " if apart and self.may_split(self._offset + start, self._offset + end) else ""

    def may_hold_another(self, address: str, /) -> bool:
        """Whether an address with another one in it may stay as a whole."""
        return False

    def stays(self, whole: str, /) -> str:
        """The beginning of an address and what follows it up to the next space that may stay: all, some or none.

        Where only some may, a space sets it apart from the rest.
        """
        return ""

    def _tagged(self, start: int, held: str, *, final: bool) -> _Step | None:
        if held[start + 1] in "!?":
            return self._as_text(start)  # a comment, a declaration, an instruction
        if held[start + 1] == "/":
            if start + 2 >= len(held):
                return _Step(shown="<", end=start + 1) if final else None
            if not held[start + 2].isalpha():
                return self._as_text(start)
        closed = self._next(_TAG_END, held, start)
        too_long = closed is None and len(held) - start >= LIMIT
        if closed is None and not too_long and not final:
            return None
        end = min(len(held), start + LIMIT) if closed is None else closed + 1
        if _SCHEME.match(held, start):
            return self._autolinked(start, held, end)
        name_end = self._next(_NAME_END, held, start + 1 + (held[start + 1] == "/"))
        name = held[start + 1 : name_end if name_end is not None and name_end < end else end]
        # What ends no element is a comment to browsers.
        acts = _NAME.fullmatch(name, 1) is None if name.startswith("/") else name.lower() in _ALWAYS_ACTIVE
        if name_end is not None and name_end < end and held[name_end] != ">":
            follows = _ATTRIBUTE.match(held, name_end, end) is not None
            acts = acts or too_long or (follows and (closed is not None or "=" in held[start:end]))
        return self._as_text(start) if acts else _Step(shown="<", end=start + 1)

    def _autolinked(self, start: int, held: str, end: int) -> _Step:
        """An address between `<` and `>`, or what could become one by a change of what follows."""
        auto = _AUTOLINK.fullmatch(held, start, end)
        if auto is None:
            return self._as_text(start)
        if _ESCAPES.search(self._tail):
            return _Step(shown="<", end=start + 1)  # an address on its own, which goes on behind the `>`
        shown = self.autolink(auto[1], self._offset + start, self._offset + end)
        return _Step(shown=auto[0] if shown is None else shown, end=end)

    def _as_text(self, start: int) -> _Step:
        # Only its first character: what stands in it is read on, and becomes text.
        changed = self.tag(self._offset + start, self._offset + start + 1)
        return _Step(shown=self.opening if changed else "<", end=start + 1)

    def _linked(self, mark: re.Match[str], held: str, *, final: bool) -> _Step | None:
        """The target of a link or image, or of a definition, which may be either's."""
        start, defines = mark.start(), mark.lastgroup == "define"
        stays = _Step(shown=mark[0], end=mark.end())
        gap = _GAP.match(held, mark.end(), start + LIMIT)
        begin = gap.end() if gap else mark.end()
        if _RELATIVE.match(held, begin):
            return stays
        full = len(held) - start >= LIMIT
        bracket = self._next(_BRACKETS, held, begin)
        if bracket is not None and begin < bracket < (self._next(_TARGET_ENDS, held, begin) or len(held)):
            # Marks of its own are judged by themselves, so that no run of them is read again and again.
            return self._split(mark)
        if begin >= len(held) and not final and not full:
            return None
        if begin >= start + LIMIT:
            return self._split(mark)
        inside = _TARGET.match(held, begin, start + LIMIT)
        end = inside.end() if inside else begin
        if not final and not full and not _has_ended(held, end):
            return None
        target = (inside["angled"] or inside["bare"] or "") if inside else ""
        if "[" in target or "]" in target:
            return self._split(mark)
        if not urls.is_external(target) and not urls.is_active(target):
            # What goes on after a bracket of its own is read as text; nothing begins like an address here.
            return stays
        angled = inside is not None and inside["angled"] is not None
        following = held[end : end + 1]
        whole = end < start + LIMIT and (angled or following in ("", ")") or _TARGET_END.match(following) is not None)
        whole = whole and _UNCLEAN.search(target) is None
        whole = whole and (_INNER_URL.search(target, 4) is None or self.may_hold_another(target))
        kind: Kind = "definition" if defines else "image" if self._image_begun else "link"
        decision = self.target(target, kind, self._offset + start, self._offset + end, whole=whole)
        if decision == "split":
            return self._split(mark)
        if decision == "keep":
            return self._kept(mark, held, end, whole=whole, angled=angled, final=final)
        if not defines and following == ")" and whole:
            end += 1
        shown = "]: [link removed]" if defines else "]"
        return _Step(shown=shown, end=end, dropping=None if whole else _TARGET_END)

    def _split(self, mark: re.Match[str]) -> _Step:
        """The target stays as text that belongs to no link."""
        may = self.may_split(self._offset + mark.start(), self._offset + mark.end())
        return _Step(shown=self.splits[mark[0] == "]:"] if may else mark[0], end=mark.end())

    def _kept(
        self, mark: re.Match[str], held: str, end: int, *, whole: bool, angled: bool, final: bool
    ) -> _Step | None:
        """The target stays; what follows may not be read as a part of its address."""
        if not whole:
            return _Step(shown=mark[0], end=mark.end())
        shown = held[mark.start() : end]
        if angled or held[end : end + 1] != ")" or _PLAIN_WORDS.search(self._tail):
            return _Step(shown=shown, end=end)
        # Were this no link after all, the address would go on up to the next space.
        trails = _TRAILS.match(held, end)
        behind = trails.end() if trails else end
        if behind >= len(held) and not final and behind < end + 16:
            return None
        if behind >= len(held) or _URL_END.match(held, behind):
            return _Step(shown=shown, end=end)
        return _Step(shown=f"{shown})" + self._space(True, mark.start(), end), end=end + 1)


def _has_ended(held: str, end: int) -> bool:
    """Whether the target that was read up to `end` can go on no more."""
    if end >= len(held):
        return False
    if held[end] == "(":
        return _INNER_ENDS.match(held, end) is not None
    if held[end] == "<":
        return _ANGLE_ENDS.match(held, end) is not None
    return True
