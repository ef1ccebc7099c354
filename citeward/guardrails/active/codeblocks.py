"""Whether a stream of Markdown stands in a fenced code block, as CommonMark's own block grammar decides it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PREFIX = 32_768
"""Characters before a fence that are read again to see whether it opens a block of the document itself."""
_BUDGET = 49_152
"""Characters that are read again in one stream."""
_EACH = 128
"""Characters whose reading takes as long as beginning to read."""
_TRIM = 2_048
"""Characters from which on it is worth looking for a place where nothing is open."""
# After a blank line a word at the margin ends every list and quotation; only raw markup may go on.
_MARGIN = re.compile(r"\n[ \t]*\n(?=[^\W\d_])")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_CLOSING = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")
# A line that some other renderer could take for the end of a block.
_MAYBE_CLOSING = re.compile(r"\s*[`~]{3,}[\s`~]*")
_PROBE = "x"


class CodeBlocks:
    """Follows the released text of a stream; tells after each line that looks like a fence whether code has begun.

    Only fences of the document itself count: a block in a list or a quotation may end with any line, so that what
    stands in it is treated as prose. When it cannot be known for sure (too much would have to be read again, a line
    that renderers read in different ways), nothing is taken for code from there on.

    Wherever `inside` is true, a renderer that follows CommonMark shows the text as code.
    """

    def __init__(self) -> None:
        self.inside = False
        self._ticks = ""
        self._pieces: list[str] = []
        self._length = 0
        self._trimmed = _TRIM
        self._budget = _BUDGET
        self._known = True

    def released(self, text: str, /) -> None:
        """Note text that was released and is not code."""
        if not self._known or self.inside:
            return
        self._pieces.append(text)
        self._length += len(text)
        if self._length > self._trimmed:
            self._trim()

    def fence(self, line: str, /) -> bool:
        """Read a whole line that begins like a fence, without its end; whether it opens or closes a block.

        A line that does neither is text.
        """
        if not self._known:
            return False
        return self._close(line) if self.inside else self._open(line)

    def give_up(self) -> None:
        """A line could not be read whole: take nothing for code any more."""
        self._known = self.inside = False
        self._pieces.clear()

    def _open(self, line: str) -> bool:
        self._trim()
        prefix = "".join(self._pieces)
        self._budget -= len(prefix) + len(line) + _EACH
        if self._budget < 0 or not self._known:
            self.give_up()
            return False
        if not _opens_code(f"{prefix}{line}"):
            return False
        found = _FENCE.match(line)
        self.inside, self._ticks = True, found[1] if found else ""
        self._pieces, self._length, self._trimmed = [], 0, _TRIM
        return True

    def _close(self, line: str) -> bool:
        closing = _CLOSING.fullmatch(line)
        if closing and closing[1].startswith(self._ticks):
            # Nothing of the document is open after a block of its own, so reading begins anew.
            self.inside = False
            return True
        if _MAYBE_CLOSING.fullmatch(line):
            self.give_up()
        return False

    def _trim(self) -> None:
        """Forget what comes before a place where nothing can be open."""
        text = "".join(self._pieces)
        if "<" not in text:
            cut = max((match.end() for match in _MARGIN.finditer(text)), default=0)
            text = text[cut:]
        self._pieces, self._length = [text], len(text)
        self._trimmed = 2 * max(_TRIM, self._length)
        if self._length > _PREFIX:
            self.give_up()


def _opens_code(text: str) -> bool:
    """Whether the last line of `text` opens a fenced block of the document itself."""
    tokens = _block_parser().parse(f"{text}\n{_PROBE}")
    last = tokens[-1] if tokens else None
    return last is not None and last.type == "fence" and last.level == 0 and last.content.rstrip("\n") == _PROBE


@cache
def _block_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser
