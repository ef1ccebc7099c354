"""E-mail and network addresses.

An address of mail is read from its at sign to both sides: to the left while the letters are of one script, to the right
label by label. So words of a script that puts no spaces between them may touch it on both sides, and an address that is
written in another script is found as well. Which endings there are says the public suffix list; names that are only
known inside of a company end in `.corp`, `.local` and the like.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterator

from citeward.contracts.guardrail import Finding
from citeward.guardrails.pii.cues import Cue, context
from citeward.guardrails.pii.reading import WORD, is_latin

MAIL, NETWORK = "EMAIL_ADDRESS", "IP_ADDRESS"

_LOCAL_SIGNS = frozenset(".+'%&~!#$*-_")
_LONGEST_LOCAL, _LONGEST_DOMAIN, _LONGEST_ENDING = 64, 255, 24
_DOMAIN = re.compile(r"[^\W_]++(?:-++[^\W_]++)*+(?:\.[^\W_]++(?:-++[^\W_]++)*+)++")
_LETTER = rf"(?![{WORD}])[^\W\d_]"
_CHANGE = re.compile(rf"(?=[{WORD}])[^\W\d_][\d-]*+{_LETTER}|{_LETTER}[\d-]*+(?=[{WORD}])[^\W\d_]")
"""A letter of another script in the same label."""
_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f:.]{3,45}\]")
_QUOTED = re.compile(r"\"[^\"@\r\n]{1,64}\"\Z")
_PRIVATE = frozenset(
    """local internal corp lan home intranet intra private localdomain localhost test example onion""".split()
)
"""Endings that no registry gives out, by RFC 2606, RFC 6762 and by custom."""
# The login of a machine: git@host:path, deploy@host:~/app, root@host:/etc.
_PATH_AFTER = re.compile(r":(?:~|/(?!/)|[\w.-]*/|[\w.-]+\.git\b|[#$])")
_SCHEME_BEFORE = re.compile(r"(?i)(?:ssh|git|svn|rsync|sftp|scp|https?|docker|oci)(?:\+\w+)?://\Z")
_NOBODY = frozenset({"git", "hg", "svn"})

_V4 = re.compile(
    rf"(?<![{WORD}.])(?<![A-Za-z_][-/])(?<![=~^]=)(?<![\^~])(?:(?:25[0-5]|2[0-4]\d|1\d\d|0?0?\d|0?[1-9]\d)\.){{3}}"
    rf"(?:25[0-5]|2[0-4]\d|1\d\d|0?0?\d|0?[1-9]\d)(?:/(?:[0-2]?\d|3[0-2])(?!\d))?(?![{WORD}]|\.\d|-[A-Za-z_])"
)
_V6_PARTS = re.compile(r"[0-9A-Fa-f:]{2,}+(?:\.\d{1,3}){0,3}+")
_V6_AFTER = re.compile(r"(?:%[0-9A-Za-z]{1,16})?(?:/(?:12[0-8]|1[01]\d|[1-9]?\d))?(?![\w:]|\.\d)")
_NUMBERING_SIGNS = ("§", "№")
# Between "version" and a number: no other number, but one that has dots too.
_NUMBERED = re.compile(r"(?:\d++(?:\.\d++)++|\D){0,32}+")


def mails(text: str, _before: str = "", /) -> Iterator[Finding]:
    """Every e-mail address in `text`."""
    at = text.find("@")
    while at >= 0:
        if (span := _mail(text, at)) is not None:
            yield Finding(kind=MAIL, start=span[0], end=span[1])
            at = text.find("@", max(span[1], at + 1))
        else:
            at = text.find("@", at + 1)


def networks(text: str, before: str = "", /) -> Iterator[Finding]:
    """Every IP address in `text`, with what stands before it as context: a version may have four numbers too."""
    for match in _V4.finditer(text):
        if not _is_numbering(text, match.start(), before):
            yield Finding(kind=NETWORK, start=match.start(), end=match.end(), score=0.6)
    if text.count(":") < 2:
        return
    for match in _V6_PARTS.finditer(text):
        start, end = match.span()
        if start and (text[start - 1] in ":." or re.match(rf"[{WORD}]", text[start - 1])):
            continue
        written = match[0]
        if written.endswith(":") and not written.endswith("::"):
            written, end = written[:-1], end - 1
        if written.count(":") < 2 or len(written) > 45 or not any(map(str.isdecimal, written)):
            continue
        after = _V6_AFTER.match(text, end)
        if after and _is_address(written):
            yield Finding(kind=NETWORK, start=start, end=after.end(), score=0.6)


def _mail(text: str, at: int) -> tuple[int, int] | None:
    """The address around the at sign at `at`."""
    end = _domain_end(text, at + 1)
    if not end:
        return None
    start = _local_start(text, at)
    if start == at or _is_login(text, start, at, end):
        return None
    return start, end


def _local_start(text: str, at: int) -> int:
    """Where the part before the at sign begins; `at` where there is none."""
    if quoted := _QUOTED.search(text, max(0, at - _LONGEST_LOCAL - 2), at):
        return quoted.start()
    start = at
    latin = at > 0 and is_latin(text[at - 1])
    while start > max(0, at - _LONGEST_LOCAL):
        char = text[start - 1]
        if not (char.isalnum() or char in _LOCAL_SIGNS or "\u0300" <= char <= "\u036f"):
            break
        if char.isalpha() and is_latin(char) != latin:
            break
        start -= 1
    start = max(start, text.rfind("..", start, at) + 2) if ".." in text[start:at] else start
    while start < at and not (text[start].isalnum() or text[start] == "_"):
        start += 1
    return start


def _domain_end(text: str, start: int) -> int:
    """Where the domain that begins at `start` ends; 0 where there is none."""
    literal = _LITERAL.match(text, start)
    if literal:
        return literal.end()
    match = _DOMAIN.match(text, start, start + _LONGEST_DOMAIN)
    if match is None:
        return 0
    labels = _of_one_script(match[0]).split(".")
    while len(labels) > 1:
        last = labels[-1]
        # Words of the same script stand behind it with no space.
        sizes = (len(last),) if last.isascii() else range(min(len(last), _LONGEST_ENDING), 1, -1)
        size = next((size for size in sizes if is_ending(last[:size])), 0)
        if size:
            return start + len(".".join(labels)) - len(last) + size
        labels.pop()
    return 0


def _of_one_script(domain: str) -> str:
    """The domain up to where letters of another script follow in the same label: words that stand behind it."""
    if domain.isascii():
        return domain
    change = _CHANGE.search(domain)
    return domain[: change.end() - 1].rstrip(".-") if change else domain


def _is_login(text: str, start: int, at: int, end: int) -> bool:
    return bool(
        text[start:at] in _NOBODY
        or _PATH_AFTER.match(text, end)
        or _SCHEME_BEFORE.search(text, max(0, start - 16), start)
    )


def is_ending(label: str, /) -> bool:
    """Whether domains end in this label."""
    return label.lower() in _endings()


@functools.cache
def _endings() -> frozenset[str]:
    """The last labels of the public suffixes, those in other scripts both as they are written and in Punycode."""
    import tldextract

    # The bundled list only: left to itself, tldextract fetches the list from the network.
    suffixes = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=()).tlds
    last = {suffix.rpartition(".")[2] for suffix in suffixes}
    return _PRIVATE | last | {label.encode("idna").decode("ascii") for label in last if not label.isascii()}


def _is_numbering(text: str, start: int, before: str) -> bool:
    """Whether the words before say that it is a version or a section."""
    if (before + text[:start]).rstrip()[-1:] in _NUMBERING_SIGNS:
        return True
    said = context(before, text)
    hit = said.last(start + len(before))
    if hit is None or hit.cue is not Cue.NUMBERING:
        return False
    return _NUMBERED.fullmatch(said.between(hit, start + len(before))) is not None


def _is_address(written: str) -> bool:
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return False
    return True
