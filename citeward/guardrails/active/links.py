"""Ways out for data in what a model says: links and images that lead where neither the user nor a document did."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from citeward.contracts.guardrail import Action, Origin, Outgoing, StreamGuard, Verdict
from citeward.guardrails.active.known import KnownLinks
from citeward.guardrails.active.linkscan import LinkStream
from citeward.guardrails.table import Thresholds


class LinkOptions(BaseModel):
    """The `options` of the `links` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: tuple[str, ...] = Field(default=())
    """Hosts of the team's own, with all below them: what leads there is always shown, and its images are loaded."""


class LinkGuard:
    """Takes links out of an answer where their address could carry something away.

    A link may stay where its address stands in the question, a passage or a tool's result, or is the beginning of one
    that does: then it says nothing that its host does not know. An image, which is loaded without a click, stays only
    where it leads to one of the team's own hosts; elsewhere it becomes a link, or its description. A link that runs
    something (`javascript:`, `data:`) goes in any case, and a tag that could load or run something is made text.

    MODIFY leaves a link's words and drops its address, and writes `[link removed]` for an address that stands alone.

    Args:
        thresholds: By origin, from which score on what is done.
        options: Whom to trust.
        name: The guard's name in the policy table.
    """

    def __init__(
        self, thresholds: Mapping[Origin, Thresholds], options: LinkOptions | None = None, *, name: str = "links"
    ) -> None:
        self.name = name
        self._thresholds = thresholds
        self._hosts = (options or LinkOptions()).hosts

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Judge a whole text that rests on nothing else: every foreign link in it is found."""
        limits = self._thresholds.get(origin)
        if limits is None:
            return Verdict(guard=self.name, origin=origin, action=Action.ALLOW, text=text)
        stream = LinkStream(limits, KnownLinks(hosts=self._hosts))
        guarded = stream.feed(text) + stream.close()
        findings = stream.findings
        action = limits.action(max(f.score for f in findings)) if findings else Action.ALLOW
        kinds = ", ".join(sorted({finding.kind.replace("_", " ") for finding in findings}))
        return Verdict(
            guard=self.name,
            origin=origin,
            action=action,
            text="" if action is Action.BLOCK else guarded if action is Action.MODIFY else text,
            findings=findings,
            reason=f"The text holds what could carry data away: {kinds}." if findings else "",
        )

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:
        """The same on a stream, where the addresses that the user, a document or a tool gave may be repeated."""
        limits = self._thresholds.get(origin)
        return None if limits is None else LinkStream(limits, KnownLinks(outgoing.given, hosts=self._hosts))
