"""How long each guard takes for texts made to slow it down: whole, as a stream in one piece, and in pieces.

    python -m benchmarks --only adversarial

The texts are 60,000 characters of one short unit over and over, made of what the guards' patterns look for. Times are
of the processor, in milliseconds; `worst` names the unit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from citeward.citations.align import Aligner
from citeward.contracts.guardrail import Origin, Outgoing
from citeward.guardrails.active.content import inert
from citeward.guardrails.build import build_rails
from citeward.guardrails.policy import Rails
from citeward.guardrails.steps import Row, decided
from citeward.text.sentences import sentences

LENGTH = 60_000
PIECE = 4
"""Characters of a streamed piece."""
UNITS = (
    *(
        ". ",
        ".",
        "[",
        "](",
        "![",
        "![x](",
        "]:",
        "]:a:",
        "](a:",
        "](//",
        "- [a](b)\n",
        "- a\n  ```\n",
        "```\n",
        "`",
        "``a",
    ),
    *("<", "<a", "<a ", "</", "<!--", "https://a", "https://a。", "www.", "//a.b", "&#105;", "%69", "\\u0069", "\\x69"),
    *(
        "a@",
        "@a.b",
        ".a@b",
        "1",
        "1 ",
        "1-",
        "4111 ",
        "12:",
        "1.2.",
        "+1 (",
        "a1-",
        "ghp_",
        "-----BEGIN ",
        "password: ",
    ),
    *(
        "ignore ",
        "i g n o r e ",
        "previous. ",
        "a\n",
        "\n",
        " ",
        "\t",
        "A",
        "aB",
        "=",
        "QUFB",
        "é",
        "中",
        "。",
        "\u0301",
        "\u200b",
    ),
)


def run(*, length: int = LENGTH) -> dict[str, Any]:
    """Every guard of the default policy on every unit; prints the slowest and gives all figures as JSON."""
    return asyncio.run(_run(length))


async def _run(length: int) -> dict[str, Any]:
    rails = build_rails(secrets=["sk-Harbour_7Kq42-xYz"])
    await rails.warm()
    figures: dict[str, dict[str, float]] = {}
    print(f"{length:,} characters made to slow a guard down, ms of CPU\n  {'':32} {'median':>8} {'most':>8}  worst")

    def note(name: str, times: dict[str, float]) -> None:
        figures[name] = times
        ranked = sorted(times.items(), key=lambda item: item[1])
        median, (unit, most) = ranked[len(ranked) // 2][1], ranked[-1]
        print(f"  {name:32} {median:8.0f} {most:8.0f}  {unit!r}", flush=True)

    checks: dict[str, Callable[[str], object]] = {
        "sentences": sentences,
        "documents": inert,
        "alignment": lambda text: Aligner(text).find(f"{text[: len(text) // 2]} x"),
    }
    for name, check in checks.items():
        note(name, {unit: _timed(check, _text(unit, length)) for unit in UNITS})
    for row in rails.rows:
        if row.rule.name != "length":
            origin = next(iter(row.rule.origins))
            note(f"{row.rule.name}, whole", {u: await _checked(row, _text(u, length), origin) for u in UNITS})
    note("stream, one piece", {u: _timed(partial(_stream, rails, size=length), _text(u, length)) for u in UNITS})
    note(f"stream, {PIECE} a piece", {u: _timed(partial(_stream, rails, size=PIECE), _text(u, length)) for u in UNITS})
    return {"length": length, "ms": figures}


def _text(unit: str, length: int) -> str:
    return unit * (length // len(unit))


def _timed(check: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    check(text)
    return 1e3 * (time.process_time() - began)


async def _checked(row: Row, text: str, origin: Origin) -> float:
    began = time.process_time()
    await decided(row, text, origin)
    return 1e3 * (time.process_time() - began)


def _stream(rails: Rails, text: str, *, size: int) -> None:
    release = rails.stream(outgoing=Outgoing(prompt="You answer from the passages below.", question="When?"))
    for piece in _pieces(text, size):
        release.feed(piece)
    release.close()


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))
