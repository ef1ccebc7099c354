"""Which addresses a text may name: those that were read, and those of hosts that are trusted."""

from __future__ import annotations

import re
from collections.abc import Collection

from citeward.guardrails.active import urls

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,30}:|//|\bwww\.)[^\s<>\"`]+", re.IGNORECASE)
_BEFORE_HOST = re.compile(r"^(?:https?:)?(?://)?(?:www\.)?", re.IGNORECASE)
_PATH = re.compile(r"[/?#]")
TRAILING = ".,;:!?'\"`*_|~)]}>\\"
"""What ends a sentence, or a mark around an address, rather than the address."""


class KnownLinks:
    """The addresses in some texts, read when one is first asked for.

    Args:
        texts: What was read: the question, the passages, the tools' results.
        hosts: Trusted, with all below them.
    """

    def __init__(self, texts: Collection[str] = (), *, hosts: Collection[str] = ()) -> None:
        self._texts = texts
        self._hosts = tuple(host.lower().removeprefix("www.") for host in hosts)
        self._read: frozenset[str] | None = None

    def trusts(self, target: str, /) -> bool:
        """Whether it leads to a trusted host."""
        return all(
            any(name == host or name.endswith(f".{host}") for host in self._hosts) for name in urls.hosts(target)
        )

    def knows(self, target: str, /) -> bool:
        """Whether it was read, so that it tells its host nothing new, or nobody could be told anything there."""
        return urls.leads_nowhere(target) or self.has_read(target)

    def has_read(self, target: str, /) -> bool:
        """Whether the address, or one that begins with it, stands in the texts."""
        if "\\" in target or urls.hides(target):
            return False  # Markdown and browsers read it in different ways, or it says more than is seen
        return self._is_read(_normal(target))

    def may_know(self, target: str, /) -> bool:
        """Whether anything at its host is known or trusted."""
        if self.trusts(target) or urls.leads_nowhere(target):
            return True
        normal = _normal(target)
        found = _PATH.search(normal)
        return self._is_read(normal[: found.start()] if found else normal)

    def _is_read(self, normal: str) -> bool:
        if self._read is None:
            found = {_normal(match[0]) for text in self._texts for match in _ADDRESS.finditer(text)}
            # Beginnings end where a part of an address does: at a cut elsewhere, the cut itself would say something.
            self._read = frozenset(beginning for address in found for beginning in _beginnings(address))
        return normal in self._read


def _normal(target: str) -> str:
    """Without scheme and `www.`, the host in small letters, nothing after the last letter that is the address's."""
    plain = urls.cleaned(target)
    if not plain.lower().startswith("mailto:"):
        plain = _BEFORE_HOST.sub("", plain)
    found = _PATH.search(plain)
    cut = found.start() if found else len(plain)
    return (plain[:cut].lower() + plain[cut:]).rstrip(TRAILING + "/")


def _beginnings(address: str) -> list[str]:
    return [address, *(address[: cut.start()].rstrip(TRAILING + "/") for cut in _PATH.finditer(address))]
