"""How long searches took: figures with their intervals, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from citeward.evals.statistics import Interval, quantile


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Latencies of one kind of search over one store of one size."""

    store: str
    passages: int
    kind: str
    milliseconds: Sequence[float]
    clients: int = 1
    per_second: float | None = None
    """Queries a second of all clients together; None where they were not timed together."""

    @property
    def name(self) -> str:
        kind = self.kind if self.per_second is None else f"{self.kind}.clients{self.clients}"
        return f"{self.store}.{self.passages}.{kind}"

    def percentile(self, percent: int) -> Interval:
        return quantile(self.milliseconds, percent / 100)


@dataclass(frozen=True, kw_only=True)
class Latencies:
    """Everything that was timed."""

    settings: Mapping[str, Any]
    """What the figures depend on; JSON-able."""
    timed: list[Timed] = field(default_factory=list)
    fill: dict[str, float] = field(default_factory=dict)
    """Seconds that filling took, by store and size."""
    titles: list[str] = field(default_factory=list)
    """The peers, with their versions."""

    def to_dict(self) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        for one in self.timed:
            metrics |= {f"{one.name}.ms.p{percent}": vars(one.percentile(percent)) for percent in (50, 99)}
            if one.per_second is not None:
                metrics[f"{one.name}.per_second"] = {"value": one.per_second}
        return {
            "part": "search",
            "items": sum(len(one.milliseconds) for one in self.timed),
            "metrics": metrics,
            "settings": {**self.settings, "fill_seconds": self.fill, "peers": self.titles},
        }


def show(result: Latencies) -> None:
    """Two tables: one client, and several."""
    from rich.console import Console
    from rich.table import Table

    title = "\n".join([f"search, one client, {result.settings['limit']} passages wanted", *result.titles])
    table = Table("store", "search", title=title, title_justify="left")
    for column in ("passages", "queries", "ms p50", "95 % interval", "ms p99"):
        table.add_column(column, justify="right")
    for one in result.timed:
        if one.per_second is None:
            median, last = one.percentile(50), one.percentile(99)
            row = [f"{one.passages:,}", f"{len(one.milliseconds):,}", f"{median.value:.1f}"]
            table.add_row(one.store, one.kind, *row, f"{median.low:.1f}–{median.high:.1f}", f"{last.value:.1f}")
    Console(width=110).print(table)
    table = Table("store", "search", title="search, several clients on one event loop", title_justify="left")
    for column in ("passages", "clients", "queries a second", "ms p50", "ms p99"):
        table.add_column(column, justify="right")
    for one in result.timed:
        if one.per_second is not None:
            row = [f"{one.passages:,}", f"{one.clients}", f"{one.per_second:.0f}"]
            table.add_row(one.store, one.kind, *row, *(f"{one.percentile(p).value:.1f}" for p in (50, 99)))
    Console(width=110).print(table)
