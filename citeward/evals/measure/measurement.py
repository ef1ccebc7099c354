"""What a measurement gives: figures with their intervals, as a table and as JSON."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from citeward.errors import InvalidInput
from citeward.evals.statistics import Floats, Interval, quantile

if TYPE_CHECKING:
    from rich.console import Group

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many items are done, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One part, measured once."""

    part: str
    items: int
    """How many labelled items were used."""
    metrics: Mapping[str, Interval]
    """By name, in the order in which they are read best. A metric that the data says nothing about is left out."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the figures depend on: data, seed, model names, thresholds. JSON-able."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data: `part`, `items`, `metrics` with value, low and high, `settings`."""
        return {
            "part": self.part,
            "items": self.items,
            "metrics": {
                name: {"value": found.value, "low": found.low, "high": found.high}
                for name, found in self.metrics.items()
            },
            "settings": dict(self.settings),
        }


def write_json(path: Path, data: Any) -> None:
    """Write `data` as JSON, whole or not at all: a reader never sees half a file.

    Raises:
        InvalidInput: Where the file cannot be written.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    name = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            name = file.name
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise InvalidInput(
            f"cannot write {str(path)!r}: {error.strerror or error}",
            hint="Name a file in a folder that can be written.",
        ) from error


def render(measurement: Measurement) -> Group:
    """The measurement for a terminal: value and 95% interval; measures at several depths (`@k`) stand in one row."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    title = f"{measurement.part}: {measurement.items:,} items"
    depths = sorted({int(name.rpartition("@")[2]) for name in measurement.metrics if _is_grid(name)})
    grid = Table("metric", title=title, title_justify="left", caption="value, and its 95% interval")
    for depth in depths:
        grid.add_column(f"@{depth}", justify="right", no_wrap=True)
    for base in dict.fromkeys(name.rpartition("@")[0] for name in measurement.metrics if _is_grid(name)):
        cells = [measurement.metrics.get(f"{base}@{depth}") for depth in depths]
        grid.add_row(
            base,
            *(
                Text.assemble(f"{one.value:.3f}\n", (f"{one.low:.3f}–{one.high:.3f}", "dim")) if one else ""
                for one in cells
            ),
        )
    listed = Table("metric", title=None if depths else title, title_justify="left")
    listed.add_column("value", justify="right", no_wrap=True)
    listed.add_column("95% interval", justify="right", no_wrap=True)
    for name, found in measurement.metrics.items():
        if not _is_grid(name):
            number = "{:.2f}".format if ".ms." in f".{name}" else "{:.4f}".format
            value = f"{found.value:+.4f}" if "-" in name else number(found.value)
            listed.add_row(name, value, f"{number(found.low)} – {number(found.high)}")
    return Group(*([grid] if depths else []), listed)


def latency(seconds: Floats | list[float], prefix: str = "") -> dict[str, Interval]:
    """`ms.p50` and `ms.p99` of the latencies, in milliseconds, each name after `prefix`."""
    return {
        f"{prefix}ms.p{percent}": quantile([value * 1000 for value in seconds], percent / 100) for percent in (50, 99)
    }


def _is_grid(name: str) -> bool:
    return re.fullmatch(r"[^-]+@\d+", name) is not None


def _umask() -> int:
    # Only setting it tells what it was; NamedTemporaryFile's 0600 would surprise whoever shares the folder.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
