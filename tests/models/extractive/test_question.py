import pytest

from citeward.models.extractive.question import Kind, answers, kind_of


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many cats are there?", Kind.NUMBER),
        ("What percentage was lost?", Kind.NUMBER),
        ("When was it built?", Kind.DATE),
        ("In which year did it end?", Kind.DATE),
        ("Who wrote it?", Kind.PERSON),
        ("Where is it?", Kind.PLACE),
        ("Why did it fail?", Kind.REASON),
        ("How do I install it?", Kind.METHOD),
        ("What is a tool?", Kind.OTHER),
    ],
)
def test_a_question_asks_for_a_kind_of_thing(question: str, kind: Kind) -> None:
    assert kind_of(question) is kind


@pytest.mark.parametrize(
    ("kind", "holds", "lacks"),
    [
        (Kind.NUMBER, "There are 12.", "There are cats."),
        (Kind.DATE, "It began in May 1648.", "It began late."),
        (Kind.PERSON, "It was written by Ada.", "It was written in haste."),
        (Kind.PLACE, "It stands in Lund.", "It stands tall."),
        (Kind.REASON, "It fell because of wind.", "It fell."),
        (Kind.METHOD, "Run the installer.", "The installer is large."),
    ],
)
def test_a_sentence_holds_the_kind_of_thing_or_not(kind: Kind, holds: str, lacks: str) -> None:
    assert (answers(kind, holds, frozenset()), answers(kind, lacks, frozenset())) == (True, False)


def test_a_name_that_the_question_says_is_not_its_answer() -> None:
    assert answers(Kind.PERSON, "It was given to Ada.", frozenset({"ada"})) is False


def test_any_sentence_may_answer_an_open_question() -> None:
    assert answers(Kind.OTHER, "Anything.", frozenset()) is None
