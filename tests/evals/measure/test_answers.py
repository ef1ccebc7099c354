from pathlib import Path

import pytest

from citeward.contracts.answer import Answer, Outcome
from citeward.contracts.citation import Citation, Label
from citeward.contracts.retrieval import Document
from citeward.errors import ModelUnavailable
from citeward.evals.measure.answers import holds_gold, holds_gold_sentence, measure_answers
from citeward.evals.measure.folder import Question, filler, read_folder


def cite(document_id: str, quote: str, start: int) -> Citation:
    return Citation(
        start=0, end=1, passage_id="p", document_id=document_id, source="s", quote=quote, quote_start=start,
        quote_end=start + len(quote), label=Label.SUPPORTED, score=1.0, marker=1,
    )  # fmt: skip


def question(*answers: str, relevant: tuple[str, ...] = ("d",)) -> Question:
    return Question(id="q", question="?", relevant=relevant, answers=answers)


async def test_shares_are_over_what_they_say_they_are_over(folder: Path, store, embedder) -> None:
    async def answer(asked: str) -> Answer:
        if "tall" in asked:
            text = "The tower in Paris is 330 metres tall [1]."
            return Answer(text=text, outcome=Outcome.ANSWERED, citations=(cite("tower", "330 metres", 22),))
        if "built" in asked:
            return Answer(
                text="In 1890.", outcome=Outcome.ANSWERED, citations=(cite("tower", "1889", 0), cite("x", "y", 0))
            )
        if "Basel" in asked:
            return Answer(text="There is not enough information.", outcome=Outcome.REFUSED)
        raise ModelUnavailable("the model is gone", hint="Bring it back.")

    found = await measure_answers(folder, answer=answer, fill=filler(store, embedder))
    values = {name: interval.value for name, interval in found.metrics.items()}
    assert values["gold"] == pytest.approx(1 / 3)
    assert values["gold_sentence"] == pytest.approx(1 / 3)
    assert values["refused"] == values["errors"] == 1 / 4
    assert values["cited"] == 1
    assert values["quotes_found"] == pytest.approx(1 / 3)
    assert values["sentences"] == 1
    assert {"ms.p50", "ms.p99"} <= values.keys()
    assert found.items == 4
    assert found.settings["first_error"] == "the model is gone"
    assert await store.count() == 3


async def test_where_nothing_is_answered_shares_of_answers_are_left_out(folder: Path, store, embedder) -> None:
    async def refuse(asked: str) -> Answer:
        return Answer(text="", outcome=Outcome.REFUSED)

    found = await measure_answers(folder, answer=refuse, fill=filler(store, embedder))
    assert found.metrics["refused"].value == 1
    assert found.metrics["gold"].value == 0
    assert not {"cited", "quotes_found", "sentences"} & found.metrics.keys()


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("It gave up  308\npoints.", "308 Points", True),
        ("It gave up 1308 points.", "308", False),
        ("It cost $308.", "$308", True),
        ("Part of a party.", "art", False),
        ("首都は東京です。", "東京", True),
        ("It is [1] red [2].", "is red", True),
        ("anything", " ", False),
    ],
)
def test_an_answer_counts_only_whole(text: str, answer: str, held: bool) -> None:
    assert holds_gold(text, question(answer)) is held


def test_a_gold_sentence_must_stand_in_the_answer_whole(folder: Path) -> None:
    documents = {d.id: d for d in read_folder(folder).documents}
    built = question("1889", relevant=("tower",))
    assert holds_gold_sentence("So: It was built in 1889 [2].", built, documents)
    assert not holds_gold_sentence("Built in 1889 [2].", built, documents)
    other = {"tower": Document(id="tower", text="Nothing here.", source="")}
    assert not holds_gold_sentence("Nothing here.", built, other)
