"""Characters that hide something: invisible ones, look-alikes, letters written as digits."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

# Nothing is drawn for these. Left out on purpose: the joiners U+200C and U+200D, which Persian, Hindi and emoji need,
# and the variation selectors after an emoji; both are caught where they hide something (below).
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]|(?<=[\\x21-\\x7e])[\u200c\u200d\ufe00-\ufe0f](?=[\\x21-\\x7e])"
    "|[\ufe00-\ufe0f]{2,}"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,8}\U000e007f")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_OVERRIDES = re.compile("[\u202d\u202e]")
# Only a letter that looks like another inside a word of plain letters: Greek and Russian text keeps its own.
LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝьӏвкмнтАВЕКМНОРСТХІЈЅαοινερκτυγΑΒΕΖΗΙΚΜΝΟΡΤΥΧɑɡɩıſ‐‑–—’‘“”",
    "aeopcyxijsdhqwblbkmhtabekmhopctxijsaoivepktuyabezhikmnoptyxagiis----''\"\"",
)
_LATIN = re.compile("[a-z]")
_WORD_OR_MARK = re.compile(r"\w+|[‐‑–—’‘“”]")
_LONGEST = 3
"""Characters that one may be normalised to."""
# Latin letters of other shapes, which normalising leaves alone: small capitals, turned ones, those of signs and flags.
_LATIN_LIKE = str.maketrans(
    "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫꞯʀꜱᴛᴜᴠᴡʏᴢɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ",
    "abcdefghijklmnopqqrstuvwyzacefghijkmrtvwy",
) | {base + at: ord("a") + at for base in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6) for at in range(26)}
_LEET = str.maketrans("013457@$!|", "oieastasil")
_LEET_WORD = re.compile(r"(?<![\w@$!|])(?=[a-z013457@$!|]*[a-z])(?=[a-z]*[013457@$!|])[a-z013457@$!|]{3,}(?![\w@$!|])")
_SPACED = re.compile(r"(?<![^\W_])(?:[a-z][ .\-_*]){7,}[a-z](?![^\W_])")


def neutralise(text: str, /, *, filler: str = "") -> str:
    """`text` without invisible characters; `filler` stands for each of them.

    Emoji, flags, and the joiners that scripts need stay. What else is active in a text is for
    `citeward.guardrails.active.content.inert`.
    """
    if text.isascii():
        return text
    kept = _FLAG.findall(text)
    parts = _FLAG.split(text)
    cleaned = [_INVISIBLE.sub(lambda match: filler * len(match[0]), part) for part in parts]
    return "".join(part + flag for part, flag in zip(cleaned, [*kept, ""], strict=True))


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A text as a reader would take it: lower case, look-alikes replaced, nothing invisible."""

    text: str
    offsets: tuple[int, ...] | None
    """For each character of `text` where it stood; None where it stands at the same place."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the original text."""
        if self.offsets is None or end <= start:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def plain(text: str, /) -> Plain:
    """Normalised by NFKC character by character, so that every character knows where it came from."""
    if text.isascii():
        return Plain(text=text.lower(), offsets=None)
    out: list[str] = []
    offsets: list[int] = []
    hidden = {index for match in _INVISIBLE.finditer(text) for index in range(*match.span())}
    for index, char in enumerate(text):
        if index in hidden:
            continue
        lowered = char.lower() if char < "\x80" else _lowered(char)
        out.append(lowered)
        offsets += [index] * len(lowered)
    whole = "".join(out)
    if _LATIN.search(whole):
        # Each word is looked at once: asking the pattern for a Latin letter inside takes the square of a long word.
        whole = _WORD_OR_MARK.sub(_without_lookalikes, whole)
        # A word made of look-alikes alone, beside plain words, is one of them too.
        whole = re.sub(r"\b[аеорсухіјѕԁһԛԝӏ]{2,}\b", lambda match: match[0].translate(LOOKALIKES), whole)
    return Plain(text=whole, offsets=tuple(offsets))


@functools.lru_cache(maxsize=8192)
def _lowered(char: str) -> str:
    normal = unicodedata.normalize("NFKC", char.translate(_LATIN_LIKE)).lower()
    # A sign that stands for a whole phrase would make a long text many times as long.
    return normal if len(normal) <= _LONGEST else char


def _without_lookalikes(match: re.Match[str]) -> str:
    word = match[0]
    return word.translate(LOOKALIKES) if not word[0].isalnum() or _LATIN.search(word) else word


def unleeted(text: str, /) -> str:
    """Words like `1gn0re` with their letters back, everything else as it is; offsets stay."""
    return _LEET_WORD.sub(lambda match: match[0].translate(_LEET), text)


def unspaced(text: str, /) -> list[str]:
    """Words written `l i k e  t h i s`, without the gaps."""
    return [re.sub(r"[ .\-_*]", "", match[0]) for match in _SPACED.finditer(text)]


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """What was hidden in a text by characters that are not drawn."""

    kind: str
    start: int
    end: int
    payload: str = ""
    """The hidden text, where it could be read."""


def hidden(text: str, /) -> list[Hidden]:
    """Text written in tag characters or variation selectors, words broken by invisible characters, turned text."""
    if text.isascii():
        return []
    found: list[Hidden] = []
    flags = {match.start() + 1 for match in _FLAG.finditer(text)}
    for match in _TAGS.finditer(text):
        if match.start() not in flags:
            payload = "".join(chr(ord(char) - 0xE0000) for char in match[0])
            found.append(Hidden(kind="hidden_text", start=match.start(), end=match.end(), payload=payload))
    for match in _SELECTORS.finditer(text):
        payload = bytes(_selected(char) for char in match[0]).decode("utf-8", "replace")
        found.append(Hidden(kind="hidden_text", start=match.start(), end=match.end(), payload=payload))
    found += [Hidden(kind="turned_text", start=m.start(), end=m.end()) for m in _OVERRIDES.finditer(text)]
    broken = list(re.finditer("(?<=[A-Za-z])[\u200b\u200c\u200d\u2060-\u2064\ufeff]+(?=[A-Za-z])", text))
    if len(broken) >= 3:
        found.append(Hidden(kind="broken_words", start=broken[0].start(), end=broken[-1].end()))
    return found


def _selected(char: str) -> int:
    """The byte that a variation selector stands for: 0..15, then 16..255."""
    code = ord(char)
    return code - 0xFE00 if code < 0xE0100 else code - 0xE0100 + 16
