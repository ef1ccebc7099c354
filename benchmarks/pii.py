"""Personal data beside stock Presidio, and what every guard costs, in one run.

Quality: the same texts, the same labels, the same counting (`citeward measure pii`). Cost: CPU time, so that a busy
machine matters little; of one request for each guard of the shipped policy, of `pii` with everything looked for, and
of a streamed answer, token by token, through all guards together.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from citeward.contracts.guardrail import Action, Finding, Guardrail, Origin, Verdict
from citeward.evals.measure.measurement import Measurement
from citeward.evals.measure.pii import measure_pii
from citeward.evals.statistics import Interval, mean
from citeward.guardrails.build import build_rails
from citeward.guardrails.pii.guard import PiiGuard
from citeward.guardrails.pii.ner import model
from citeward.guardrails.policy import Rails, Row

FOLDER = Path(__file__).parent
PEERS = ("presidio", "llm_guard")
TIMEOUT = 900
REQUESTS = 300
"""Texts of which a request's cost is the mean."""
STREAM_TOKENS = 4_000
PASSES = 7
_TOKEN = re.compile(r"\s*(?:\w{1,6}|[^\w\s])")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Costs in milliseconds of CPU, and a peer's quality where it could run."""

    request: dict[str, Interval]
    """A request, by guard."""
    stream: dict[str, Interval]
    """A thousand tokens of a streamed answer, by policy."""
    peers: dict[str, Measurement] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        metrics = {f"{name}.request.cpu_ms": vars(cost) for name, cost in self.request.items()}
        metrics |= {f"{name}.stream.cpu_ms_per_1000_tokens": vars(cost) for name, cost in self.stream.items()}
        for name, measured in self.peers.items():
            metrics |= {f"{name}.{metric}": vars(value) for metric, value in measured.metrics.items()}
        return {"part": "pii-peers", "metrics": metrics, "settings": {"skipped": self.skipped}}


async def compare(data: Path, texts: Sequence[str], answer: str, scratch: Path, *, seed: int) -> Compared:
    """Time our guards and run the peers.

    Args:
        data: As `citeward measure pii` takes it, cut to the items that are measured.
        texts: Of these items.
        answer: A long text that stands for what a model streams.
        scratch: Where the peers' answers go.
        seed: Of the intervals.
    """
    rails = build_rails()
    pii = rails.guard("pii")
    assert isinstance(pii, PiiGuard)
    guards: dict[str, Guardrail] = {rule.name: rails.guard(rule.name) for rule in rails.policy.guards}
    policies = {"policy": rails}
    if model.installed():
        everything = pii.looking_for("all")
        guards["pii, all entities"] = everything
        rule = next(rule for rule in rails.policy.guards if rule.name == "pii")
        others = [Row(guard=rails.guard(other.name), rule=other) for other in rails.policy.guards if other is not rule]
        policies["policy, all entities"] = Rails(rails.policy, [*others, Row(guard=everything, rule=rule)])
    request = {name: mean(await _request(guard, texts[:REQUESTS]), seed=seed) for name, guard in guards.items()}
    stream = {name: mean(await _stream(policy, answer), seed=seed) for name, policy in policies.items()}
    result = Compared(request=request, stream=stream)
    for name in PEERS:
        found = _peer(name, texts, scratch)
        if "missing" in found:
            result.skipped[name] = found["missing"]
            continue
        request[found["about"]] = mean([seconds * 1000 for seconds in found["cpu"][:REQUESTS]], seed=seed)
        if "findings" in found:
            guard = Replay(found["about"], dict(zip(texts, found["findings"], strict=True)))
            result.peers[found["about"]] = await measure_pii(data, guard=guard, seed=seed)
    return result


async def _request(guard: Guardrail, texts: Sequence[str]) -> list[float]:
    await guard.check("ada@example.com, Ada Lovelace", origin=Origin.USER)
    cpu = []
    for text in texts:
        started = time.process_time()
        await guard.check(text, origin=Origin.USER)
        cpu.append((time.process_time() - started) * 1000)
    return cpu


async def _stream(rails: Rails, answer: str) -> list[float]:
    """Of each pass; the first, which loads what is loaded at first use, is left out."""
    await rails.warm()
    tokens = _TOKEN.findall(answer)[:STREAM_TOKENS]
    cpu = []
    for _ in range(1 + PASSES):
        release = rails.stream(origin=Origin.MODEL)
        started = time.process_time()
        for token in tokens:
            release.feed(token)
        release.close()
        cpu.append((time.process_time() - started) * 1_000_000 / len(tokens))
    return cpu[1:]


@dataclass(frozen=True)
class Replay:
    """A guard that says what a peer has found."""

    name: str
    found: dict[str, list[tuple[str, int, int, float]]]

    async def check(self, text: str, /, *, origin: Origin) -> Verdict:
        findings = tuple(Finding(kind=kind, start=a, end=b, score=score) for kind, a, b, score in self.found[text])
        return Verdict(guard=self.name, origin=origin, action=Action.FLAG, text=text, findings=findings)


def _peer(name: str, texts: Sequence[str], scratch: Path) -> dict[str, Any]:
    python = os.environ.get("CITEWARD_BENCH_PYTHON", sys.executable)
    source, output = scratch / "texts.json", scratch / f"{name}.json"
    source.write_text(json.dumps(list(texts)), "utf-8")
    try:
        subprocess.run(
            # -P: beside the script lies datasets.py, which is not the package of that name.
            [python, "-P", str(FOLDER / "pii_peer.py"), name, str(source), str(output)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return {"missing": f"its process failed: {type(error).__name__}"}
    return dict(json.loads(output.read_text("utf-8")))


def show(compared: Compared) -> None:
    for name, measured in compared.peers.items():
        print(f"\n{name}, on the same texts:")
        for metric, value in measured.metrics.items():
            if metric.endswith(("f1", "f2")) or "." not in metric:
                print(f"  {metric:28s} {value.value:.4f}  {value.low:.4f} – {value.high:.4f}")
    print("\nCPU milliseconds a request")
    for name, cost in compared.request.items():
        print(f"  {name:90s} {cost.value:8.3f}  {cost.low:.3f} – {cost.high:.3f}")
    print("CPU milliseconds for 1,000 tokens of a streamed answer, all guards together")
    for name, cost in compared.stream.items():
        print(f"  {name:90s} {cost.value:8.3f}  {cost.low:.3f} – {cost.high:.3f}")
    for name, reason in compared.skipped.items():
        print(f"{name} skipped ({reason}): {HOW[name]}, or name another environment's Python by CITEWARD_BENCH_PYTHON")


HOW = {
    "presidio": "pip install --group bench",
    "llm_guard": "it pins other versions of Presidio and transformers than the rest of the group bench, and its "
    "scanners load their models from the network; give it an environment of its own with the models in its cache",
}


def run(data: Path, answer: str, scratch: Path, *, seed: int) -> Compared:
    texts = [json.loads(line)["text"] for line in data.read_text("utf-8").splitlines()]
    return asyncio.run(compare(data, texts, answer, scratch, seed=seed))
