import pytest

from citeward.text.followup import leans


@pytest.mark.parametrize("question", ["And why?", "What about Lund?", "How much is it?", "Why?", "Are they local?"])
def test_a_follow_up_leans_on_what_was_asked_before(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "How do I add a tool?",
        "What is the capital of Mongolia?",
        "When the server stops, what happens to the threads that were open and their checkpoints?",
    ],
)
def test_a_question_that_says_what_it_means_stands_alone(question: str) -> None:
    assert not leans(question)
