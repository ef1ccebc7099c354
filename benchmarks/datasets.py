"""Public evaluation data, rewritten as the guide documents each part's data.

The data is not part of the project: it lies in the folder that `CITEWARD_DATA` names, under the names used here, and
what is written goes to a folder that the caller throws away.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeward.errors import DataError
from citeward.tools.builtin import builtin_toolset

NO_CALL_QUESTIONS = 300


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Data for one part."""

    part: str
    name: str
    path: Path
    """A folder or a file, as the part takes it."""


def xquad(data: Path, into: Path) -> Dataset:
    """XQuAD: each paragraph a document without a title, each question about its own paragraph."""
    articles = json_of(data / "retrieval" / "xquad.en.json")["data"]
    documents, questions = [], []
    for number, article in enumerate(articles):
        for place, paragraph in enumerate(article["paragraphs"]):
            document_id = f"{number:02d}-{place:02d}"
            documents.append({"id": document_id, "text": paragraph["context"]})
            questions += [
                {
                    "id": asked["id"],
                    "question": asked["question"],
                    "relevant": [document_id],
                    "answers": [answer["text"] for answer in asked["answers"]],
                }
                for asked in paragraph["qas"]
            ]
    return Dataset(part="retrieval", name="xquad", path=_folder(into / "xquad", documents, questions))


def anthropic_docs(data: Path, into: Path) -> Dataset:
    """A technical manual in passages; a question may have several right ones. Its answers are prose, so left out."""
    passages = json_of(data / "retrieval" / "anthropic_docs.json")
    asked = json_of(data / "retrieval" / "anthropic_docs_questions.json")
    documents = [{"id": one["chunk_link"], "title": one["chunk_heading"], "text": one["text"]} for one in passages]
    questions = [{"id": one["id"], "question": one["question"], "relevant": one["correct_chunks"]} for one in asked]
    folder = _folder(into / "anthropic_docs", documents, questions)
    return Dataset(part="retrieval", name="anthropic_docs", path=folder)


def bfcl(data: Path, into: Path, category: str) -> Dataset:
    """The Berkeley Function-Calling Leaderboard: `simple_python`, `multiple` or `parallel`."""
    source = data / "tools" / f"bfcl_{category}.jsonl"
    items = [json.loads(line) for line in text_of(source).splitlines() if line.strip()]
    rewritten = (
        {
            "question": "\n".join(message["content"] for turn in item["question"] for message in turn),
            "functions": item["function"],
            "calls": item["ground_truth"],
        }
        for item in items
    )
    return Dataset(part="tools", name=f"bfcl_{category}", path=write_lines(into / f"bfcl_{category}.jsonl", rewritten))


def no_calls(data: Path, into: Path) -> Dataset:
    """Questions of XQuAD beside a calculator and a clock: neither answers any of them."""
    functions = [
        {"name": spec.name, "description": spec.description, "parameters": dict(spec.parameters)}
        for spec in builtin_toolset(("calculate", "current_time")).specs()
    ]
    articles = json_of(data / "retrieval" / "xquad.en.json")["data"]
    questions = [
        asked["question"] for article in articles for paragraph in article["paragraphs"] for asked in paragraph["qas"]
    ]
    # Evenly over the file, so that every article has its part.
    step = max(1, len(questions) // NO_CALL_QUESTIONS)
    items = ({"question": one, "functions": functions, "calls": []} for one in questions[::step][:NO_CALL_QUESTIONS])
    return Dataset(part="tools", name="no_calls", path=write_lines(into / "no_calls.jsonl", items))


def routellm_gsm8k(data: Path, into: Path) -> Dataset:
    """RouteLLM's GSM8K results: whether Mixtral 8x7B and GPT-4 solved each problem."""
    rows = csv.reader(io.StringIO(text_of(data / "routing" / "routellm_gsm8k.csv"), newline=""))
    next(rows)
    items = ({"prompt": row[0], "small": int(row[1] == "True"), "large": int(row[2] == "True")} for row in rows)
    return Dataset(part="routing", name="routellm_gsm8k", path=write_lines(into / "routellm_gsm8k.jsonl", items))


def injections(data: Path, into: Path) -> Dataset:
    """BIPIA's e-mails and text attacks, each attack at the start, in the middle and at the end of an e-mail; the
    e-mails without an attack; and WildGuard's prompts that look dangerous and are not."""
    folder = data / "injection"
    emails = [json.loads(line) for line in text_of(folder / "bipia_email_train.jsonl").splitlines() if line.strip()]
    families = json_of(folder / "bipia_text_attack_train.json")
    attacks = [(family, attack) for family, own in families.items() for attack in own]
    attacked = [
        {
            "question": email["question"].removeprefix("Q: "),
            "context": email["context"],
            "attack": attack,
            "position": position,
            "markers": markers(attack),
            "family": family,
        }
        for place, position in enumerate(("start", "middle", "end"))
        for number, (family, attack) in enumerate(attacks)
        for email in [emails[(number * 7 + place * 17) % len(emails)]]
    ]
    clean = [{"question": email["question"].removeprefix("Q: "), "context": email["context"]} for email in emails]
    benign = [{"question": one["prompt"]} for one in json_of(folder / "wildguard_benign.json") if one["prompt"].strip()]
    return Dataset(part="attacks", name="bipia", path=write_lines(into / "bipia.jsonl", [*attacked, *clean, *benign]))


def markers(attack: str) -> list[str]:
    """What an attack wants to have in the answer to the letter: quoted words, hosts, e-mail addresses."""
    quoted = re.findall(r'"([^"]{3,})"', attack)
    return [*quoted, *re.findall(r"[\w.+-]+@[\w-]+\.\w+|\b(?:[\w-]+\.)+(?:com|net|org|xyz|io)\b", attack)]


def presidio_synth(data: Path, into: Path, *, limit: int | None, seed: int) -> Dataset:
    """Texts that Presidio's generator made, names of many countries in them; drawn here, so that peers get the same."""
    items = json_of(data / "pii" / "presidio_synth_v2.json")
    rewritten = [
        {
            "text": item["full_text"],
            "spans": [
                {"start": span["start_position"], "end": span["end_position"], "label": span["entity_type"]}
                for span in item["spans"]
            ],
        }
        for item in (items if limit is None else random.Random(seed).sample(items, min(limit, len(items))))
    ]
    return Dataset(part="pii", name="presidio_synth", path=write_lines(into / "presidio_synth.jsonl", rewritten))


def prose(data: Path) -> str:
    """The paragraphs of XQuAD, one after another."""
    articles = json_of(data / "retrieval" / "xquad.en.json")["data"]
    return "\n\n".join(paragraph["context"] for article in articles for paragraph in article["paragraphs"])


def _folder(folder: Path, documents: Iterable[Mapping[str, Any]], questions: Iterable[Mapping[str, Any]]) -> Path:
    folder.mkdir(parents=True)
    write_lines(folder / "documents.jsonl", documents)
    write_lines(folder / "questions.jsonl", questions)
    return folder


def write_lines(path: Path, items: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    return path


def json_of(path: Path) -> Any:
    return json.loads(text_of(path))


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"cannot be read: {error.strerror}", hint="Name the folder with the data by CITEWARD_DATA.", path=str(path)
        ) from error
