"""Links, images and tags in what a model says, judged as they stream."""

from __future__ import annotations

import re
from itertools import islice

from citeward.contracts.guardrail import Action, Finding
from citeward.guardrails.active import urls
from citeward.guardrails.active.known import TRAILING, KnownLinks
from citeward.guardrails.active.scanner import LIMIT, SOFT, Decision, Kind, MarkScanner
from citeward.guardrails.table import Thresholds

__all__ = ["LIMIT", "REMOVED", "LinkStream"]

REMOVED = "[link removed]"
_SPLITS = re.compile(rf"[()\[\]|\x00\u200b-\u200f{SOFT}]")
_MOST_SPLITS = 8
LINK, TAG, IMAGE, ACTIVE = 0.6, 0.8, 0.9, 1.0
"""Scores: a foreign link waits for a click, an image is loaded at once, a target that runs something is never right."""


class LinkStream(MarkScanner):
    """A StreamGuard over one stream; see `citeward.guardrails.active.links.LinkGuard`.

    Args:
        thresholds: What is done from which score on.
        known: What may be repeated.
    """

    def __init__(self, thresholds: Thresholds, known: KnownLinks) -> None:
        super().__init__()
        self._thresholds = thresholds
        self._known = known
        self._findings: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by offsets into the stream's original text."""
        return tuple(self._findings)

    def may_split(self, start: int, end: int, /) -> bool:
        """Only a policy that modifies links lets the text be changed."""
        return self._thresholds.action(LINK) is Action.MODIFY or self._found("link", LINK, start, end)

    def target(self, target: str, kind: Kind, start: int, end: int, /, *, whole: bool) -> Decision:
        """Keep what is trusted, keep what was read as a link, and take out the rest."""
        if urls.is_active(target):
            return "remove" if self._found("active_link", ACTIVE, start, end) else "keep"
        whole = whole and not urls.hides(target)
        if whole and (self._known.trusts(target) or (kind == "link" and opens_mail(target))):
            return "keep"
        if whole and self._known.knows(target):
            # An image's address that was read is still one to click on, and is not loaded unasked.
            if kind == "link":
                return "keep"
            return "split"
        score = IMAGE if kind == "image" else LINK
        return "remove" if self._found("image" if kind == "image" else "link", score, start, end) else "keep"

    def address(self, address: str, start: int, end: int, /) -> str | None:
        """A notice stands for an address that may not stay."""
        return REMOVED if self._found("link", LINK, start, end) else None

    def autolink(self, address: str, start: int, end: int, /) -> str | None:
        """As `address`."""
        if self._may_stay(address):
            return None
        kind, score = ("active_link", ACTIVE) if urls.is_active(address) else ("link", LINK)
        return REMOVED if self._found(kind, score, start, end) else None

    def tag(self, start: int, end: int, /) -> bool:
        """Make any such tag text."""
        return self._found("active_tag", TAG, start, end)

    def may_hold_another(self, address: str, /) -> bool:
        """Only where it was read so."""
        return "[" not in address and "]" not in address and self._known.has_read(address)

    def stays(self, whole: str, /) -> str:
        """What was read, or leads to a trusted host."""
        first = _SPLITS.search(whole)
        if not self._known.may_know(whole[: first.start()] if first else whole):
            return ""
        if self._may_stay(whole.rstrip(TRAILING)):
            return whole
        if self._thresholds.action(LINK) is Action.MODIFY:
            for cut in islice(_SPLITS.finditer(whole), _MOST_SPLITS):
                if self._may_stay((part := whole[: cut.start()]).rstrip(TRAILING)):
                    return part
        return ""

    def _may_stay(self, address: str) -> bool:
        return (
            "[" not in address
            and "]" not in address
            and any(urls.hosts(address))
            and not urls.is_active(address)
            and not urls.hides(address)
            and (self._known.trusts(address) or opens_mail(address) or self._known.knows(address))
        )

    def _found(self, kind: str, score: float, start: int, end: int) -> bool:
        """Note a finding; whether the text is changed there. Ends the stream where the policy blocks."""
        action = self._thresholds.action(score)
        if action is Action.ALLOW:
            return False
        self._findings.append(Finding(kind=kind, start=start, end=end, score=score))
        self.stopped = action is Action.BLOCK
        return action is not Action.FLAG


def opens_mail(target: str) -> bool:
    """Whether it only names whom to write to or to call, and not what to say."""
    return all(urls.scheme(reading) in ("mailto", "tel") and "?" not in reading for reading in urls.readings(target))
