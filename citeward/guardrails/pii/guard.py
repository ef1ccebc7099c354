"""Personal data and credentials, in a whole text and on a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from citeward.contracts.guardrail import Action, Finding, Origin, Outgoing, StreamGuard, Verdict
from citeward.guardrails.pii import recognizers
from citeward.guardrails.pii.layers import scan
from citeward.guardrails.pii.ner import finder as ner
from citeward.guardrails.pii.ner import model
from citeward.guardrails.pii.recognizers import Find
from citeward.guardrails.pii.spans import SpanGuard
from citeward.guardrails.table import Thresholds
from citeward.guardrails.vault import label
from citeward.guardrails.work import checked

DEFAULT = "default"
KNOWN: tuple[str, ...] = (*recognizers.ENTITIES, *recognizers.OPTIONAL, *ner.ENTITIES)
"""Every entity that can be looked for."""


class PiiOptions(BaseModel, validate_default=True):
    """The `options` of the `pii` guard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entities: tuple[str, ...] = Field(default=(DEFAULT,), min_length=1)
    """What is looked for: names of entities, `default` for what is looked for by its form, `all` for everything."""
    least: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """By entity, the score under which it is not counted, where that is to be higher than the row's."""
    regions: tuple[str, ...] = Field(default=recognizers.REGIONS, min_length=1)
    """ISO codes of the countries whose telephone numbers are known without a country code."""

    @field_validator("entities")
    @classmethod
    def _spelt_out(cls, entities: tuple[str, ...]) -> tuple[str, ...]:
        groups = {DEFAULT: recognizers.ENTITIES, "all": KNOWN}
        named = tuple(dict.fromkeys(one for entity in entities for one in groups.get(entity, (entity,))))
        if unknown := [entity for entity in named if entity not in KNOWN]:
            raise ValueError(f"there is no entity {unknown[0]!r}; there are {', '.join((DEFAULT, 'all', *KNOWN))}")
        return named

    @property
    def names(self) -> tuple[str, ...]:
        """Those that take the language model of the extra `ner`."""
        return tuple(entity for entity in self.entities if entity in ner.ENTITIES)


class PiiGuard:
    """Finds personal data by Presidio's recognizers and rules of its own, credentials by their shapes, names by NER.

    MODIFY writes `[EMAIL]` for an address; with a vault, `Rails.check` writes `<EMAIL_1>` instead, which can be undone.

    Args:
        thresholds: By origin, from which score on what is done.
        options: What is looked for.
        name: The guard's name in the policy table.

    Raises ModelUnavailable where names are to be looked for and the extra `ner` is not installed.
    """

    redacts = True
    known = KNOWN
    """Every entity that it can be asked for."""

    def __init__(
        self, thresholds: Mapping[Origin, Thresholds], options: PiiOptions | None = None, *, name: str = "pii"
    ) -> None:
        options = options or PiiOptions()
        if options.names:
            model.require()
        self.name = name
        self._options = options
        self._warm = False
        self._thresholds = thresholds
        self._find: dict[Origin, tuple[Find, Find | None]] = {}
        for origin, limits in thresholds.items():
            find = recognizers.finder(
                options.entities, floor=limits.lowest, least=options.least, regions=options.regions
            )
            names = ner.name_finder(options.names, floor=limits.lowest, least=options.least) if options.names else None
            self._find[origin] = find, names

    @property
    def entities(self) -> tuple[str, ...]:
        """What it looks for."""
        return self._options.entities

    def looking_for(self, *entities: str) -> PiiGuard:
        """The same guard, asked for other entities; `all` stands for everything."""
        options = PiiOptions.model_validate({**self._options.model_dump(), "entities": entities})
        return PiiGuard(self._thresholds, options, name=self.name)

    async def warm(self) -> None:
        """Import Presidio, about a second the first time, and the language model where it is needed, in a thread."""
        if not self._warm:
            await asyncio.to_thread(self._load)
            self._warm = True

    def _load(self) -> None:
        recognizers.load(self._options.regions)
        if self._options.names:
            model.load()
            ner.name_finder(ner.ENTITIES)("Ada Lovelace lives in London.")  # what is made at first use is made now

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        """Find what is sensitive in `text`; ALLOW where the policy asks for nothing of this origin."""
        finds = self._find.get(origin)
        if finds:
            await self.warm()
        findings = await checked(lambda whole: scan(whole, *finds), text, heavy=finds[1] is not None) if finds else ()
        limits = self._thresholds.get(origin)
        action = limits.action(max(f.score for f in findings)) if findings and limits else Action.ALLOW
        return Verdict(
            guard=self.name,
            origin=origin,
            action=action,
            text=_carried(text, action, findings),
            findings=findings,
            reason=f"The text holds {describe(findings)}." if findings else "",
            score=max((f.score for f in findings), default=0.0),
        )

    def stream(self, origin: Origin, outgoing: Outgoing, /) -> StreamGuard | None:
        """The same check on a stream, or None where the policy asks for nothing of this origin."""
        if origin not in self._find:
            return None
        find, names = self._find[origin]
        return SpanGuard(find, self._thresholds[origin], names=names, allowed=outgoing.given)


def redacted(text: str, findings: Collection[Finding], /) -> str:
    """`text` with `[EMAIL]` and the like for the findings."""
    out: list[str] = []
    done = 0
    for finding in findings:
        out += text[done : finding.start], f"[{label(finding.kind)}]"
        done = finding.end
    return "".join([*out, text[done:]])


def describe(findings: Collection[Finding], /) -> str:
    """What was found, in words that repeat nothing of it."""
    kinds = sorted({finding.kind.replace("_", " ").lower() for finding in findings})
    return ", ".join(kinds)


def _carried(text: str, action: Action, findings: Collection[Finding]) -> str:
    match action:
        case Action.BLOCK:
            return ""
        case Action.MODIFY:
            return redacted(text, findings)
        case _:
            return text
