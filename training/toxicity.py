"""Trains the toxicity guard's classifier and prints the figures of its card.

    CITEWARD_DATA=… python -m training.toxicity [--cache FILE] [--out FILE]

One head says whether there is any harm, five say which kind.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from citeward.guardrails.classifier.surface import Numbers
from citeward.guardrails.classifier.weights import FOLDER, Linear, Weights, write_weights
from citeward.guardrails.classifier.windows import parts
from citeward.guardrails.toxicity.guard import ANY, PART
from training import grammar, sources
from training.features import Features, Floats, features, fit, linear
from training.samples import Document, Pieces, pieces, quantile

SEED = 20
FOLDS = 5
PENALTY = {False: 0.7, True: 2.5}
"""By the surface alone, and with the embedding."""
CLEAR = 0.02
"""Share of harmful texts that may pass by their surface without being embedded."""
HEADS = (ANY, *sources.CATEGORIES)
DOMAINS = ("comments", "templates", "other")
"""Families whose share of harm is another than among prompts: each has an offset of its own while fitting, and none
in use."""
CAUTION = {False: 0.8, True: 0.0}
"""Taken off every logit. Words alone are right less often at the same chance, and the policy has one threshold."""
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def documents() -> list[Document]:
    """Everything that the model learns from."""
    own = grammar.load("toxicity.yaml")
    rng = random.Random(SEED)

    def written(kind: str, count: int) -> list[str]:
        return grammar.written(own[kind], own["slots"], count, rng)

    out = [Document(text=text, family="prompts", kinds=kinds) for text, kinds in sources.moderated()]
    out += [
        Document(text=text, family="comments", kinds=frozenset({ANY} if toxic else ()), weight=0.4)
        for text, toxic in sources.comments()
    ]
    for kind in sources.CATEGORIES:
        out += [
            Document(text=text, family="templates", kinds=frozenset({kind}), weight=0.2) for text in written(kind, 150)
        ]
    out += [Document(text=text, family="templates", weight=0.2) for text in written("harmless", 450)]
    others = [*sources.alarming(), *sources.questions()[::2], *sources.paragraphs()[::4]]
    return out + [Document(text=text, family="other", weight=0.2) for text in others]


def labels(of: Sequence[Document], head: str) -> Floats:
    """By document: 1 where it has what the head looks for; the first head looks for anything."""
    return np.array([float(bool(one.kinds) if head == ANY else head in one.kinds) for one in of])


def fitted(of: Sequence[Document], cut: Pieces, seen: Features, which: np.ndarray, *, full: bool) -> list[Any]:
    """A model a head, on the documents that `which` names."""
    stacked = seen.stacked(full=full)
    comments = np.array([one.family == "comments" for one in of])
    models = []
    for head in HEADS:
        # Comments do not say what kind of harm is in them.
        chosen = which if head == ANY else which & ~comments
        rows = np.flatnonzero(chosen[cut.owner])
        told = labels(of, head)[cut.owner[rows]]
        models.append(fit(stacked[rows], told, cut.weights[rows], penalty=PENALTY[full]))
    return models


def overall(rows: Floats) -> Floats:
    """As the guard puts its heads together."""
    return (rows[:, 0] + 1 - (1 - rows[:, 1:]).prod(axis=1)) / 2


def told(models: Sequence[Any], stacked: Any) -> Floats:
    """Logits of every piece, float64[n, heads], as if it were a prompt."""
    offsets = np.zeros(stacked.shape[1])
    offsets[: len(DOMAINS)] = 1
    return np.stack(
        [model.decision_function(stacked) - stacked @ (offsets * model.coef_[0]) for model in models], axis=1
    )


def calibrated(of: Sequence[Document], logits: Floats) -> Floats:
    """Of each head slope and offset, float64[heads, 2], by which held-out logits become chances (J. Platt, 1999).

    Heads are held back by their penalty, and so would seem less sure than they may be.
    """
    families = np.array([one.family for one in of])
    rows = []
    for at, head in enumerate(HEADS):
        own = np.isin(families, ("prompts", "comments") if head == ANY else ("prompts",))
        model = LogisticRegression(C=100.0).fit(logits[own, at : at + 1], labels(of, head)[own])
        rows.append([float(model.coef_[0, 0]), float(model.intercept_[0])])
    return np.array(rows)


def chances(logits: Floats, scale: Floats) -> Floats:
    """Logits as scores."""
    return 1 / (1 + np.exp(-(logits * scale[:, 0] + scale[:, 1])))


def scaled(stage: Linear, scale: Numbers) -> Linear:
    """The stage with its slopes and offsets in the weights, and without the families' offsets."""
    slope = scale[:, 0]
    return Linear(
        bias=stage.bias * slope + scale[:, 1],
        hints=stage.hints[:0],
        surface=stage.surface * slope,
        vector=stage.vector * slope,
    )


def show(name: str, of: Sequence[Document], scores: Floats) -> dict[str, float]:
    """Print and return how well the scores tell harm from none, and what the thresholds would do."""
    harm, families = labels(of, ANY), np.array([one.family for one in of])
    figures = {}
    for family in ("prompts", "comments"):
        own = families == family
        area, auc = average_precision_score(harm[own], scores[own]), roc_auc_score(harm[own], scores[own])
        print(f"{name:24} {family:9} n={own.sum()}  auprc {area:.3f}  auc {auc:.3f}", flush=True)
        figures |= {f"{family}.auprc": round(area, 3), f"{family}.auc": round(auc, 3)}
    for threshold in THRESHOLDS:
        line = [f"{name:24} from {threshold:.1f}:"]
        for family in ("prompts", "comments"):
            own = families == family
            taken = scores[own] >= threshold
            precision = harm[own][taken].mean() if taken.any() else float("nan")
            line.append(f"{family} precision {precision:.3f} recall {taken[harm[own] == 1].mean():.3f}")
        line.append(f"other passed {(scores[families == 'other'] < threshold).mean():.3f}")
        print("  ".join(line), flush=True)
    return figures


def main() -> None:
    """Cross-validate, print, fit on all, write."""
    parser = argparse.ArgumentParser(prog="python -m training.toxicity", description="Train the toxicity guard")
    parser.add_argument("--cache", type=Path, help="keep vectors in this .npz from run to run")
    parser.add_argument("--out", type=Path, default=FOLDER / "toxicity.npz")
    given = parser.parse_args()
    of = documents()
    cut = pieces(of, lambda text: [span.of(text) for span in parts(text, PART)][:12])
    families = np.array([one.family for one in of])
    domains = np.stack([families == family for family in DOMAINS], axis=1).astype(np.float32)
    seen = features(cut.texts, domains[cut.owner], given.cache)
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(of))
    provenance: dict[str, Any] = {"seed": SEED, "command": "python -m training.toxicity"}
    clear = [1.0] * len(HEADS)
    stages = []
    for full in (False, True):
        name = "cross-validated" if full else "cross-validated, surface"
        logits = np.zeros((len(of), len(HEADS)))
        stacked = seen.stacked(full=full)
        for number in range(FOLDS):
            rows = told(fitted(of, cut, seen, fold != number, full=full), stacked)
            held = fold == number
            logits[held] = np.stack([cut.worst(column, len(of)) for column in rows.T], axis=1)[held]
        scale = calibrated(of, logits)
        scale[:, 1] -= CAUTION[full]
        heads = chances(logits, scale)
        provenance["full" if full else "surface"] = show(name, of, overall(heads))
        if not full:
            harmful = (labels(of, ANY) == 1) & np.isin(families, ("prompts", "comments"))
            clear[0] = quantile(heads[harmful, 0], CLEAR)
            asked = (heads[families == "other", 0] >= clear[0]).mean()
            print(f"embedded from a score of {clear[0]:.4f} by the surface on: {asked:.3f} of harmless")
        stage = linear(fitted(of, cut, seen, np.ones(len(of), bool), full=full), len(DOMAINS))
        stages.append(scaled(stage, scale.astype(np.float32)))
    weights = Weights(
        name="toxicity-1",
        heads=HEADS,
        hints=(),
        embedder="all-MiniLM-L6-v2",
        surface=stages[0],
        full=stages[1],
        clear=tuple(clear),
        provenance=provenance,
    )
    write_weights(given.out, weights)
    print(f"wrote {given.out} ({given.out.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
