"""What reading a paced stream costs: our client beside the bare ones, OpenAI's SDK and LangChain's, in one run.

    python -m benchmarks.client

One process serves replies at the pace of a model; each contestant reads them in a process of its own, so that what one
imports or leaves behind is not the other's. Cost is the process's CPU time a token. Repeats are interleaved; medians,
with the least and the greatest repeat beside each, and ratios within a repeat. OpenAI's and LangChain's packages are
optional: `pip install --group bench` here, or name another environment's Python by `CITEWARD_BENCH_PYTHON`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

FOLDER = Path(__file__).parent
STREAMS = 20
REPLIES = 5
"""Of each stream; one before them warms up."""
TOKENS = 64
PACE = 0.005
"""Seconds between two tokens of a reply."""
REPEATS = 3
BARE = "aiohttp"
PEERS = ("openai", "langchain-openai")
"""Run by the peers' own Python."""
CONTESTANTS = (BARE, "httpx", "citeward", "citeward-langchain", *PEERS)
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4194304", "MALLOC_TRIM_THRESHOLD_": "67108864"}
"""asyncio reads into 256 KiB, which glibc maps and unmaps anew at each read until some larger block was freed once: 15
to 20 µs a token, by chance of what was imported. Nobody pays for it here."""
TIMEOUT = 120
"""Seconds after which a contestant that does not come back is skipped, aloud."""


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """What one process of a contestant found."""

    cpu_us_a_token: float
    first_token_ms: Sequence[float]
    """Of each reply: from the call to its first text."""
    versions: Mapping[str, str]


def run() -> dict[str, Any]:
    """The whole benchmark; about a minute and a half."""
    repeats: dict[str, list[Repeat]] = {name: [] for name in CONTESTANTS}
    missing: dict[str, str] = {}
    with _server() as url:
        for _ in range(REPEATS):
            for name in CONTESTANTS:
                if name in missing:
                    continue
                found = _read(name, url)
                if isinstance(found, str):
                    missing[name] = found
                else:
                    repeats[name].append(found)
    ran = {name: found for name, found in repeats.items() if name not in missing}
    return {
        "part": "client",
        "items": STREAMS * REPLIES * TOKENS * REPEATS,
        "metrics": _metrics(ran),
        "settings": {
            "streams": STREAMS,
            "replies": REPLIES,
            "tokens": TOKENS,
            "pace_ms": PACE * 1000,
            "repeats": REPEATS,
            "interval": "least and greatest repeat",
            "cores": os.cpu_count() or 1,
            "versions": {name: dict(found[-1].versions) for name, found in ran.items()},
            "missing": missing,
        },
    }


def _metrics(ran: Mapping[str, Sequence[Repeat]]) -> dict[str, dict[str, float]]:
    metrics = {}
    bare = ran.get(BARE, ())
    for name, found in ran.items():
        metrics[f"{name}.cpu_us_a_token"] = _summary([one.cpu_us_a_token for one in found])
        metrics[f"{name}.first_token_ms.p50"] = _summary([median(one.first_token_ms) for one in found])
        if name != BARE and bare:
            pairs = list(zip(found, bare, strict=True))
            metrics[f"{name}.times_bare"] = _summary([one.cpu_us_a_token / it.cpu_us_a_token for one, it in pairs])
            metrics[f"{name}.first_token_overhead_ms.p50"] = _summary(
                [median(one.first_token_ms) - median(it.first_token_ms) for one, it in pairs]
            )
    return metrics


def _summary(values: Sequence[float]) -> dict[str, float]:
    return {"value": median(values), "low": min(values), "high": max(values)}


@contextmanager
def _server() -> Iterator[str]:
    """The url of a server that runs until the end."""
    arguments = [str(STREAMS), str(TOKENS), str(PACE)]
    with subprocess.Popen(
        [sys.executable, "-P", str(FOLDER / "client_server.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.stdin.close()


def _read(name: str, url: str) -> Repeat | str:
    """What the contestant found, or why it found nothing."""
    python = os.environ.get("CITEWARD_BENCH_PYTHON", sys.executable) if name in PEERS else sys.executable
    try:
        done = subprocess.run(
            # -P: beside the script lies datasets.py, which is not the package of that name.
            [python, "-P", str(FOLDER / "client_peer.py"), name, url, str(STREAMS), str(REPLIES), str(TOKENS)],
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**os.environ, **MALLOC, "LANGSMITH_TRACING": "false"},
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {TIMEOUT} s"
    except OSError as error:
        return f"{python!r} cannot be run: {error.strerror}"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"ended with {done.returncode}"
    found = json.loads(done.stdout)
    return str(found["missing"]) if "missing" in found else Repeat(**found)


def show(result: Mapping[str, Any]) -> None:
    """A table, a row a contestant."""
    from rich.console import Console
    from rich.table import Table

    settings, metrics = result["settings"], result["metrics"]
    title = (
        f"client: {settings['streams']} streams at a time, replies of {settings['tokens']} tokens, one each "
        f"{settings['pace_ms']:g} ms; median of {settings['repeats']} repeats (least–greatest)"
    )
    table = Table("client", title=title, title_justify="left")
    for column in ("CPU µs a token", "times bare aiohttp", "first token ms p50", "over bare, ms"):
        table.add_column(column, justify="right")
    for name, versions in settings["versions"].items():
        about = ", ".join(f"{package} {version}" for package, version in versions.items())
        figures = ("cpu_us_a_token", "times_bare", "first_token_ms.p50", "first_token_overhead_ms.p50")
        table.add_row(f"{name}\n  {about}", *(_shown(metrics.get(f"{name}.{figure}")) for figure in figures))
    Console(width=130).print(table)
    for name, why in settings["missing"].items():
        print(
            f"  {name} skipped ({why}): pip install --group bench, "
            "or name another environment's Python by CITEWARD_BENCH_PYTHON"
        )


def _shown(figure: Mapping[str, float] | None) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f}–{figure['high']:.2f})" if figure else "–"


if __name__ == "__main__":
    show(run())
