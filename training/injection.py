"""Trains the injection guard's classifier and prints the figures of its card.

    CITEWARD_DATA=… python -m training.injection [--cache FILE] [--out FILE] [--leave-out FAMILY]…

Two heads: `direct` judges parts of what a user writes, `planted` judges lines of what a document or a tool says.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from citeward.guardrails.classifier.apart import apart
from citeward.guardrails.classifier.weights import FOLDER, Linear, Weights, write_weights
from citeward.guardrails.classifier.windows import lines, parts
from citeward.guardrails.injection.guard import HINTS, SURE, attacks, combined, evidence
from training import grammar, sources
from training.features import Features, Floats, features, fit, linear
from training.samples import Document, Pieces, pieces, quantile, recall_at

SEED = 20
FOLDS = 5
PENALTY = 1.0
PAGE = 3.0
"""How much a harmless page counts beside one planted order: its weight is shared among all of its lines."""
LOOK = (0.02, 0.05, 0.1, 0.15, 0.2)
"""Shares of attacks whose cost, as clear by their surface, is printed."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One head."""

    name: str
    documents: list[Document]
    held: tuple[str, ...]
    """Families of attacks of which a whole one is left out at a time; empty leaves out documents at random."""
    cut: Callable[[str], Sequence[str]]
    harmless: tuple[str, ...]
    """Families of harmless texts that the threshold is set on."""
    threshold: float
    """The score that flags, as the default policy has it."""
    false: float
    """The share of harmless documents that may reach it."""
    false_by_words: float
    """The same where there is no embedder: words alone are right less often, and may stop less."""
    clear: float
    """The share of attacks that may pass by their surface, without being embedded: a passage is read far more often
    than it is hostile, and each line embedded costs a millisecond or two."""

    @property
    def in_data(self) -> bool:
        return self.name == "planted"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A task's pieces with their features."""

    task: Task
    pieces: Pieces
    features: Features
    labels: Floats
    """By document."""
    families: np.ndarray
    patterns: Floats
    """What the patterns say of each document, 0..1."""


def tasks(leave_out: Collection[str] = ()) -> tuple[Task, Task]:
    """Both heads with their data.

    Args:
        leave_out: Families of planted orders that nothing is to be learned from.
    """
    own = grammar.load("injection.yaml")
    rng = random.Random(SEED)

    def written(kind: str, count: int) -> list[str]:
        # Each kind by itself: a sentence more in one list draws no others from the rest.
        return grammar.written(own[kind], own["slots"], count, random.Random(f"{SEED} {kind}"))

    def made(texts: Sequence[str], family: str, *, attack: bool = False, weight: float = 1.0) -> list[Document]:
        kinds = frozenset({"attack"} if attack else ())
        return [Document(text=text, family=family, kinds=kinds, weight=weight) for text in texts]

    direct = [
        *made(sources.jailbreaks(), "jailbreaks", attack=True),
        *made(written("attack", 400), "templates", attack=True),
        *made(sources.alarming(), "alarming"),
        *made(sources.questions()[::2], "questions"),
        *made([prompt for prompt, _ in sources.moderated()], "prompts"),
        *made(sources.emails(), "emails"),
        *made(sources.paragraphs()[::4], "paragraphs"),
        *made(written("harmless", 1300), "templates"),
    ]
    planted = [
        *made(sources.emails(), "emails", weight=PAGE),
        *made(sources.paragraphs(), "paragraphs", weight=PAGE),
        *made(sources.manual(), "manual", weight=PAGE),
        *made(sources.reports(), "reports", weight=PAGE),
        *made(sources.functions(), "functions", weight=PAGE),
        *made(written("letter", 600), "templates"),
        *made(written("planted", 1400), "templates", attack=True),
    ]
    families = {name: texts for name, texts in sources.planted().items() if name not in leave_out}
    for family, texts in families.items():
        planted += made(texts, family, attack=True, weight=2.0)
    around = [*sources.emails(), *sources.paragraphs(), *sources.manual()]
    planted = [replace(one, context=rng.choice(around)) if one.kinds else one for one in planted]
    planted += [Document(text=asked, family="answered", context=answer) for asked, answer in sources.answered()]
    return (
        Task(
            name="direct",
            documents=direct,
            held=(),
            cut=lambda text: [span.of(text) for span in parts(text)][:8],
            harmless=("alarming", "prompts"),
            threshold=0.5,
            false=0.02,
            false_by_words=0.01,
            clear=0.02,
        ),
        Task(
            name="planted",
            documents=planted,
            held=tuple(families),
            cut=lambda text: [span.of(text) for span in lines(text)],
            harmless=("emails", "paragraphs", "manual", "reports", "functions", "answered"),
            threshold=0.45,
            false=0.01,
            false_by_words=0.002,
            clear=0.1,
        ),
    )


def prepare(task: Task, cache: Path | None) -> Prepared:
    """Cut, look at, embed."""
    cut = pieces(task.documents, task.cut)
    patterns = np.array([combined(attacks(document.text, in_data=task.in_data)) for document in task.documents])
    if task.in_data:
        shown = [evidence(combined(attacks(text, in_data=True))) for text in cut.texts]
        alone = [share for number in range(len(task.documents)) for share in _apart(task, cut, number)]
    else:
        shown = [evidence(patterns[owner]) for owner in cut.owner]
        alone = [0.0] * len(cut.texts)
    return Prepared(
        task=task,
        pieces=cut,
        features=features(cut.texts, np.array([shown, alone], np.float32).T, cache),
        labels=np.array([float(bool(document.kinds)) for document in task.documents]),
        families=np.array([document.family for document in task.documents]),
        patterns=patterns,
    )


def _apart(task: Task, cut: Pieces, number: int) -> list[float]:
    """How far the document's lines stand apart, in its context where it has one."""
    start, end = np.searchsorted(cut.owner, [number, number + 1])
    own = cut.texts[start:end]
    return apart([*task.cut(task.documents[number].context), *own])[-len(own) :]


def folds(one: Prepared) -> list[np.ndarray]:
    """Documents that are held out together: at random, and attacks by whole families where the task says so."""
    rng = np.random.default_rng(SEED)
    fold = rng.integers(0, FOLDS, len(one.labels))
    order = list(one.task.held)
    rng.shuffle(order)
    for place, family in enumerate(order):
        fold[(one.families == family) & (one.labels == 1)] = place % FOLDS
    return [fold == number for number in range(FOLDS)]


def cross_validated(one: Prepared, *, full: bool) -> Floats:
    """Each document's logit by a model that saw neither it nor its family."""
    stacked = one.features.stacked(full=full)
    out = np.zeros(len(one.labels))
    for held in folds(one):
        told = _fitted(one, stacked, ~held).decision_function(stacked)
        out[held] = one.pieces.worst(told, len(held))[held]
    return out


def without(one: Prepared, family: str) -> Floats:
    """Each document's logit by a model that saw no attack of that family, and harmless documents of others' folds."""
    stacked = one.features.stacked(full=True)
    held = folds(one)[0] | folds(one)[1] | (one.families == family)
    return one.pieces.worst(_fitted(one, stacked, ~held).decision_function(stacked), len(held))


def _fitted(one: Prepared, stacked: Any, seen: np.ndarray) -> Any:
    rows = np.flatnonzero(seen[one.pieces.owner])
    labels = one.labels[one.pieces.owner[rows]]
    return fit(stacked[rows], labels, one.pieces.weights[rows], penalty=PENALTY)


def trained(one: Prepared, shifts: dict[bool, float]) -> dict[bool, Linear]:
    """Both stages on all documents, moved by `shifts` so that the policy's threshold means what it should."""
    out = {}
    for full, shift in shifts.items():
        model = _fitted(one, one.features.stacked(full=full), np.ones(len(one.labels), bool))
        stage = linear([model], len(HINTS))
        out[full] = replace(stage, bias=stage.bias + np.float32(shift))
    return out


def _chance(logit: float) -> float:
    return float(0.5 * (1 + np.tanh(0.5 * logit)))


def show(one: Prepared, name: str, logits: Floats) -> dict[str, float]:
    """Print how well the scores tell attacks from each harmless family; returns the figures."""
    scores = 0.5 * (1 + np.tanh(0.5 * logits))
    sure = SURE[one.task.in_data]
    scores = np.maximum(scores, np.where(one.patterns >= sure, one.patterns, 0))
    attack = one.labels == 1
    figures: dict[str, float] = {}
    targets = {"held-out families": np.isin(one.families, one.task.held)} if one.task.held else {}
    for target, chosen in (targets or {"jailbreaks": one.families == "jailbreaks"}).items():
        positive = scores[chosen & attack]
        for family in (*one.task.harmless, "questions", "all"):
            of = ~attack & ((one.families == family) | (family == "all")) & (one.families != "templates")
            if not of.any():
                continue
            negative = scores[of]
            auc = roc_auc_score(np.r_[np.ones(len(positive)), np.zeros(len(negative))], np.r_[positive, negative])
            at1, at3 = recall_at(0.01, positive, negative), recall_at(0.03, positive, negative)
            passed = float((negative < one.task.threshold).mean())
            taken = float((positive >= one.task.threshold).mean())
            print(
                f"{one.task.name:8} {name:22} {target} / {family:10} n={len(positive)}/{len(negative)}  "
                f"recall@fpr1 {at1:.3f}  @fpr3 {at3:.3f}  auc {auc:.3f}  "
                f"at the threshold: recall {taken:.3f}, harmless passed {passed:.3f}",
                flush=True,
            )
            figures |= {f"{family}.recall@fpr1": at1, f"{family}.recall@fpr3": at3, f"{family}.auc": auc}
            figures |= {f"{family}.recall": taken, f"{family}.passed": passed}
    return {key: round(value, 3) for key, value in figures.items()}


def main() -> None:
    """Cross-validate, print, fit on all, write."""
    parser = argparse.ArgumentParser(prog="python -m training.injection", description="Train the injection guard")
    parser.add_argument("--cache", type=Path, help="keep vectors in this .npz from run to run")
    parser.add_argument("--out", type=Path, default=FOLDER / "injection.npz")
    parser.add_argument(
        "--leave-out", action="append", default=[], metavar="FAMILY", help="learn nothing of these orders"
    )
    given = parser.parse_args()
    if unknown := [name for name in given.leave_out if name not in sources.planted()]:
        parser.error(f"there is no family {unknown[0]!r}; there are {', '.join(sources.planted())}")
    stages: dict[str, dict[bool, Linear]] = {}
    clear: list[float] = []
    provenance: dict[str, Any] = {"seed": SEED, "command": "python -m training.injection"}
    for task in tasks(given.leave_out):
        one = prepare(task, given.cache)
        attack = one.labels == 1
        harmless = np.isin(one.families, task.harmless) & ~attack
        target = np.isin(one.families, task.held or ("jailbreaks",)) & attack
        shifts: dict[bool, float] = {}
        for full in (False, True):
            logits = cross_validated(one, full=full)
            wanted = np.log(task.threshold / (1 - task.threshold))
            shifts[full] = wanted - quantile(logits[harmless], 1 - (task.false if full else task.false_by_words))
            name = f"cross-validated{'' if full else ', surface'}"
            provenance[f"{task.name}.{'full' if full else 'surface'}"] = show(one, name, logits + shifts[full])
            if not full:
                clear.append(_chance(quantile(logits[target], task.clear) + shifts[full]))
                for share in LOOK:
                    limit = quantile(logits[target], share)
                    asked = (logits >= limit)[harmless].mean()
                    print(
                        f"{task.name}: {share:.0%} of attacks under {_chance(limit + shifts[full]):.4f} by the "
                        f"surface; from there on {asked:.3f} of harmless documents are embedded"
                    )
        if not task.held:
            show(one, "no jailbreak seen", without(one, "jailbreaks") + shifts[True])
        show(one, "patterns alone", np.log((one.patterns + 1e-9) / (1 - one.patterns + 1e-9)))
        stages[task.name] = trained(one, shifts)
    heads = tuple(stages)
    write_weights(
        given.out,
        Weights(
            name="injection-2",
            heads=heads,
            hints=HINTS,
            embedder="all-MiniLM-L6-v2",
            surface=_joined([stages[head][False] for head in heads]),
            full=_joined([stages[head][True] for head in heads]),
            clear=tuple(clear),
            provenance=provenance,
        ),
    )
    print(f"wrote {given.out} ({given.out.stat().st_size:,} bytes)")


def _joined(models: Sequence[Linear]) -> Linear:
    return Linear(
        bias=np.concatenate([model.bias for model in models]),
        hints=np.concatenate([model.hints for model in models], axis=1),
        surface=np.concatenate([model.surface for model in models], axis=1),
        vector=np.concatenate([model.vector for model in models], axis=1),
    )


if __name__ == "__main__":
    main()
