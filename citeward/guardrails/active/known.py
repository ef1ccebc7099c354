"""Which addresses a text may name: those that were read, and those of hosts that are trusted."""

from __future__ import annotations

import re
from collections.abc import Collection

from citeward.guardrails.active import urls

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,30}:|//|\bwww\.)[^\s<>\"`]+", re.IGNORECASE)
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

    def trusts(self, target: str) -> bool:
        """Whether it leads to a trusted host."""
        name = urls.host(target)
        return any(name == host or name.endswith(f".{host}") for host in self._hosts)

    def knows(self, target: str) -> bool:
        """Whether the address, or one that begins with it, was read, so that it tells its host nothing new; or
        whether nobody could be told anything there."""
        if urls.leads_nowhere(target):
            return True
        if self._read is None:
            found = {_normal(match[0]) for text in self._texts for match in _ADDRESS.finditer(text)}
            # Beginnings end where a part of an address does: at a cut elsewhere, the cut itself would say something.
            self._read = frozenset(beginning for address in found for beginning in _beginnings(address))
        return _normal(target) in self._read


def _normal(target: str) -> str:
    """Without scheme and `www.`, the host in small letters, nothing after the last letter that is the address's."""
    plain = urls.cleaned(target)
    if not plain.lower().startswith("mailto:"):
        plain = re.sub(r"^(?:https?:)?(?://)?(?:www\.)?", "", plain, flags=re.IGNORECASE)
    name, slash, rest = re.sub(r"[/?#]", r"\n\g<0>", plain, count=1).partition("\n")
    return (name.lower() + (slash and rest)).rstrip(TRAILING + "/")


def _beginnings(address: str) -> list[str]:
    return [address, *(address[: cut.start()].rstrip(TRAILING + "/") for cut in re.finditer(r"[/?#]", address))]
