"""What the peers' scripts share; imports nothing but the standard library and numpy.

A script is called with a corpus folder and the file to write, in an environment that need not have Citeward. It writes
`{"name", "versions", "systems": {NAME: {"about", "rankings", "seconds", "build"}}}`, or `{"missing": REASON}`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

Search: TypeAlias = Callable[[str, "list[float]"], "list[str]"]
"""From a question and its vector to passage ids, best first."""
WARM = 3
"""Questions asked before the clock starts."""


@dataclass(frozen=True, kw_only=True)
class Passages:
    """The corpus as a peer indexes it."""

    ids: Sequence[str]
    texts: Sequence[str]
    vectors: np.ndarray


@dataclass(frozen=True, kw_only=True)
class System:
    """One way to search, and how long its index took to build."""

    about: str
    search: Search
    build: float


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the script is asked to do."""

    passages: Passages
    questions: Sequence[str]
    question_vectors: np.ndarray
    depth: int
    only: Sequence[str]
    """Names of systems; empty for all."""


def run(name: str, packages: Sequence[str], build: Callable[[Task], Mapping[str, System]]) -> None:
    """Read the arguments, build the peer's systems, ask them everything, and write what they found.

    Args:
        name: The peer's.
        packages: Distributions whose versions are told.
        build: Imports the peer and indexes the passages; an ImportError skips the peer.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--depth", type=int, required=True)
    parser.add_argument("--systems", default="")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    task = _read(given.corpus, given.limit, given.depth, [one for one in given.systems.split(",") if one])
    try:
        systems = build(task)
        versions = {package: importlib.metadata.version(package) for package in packages}
    except (ImportError, importlib.metadata.PackageNotFoundError) as error:
        given.output.write_text(json.dumps({"missing": str(error)}))
        return
    found = {key: _ask(system, task, given.seconds) for key, system in systems.items()}
    given.output.write_text(json.dumps({"name": name, "versions": versions, "systems": found}))


def _read(folder: Path, limit: int | None, depth: int, only: Sequence[str]) -> Task:
    passages = [json.loads(line) for line in (folder / "passages.jsonl").read_text("utf-8").splitlines()[:limit]]
    questions = [json.loads(line)["question"] for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    return Task(
        passages=Passages(
            ids=[one["id"] for one in passages],
            texts=[one["text"] for one in passages],
            vectors=np.load(folder / "passages.npy")[:limit],
        ),
        questions=questions,
        question_vectors=np.load(folder / "questions.npy"),
        depth=depth,
        only=only,
    )


def _ask(system: System, task: Task, budget: float) -> dict[str, object]:
    rankings, seconds = [], []
    asked = list(zip(task.questions, task.question_vectors.tolist(), strict=True))
    for question, vector in asked[:WARM]:
        system.search(question, vector)
    for question, vector in asked:
        started = time.perf_counter()
        found = system.search(question, vector)
        seconds.append(time.perf_counter() - started)
        rankings.append(found)
        if sum(seconds) > budget:
            break
    return {"about": system.about, "rankings": rankings, "seconds": seconds, "build": system.build}
