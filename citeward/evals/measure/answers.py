"""Answers measured alone: is a gold answer in them, and does every quote stand where it says?

- gold: questions with an answer text that stands in the answer; letters' case and white space do not matter, and a
  number or word counts only whole (308 is not in 1308).
- gold_sentence: questions for which a sentence of a relevant document that holds an answer text stands in the answer
  whole; what the extractive model is after.
- refused: questions that got no answer for want of information, or by a guard.
- cited: answered questions with at least one citation.
- quotes_found: citations whose quote stands at its offsets in the document as `documents.jsonl` has it. The check is
  independent of the store.
- errors: questions whose run failed; they count as no gold and not answered.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.retrieval import Document
from citeward.errors import CitewardError
from citeward.evals.measure.folder import Fill, Question, read_folder
from citeward.evals.measure.measurement import Measurement, Progress, latency
from citeward.evals.statistics import Interval, mean, proportion
from citeward.text.sentences import sentences

AnswerOne: TypeAlias = Callable[[str], Awaitable[Answer]]
"""Answers one question over the folder's documents."""
_MARKER = re.compile(r"\s*\[\d+\]")
_SPACE = re.compile(r"\s+")


async def measure_answers(
    folder: Path,
    *,
    answer: AnswerOne,
    fill: Fill,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Measurement:
    """Fill the store that `answer` searches, then ask every question of the folder, one after another.

    Args:
        folder: With `documents.jsonl` and `questions.jsonl`.
        answer: The whole way of a question, or any part of it that gives an Answer.
        fill: Puts documents, under their own ids, where `answer` finds them.
        limit: Questions to draw; None takes all.
        seed: Of drawing and of the bootstrap.
        progress: Told after each question.

    Returns:
        The shares that the module names, `sentences` an answer, `ms.p50`, `ms.p99`.
    """
    labelled = read_folder(folder, limit=limit, seed=seed)
    passages = await fill(labelled.documents)
    documents = {document.id: document for document in labelled.documents}
    with_answers = [question for question in labelled.questions if question.answers]
    tally: dict[str, int] = dict.fromkeys(("gold", "gold_sentence", "refused", "cited", "found", "quotes", "errors"), 0)
    lengths: list[float] = []
    seconds: list[float] = []
    first_error = ""
    for done, question in enumerate(labelled.questions, 1):
        started = time.perf_counter()
        try:
            given = await answer(question.question)
        except CitewardError as error:
            tally["errors"] += 1
            first_error = first_error or error.message
            continue
        finally:
            seconds.append(time.perf_counter() - started)
            if progress is not None:
                progress(done, len(labelled.questions))
        if given.outcome is not Outcome.ANSWERED:
            tally["refused"] += 1
            continue
        lengths.append(len(sentences(_MARKER.sub("", given.text))))
        tally["gold"] += holds_gold(given.text, question)
        tally["gold_sentence"] += holds_gold_sentence(given.text, question, documents)
        tally["cited"] += bool(given.citations)
        for citation in given.citations:
            document = documents.get(citation.document_id)
            text = document.text if document else ""
            tally["quotes"] += 1
            tally["found"] += bool(citation.quote) and text[citation.quote_start : citation.quote_end] == citation.quote
    n = len(labelled.questions)
    metrics: dict[str, Interval] = {}
    if with_answers:
        metrics["gold"] = proportion(tally["gold"], len(with_answers))
        metrics["gold_sentence"] = proportion(tally["gold_sentence"], len(with_answers))
    metrics["refused"] = proportion(tally["refused"], n)
    if lengths:
        metrics["cited"] = proportion(tally["cited"], len(lengths))
    if tally["quotes"]:
        metrics["quotes_found"] = proportion(tally["found"], tally["quotes"])
    metrics["errors"] = proportion(tally["errors"], n)
    if lengths:
        metrics["sentences"] = mean(lengths, seed=seed)
    metrics |= latency(seconds)
    settings: dict[str, object] = {
        "data": folder.name,
        "documents": len(documents),
        "passages": passages,
        "with_answers": len(with_answers),
        "citations": tally["quotes"],
        "seed": seed,
    }
    if first_error:
        settings["first_error"] = first_error
    return Measurement(part="answers", items=n, metrics=metrics, settings=settings)


def holds_gold(text: str, question: Question) -> bool:
    """Whether one of the question's answers stands in `text`."""
    plain = _plain(text)
    return any(_holds(plain, _plain(answer)) for answer in question.answers)


def holds_gold_sentence(text: str, question: Question, documents: Mapping[str, Document]) -> bool:
    """Whether a sentence of a relevant document that holds an answer stands in `text`, its closing mark aside."""
    plain = _plain(text)
    for document_id in question.relevant:
        source = documents[document_id].text
        for span in sentences(source):
            sentence = _plain(span.of(source))
            if (
                any(_holds(sentence, _plain(answer)) for answer in question.answers)
                and sentence.rstrip(".!? ") in plain
            ):
                return True
    return False


def _plain(text: str) -> str:
    """Without citation markers, in one case, with single spaces."""
    return _SPACE.sub(" ", _MARKER.sub("", text)).strip().casefold()


def _holds(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` with no letter or digit of ASCII running on at its ends.

    Scripts that write words without spaces between them are left to plain containment.
    """
    if not answer:
        return False
    before = r"(?<![0-9a-z])" if re.match(r"[0-9a-z]", answer) else ""
    after = r"(?![0-9a-z])" if re.search(r"[0-9a-z]$", answer) else ""
    return re.search(before + re.escape(answer) + after, text) is not None
