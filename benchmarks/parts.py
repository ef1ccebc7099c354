"""`citeward measure` over public data: exactly what a user of it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.datasets import Dataset

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one run of the command gave."""

    dataset: str
    result: dict[str, Any] | None
    """As its JSON; None where it failed, with the reason on the terminal."""

    def value(self, metric: str) -> float | None:
        """The metric's value; None where it was not measured."""
        found = self.result["metrics"].get(metric) if self.result else None
        return found["value"] if found else None


def measure(
    part: str,
    dataset: Dataset,
    into: Path,
    *,
    limit: int | None,
    seed: int,
    settings: Mapping[str, str] | None = None,
    name: str | None = None,
    arguments: Sequence[str] = (),
) -> Measured:
    """Run the command in the repository's own project; its table goes to the terminal, its JSON into `into`.

    Args:
        part: What is measured.
        dataset: On what.
        into: Where the JSON is put, as `PART.DATASET.json`.
        limit: Items to draw; None takes all.
        seed: Of the drawing.
        settings: Of the project, as variables of the environment, in the place of those in citeward.toml.
        name: Of the guard, for the part `guard`.
        arguments: Of the command besides.
    """
    output = into / f"{part}.{dataset.name}.json"
    command = [sys.executable, "-m", "citeward", "measure", part, *([name] if name else [])]
    command += ["--data", str(dataset.path), "--json", str(output), *arguments]
    command += ["--seed", str(seed), "--project", str(ROOT)]
    command += ["--limit", str(limit)] if limit is not None else []
    sys.stdout.flush()
    done = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "COLUMNS": "100", **(settings or {})})
    result = json.loads(output.read_text(encoding="utf-8")) if done.returncode == 0 else None
    return Measured(dataset=dataset.name, result=result)
