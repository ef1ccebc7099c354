"""Everything that the command line prints goes through here.

A model, a document, a tool or a file's name can hold characters that a terminal obeys: sequences that set its title,
write to the clipboard or move the cursor, and characters that reverse the order of what is read (Trojan Source,
CVE-2021-42574). They are shown as `\\x1b` and `\\u202e`, each by itself, so that a sequence that comes in two pieces is
as harmless as a whole one. Letters of every script, emoji, line ends and tabs stay.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from citeward.logs import escaped

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff]")
"""C0 and C1 (a terminal may take U+009B for ESC [), direction, and halves of characters: those that a file's name
brings stand for bytes, which would be printed as they are."""
_IN_JSON = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f]")


def printable(text: str) -> str:
    r"""The text with each character that a terminal obeys replaced by its escape.

    >>> printable("Hi\x1b]0;title\x07 \u202eabc")
    'Hi\\x1b]0;title\\x07 \\u202eabc'
    """
    return _OBEYED.sub(lambda found: escaped(found.group()), text.replace("\r\n", "\n"))


def plain(text: str, style: str = "") -> Text:
    """Text that is not ours, to print: the terminal obeys nothing in it, and rich reads no markup or emoji's name."""
    return Text(printable(text), style=style)


class Terminal(Console):
    """rich's console without markup, highlighting and emoji names, which escapes whatever is printed on it.

    Args:
        stderr: Print to stderr.
        soft_wrap: Leave the breaking of lines to the terminal.
    """

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False, **more: Any) -> None:
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, markup=False, highlight=False, emoji=False, **more)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich prints for it; its own control sequences are told from text and stay."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or not _OBEYED.search(text) else Segment(printable(text), style)


def print_json(value: Any) -> None:
    """Print JSON, indented, to stdout. Characters that a terminal obeys are escaped, which to a parser is the same."""
    import orjson

    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # half of a character, or a number of more than 64 bits
        text = json.dumps(value, indent=2, default=str)
    print_line(_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def print_line(text: str) -> None:
    """Print a line to stdout, as it is but for what a terminal obeys."""
    sys.stdout.write(printable(text) + "\n")
