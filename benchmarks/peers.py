"""Runs the peers' scripts: each in a process of its own, with the Python that `CITEWARD_BENCH_PYTHON` names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = ("retrieval_peer_langchain.py", "retrieval_peer_haystack.py")
TIMEOUT = 900
"""Seconds after which a peer that does not come back is skipped, aloud."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one system of a peer found."""

    about: str
    """How it is put together, for a reader who knows the peer."""
    rankings: Sequence[Sequence[str]]
    """Passage ids, best first, a question; fewer than there are questions where time was up."""
    seconds: Sequence[float]
    """Of each search, the query's embedding left out."""
    build: float
    """Seconds that indexing the passages took."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One framework's systems over a corpus."""

    name: str
    versions: Mapping[str, str]
    systems: Mapping[str, Answers]

    @property
    def title(self) -> str:
        return f"{self.name} ({', '.join(f'{package} {version}' for package, version in self.versions.items())})"


def run_peers(
    corpus: Path, *, depth: int, systems: Sequence[str] = (), seconds: float | None = None, limit: int | None = None
) -> list[Peer]:
    """Let every peer index the corpus and answer its questions, one peer after another.

    Args:
        corpus: Folder that `write_corpus` wrote.
        depth: Passages asked for.
        systems: The systems to run, as `langchain:ensemble`; all of them where empty.
        seconds: After so many a system answers no further question.
        limit: Passages to index, from the first; None takes all.

    Returns:
        The peers that could run; what is missing for the others is printed.
    """
    found = []
    for script in SCRIPTS:
        name = script.removesuffix(".py").rpartition("_")[2]
        own = [system.partition(":")[2] for system in systems if system.startswith(f"{name}:")]
        if systems and not own:
            continue
        result = _run(
            script, corpus, [*_options(depth, seconds, limit), *(["--systems", ",".join(own)] if own else [])]
        )
        if isinstance(result, str):
            print(
                f"{name} skipped ({result}): pip install --group bench, "
                "or name another environment's Python by CITEWARD_BENCH_PYTHON"
            )
        else:
            found.append(result)
    return found


def _options(depth: int, seconds: float | None, limit: int | None) -> list[str]:
    options = ["--depth", str(depth)]
    options += ["--seconds", str(seconds)] if seconds is not None else []
    return options + (["--limit", str(limit)] if limit is not None else [])


def _run(script: str, corpus: Path, options: Sequence[str]) -> Peer | str:
    """The peer's answers, or why there are none."""
    python = os.environ.get("CITEWARD_BENCH_PYTHON", sys.executable)
    output = corpus / f"{script}.json"
    try:
        done = subprocess.run(
            # -P: beside the script lies datasets.py, which is not the package of that name.
            [python, "-P", str(FOLDER / script), str(corpus), str(output), *options],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            env={**os.environ, "HAYSTACK_TELEMETRY_ENABLED": "False", "LANGSMITH_TRACING": "false"},
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {TIMEOUT} s"
    except OSError as error:
        return f"{python!r} cannot be run: {error.strerror}"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"ended with {done.returncode}"
    answer = json.loads(output.read_text("utf-8"))
    if "missing" in answer:
        return str(answer["missing"])
    return Peer(
        name=answer["name"],
        versions=answer["versions"],
        systems={name: Answers(**system) for name, system in answer["systems"].items()},
    )
