"""The semantic cache on public pairs: GPTCache's own protocol, and the thresholds that ship."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citeward.cache.safety import conflict
from citeward.cache.threshold import Scored, learn
from citeward.contracts.retrieval import Vectors
from citeward.evals.statistics import proportion
from citeward.retrieval.embedding.minilm import MiniLM
from citeward.text.words import content_words

CANDIDATES = 8
THRESHOLDS = (0.95, 0.935, 0.915, 0.89, 0.865, 0.815, 0.8)
BOUNDS = (0.01, 0.02, 0.03, 0.05, 0.1)
SAME = 4.0
"""STS-B: from here on two sentences differ in details that do not matter."""
TWINS = 0.5
"""Share of words that two originals have in common from which on nobody knows whether they say the same."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    a: str
    b: str
    same: bool
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Paraphrases:
    """GPTCache's set with its vectors: what was asked before, and the same in other words."""

    origins: list[str]
    similar: list[str]
    scores: Vectors
    """float32[similar, origins], cosines."""


@dataclass(frozen=True, kw_only=True)
class Public:
    """All that the benchmark reads."""

    found: Paraphrases
    pairs: list[Pair]
    """What the thresholds are learned from."""


async def read(data: Path) -> Public:
    """The two data sets with their vectors, about half a minute on two cores."""
    embedder = MiniLM()
    found = await paraphrases(data, embedder)
    return Public(found=found, pairs=[*labelled(found), *await rated(data, embedder)])


async def paraphrases(data: Path, embedder: MiniLM) -> Paraphrases:
    pairs = json.loads((data / "cache" / "gptcache_pairs.json").read_text(encoding="utf-8"))
    origins, similar = [pair["origin"] for pair in pairs], [pair["similar"] for pair in pairs]
    stored, asked = await embedder.embed(origins, queries=True), await embedder.embed(similar, queries=True)
    return Paraphrases(origins=origins, similar=similar, scores=asked @ stored.T)


async def rated(data: Path, embedder: MiniLM) -> list[Pair]:
    with (data / "cache" / "stsb_en_dev.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] != row[1]]
    first = await embedder.embed([row[0] for row in rows], queries=True)
    second = await embedder.embed([row[1] for row in rows], queries=True)
    cosines = (first * second).sum(axis=1)
    return [
        Pair(a=row[0], b=row[1], same=float(row[2]) >= SAME, similarity=float(cosine))
        for row, cosine in zip(rows, cosines, strict=True)
    ]


def labelled(found: Paraphrases) -> list[Pair]:
    """Each paraphrase with its original, and with the nearest original that is surely another."""
    words = [set(content_words(text)) for text in found.origins]
    pairs = []
    for at, asked in enumerate(found.similar):
        own = found.origins[at]
        pairs.append(Pair(a=asked, b=own, same=True, similarity=float(found.scores[at, at])))
        for other in np.argsort(-found.scores[at]):
            shared = len(words[at] & words[other]) / max(1, len(words[at] | words[other]))
            if shared < TWINS:
                text = found.origins[other]
                pairs.append(Pair(a=asked, b=text, same=False, similarity=float(found.scores[at, other])))
                break
    return pairs


def look_up(found: Paraphrases, threshold: float, *, checked: bool) -> tuple[int, int, int]:
    """Right, wrong and missed, each paraphrase looked up among all originals; an original's exact copy is right too."""
    right = wrong = 0
    for at, asked in enumerate(found.similar):
        nearest = np.argsort(-found.scores[at])[:CANDIDATES]
        reached = (place for place in nearest if found.scores[at, place] >= threshold)
        hit = next((p for p in reached if not (checked and conflict(asked, found.origins[p]))), None)
        if hit is not None:
            same = found.origins[hit] == found.origins[at]
            right, wrong = right + same, wrong + (not same)
    return right, wrong, len(found.similar) - right - wrong


def show(public: Public) -> None:
    """Print both tables."""
    _show_look_ups(public.found)
    _show_thresholds(public.pairs)


def _show_look_ups(found: Paraphrases) -> None:
    print("GPTCache's protocol: each paraphrase looked up among all originals (theirs: .95 425/25/549, .8 904/92/3)")
    print(f"{'threshold':>9}  {'checks':6}  right wrong missed   wrong of hits, 95 %")
    for threshold in THRESHOLDS:
        for checked in (False, True):
            right, wrong, missed = look_up(found, threshold, checked=checked)
            share = proportion(wrong, max(1, right + wrong))
            print(
                f"{threshold:9.3f}  {'yes' if checked else 'no':6}  {right:5} {wrong:5} {missed:6}   "
                f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"
            )


def _show_thresholds(pairs: Sequence[Pair]) -> None:
    safe = [Scored(similarity=pair.similarity, same=pair.same) for pair in pairs if not conflict(pair.a, pair.b)]
    bare = [Scored(similarity=pair.similarity, same=pair.same) for pair in pairs]
    print(f"\nthresholds learned from {len(pairs):,} pairs, {sum(pair.same for pair in pairs):,} of them the same")
    for bound in BOUNDS:
        for name, scored in (("with checks", safe), ("without", bare)):
            learned = learn(scored, bound)
            told = (
                "none" if learned is None else f"{learned.threshold:.3f}: {learned.false_hits} of {learned.hits} wrong"
            )
            print(f"  bound {bound:.2f}  {name:11}  {told}")
