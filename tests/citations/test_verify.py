import pytest

from citeward.citations.verify import judge
from citeward.contracts.citation import Label

QUOTE = "The server listens on port 8080 by default, and logging is enabled for every request."


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        (QUOTE, QUOTE),
        ("The server listens on port 8080 by default.", QUOTE),
        ("By default the server listens on port 8080.", QUOTE),
        ("It has three tiers.", "It has 3 tiers."),
        ("It weighs 1000 kg.", "It weighs 1,000.0 kg."),
        ("The **cache** is *off*", "The cache is off."),
        ("```bash\nmake demo\n```", "make demo"),
    ],
)
def test_a_sentence_that_the_quote_says_is_supported(sentence: str, quote: str) -> None:
    assert judge(sentence, quote).label is Label.SUPPORTED


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The server listens on port 9090 by default.", QUOTE),
        ("The server does not listen on port 8080 by default.", QUOTE),
        ("The server never listens on port 8080 by default.", QUOTE),
        ("The server listens on port 8080 by default, and logging is disabled for every request.", QUOTE),
        ("The cache is slow.", "Nobody believes that the cache is slow."),
        ("It costs 5 dollars.", "It costs 50 dollars."),
        ("Prices increase in May.", "Prices decrease in May."),
        ("Bananas grow in Ecuador.", QUOTE),
        ("", QUOTE),
    ],
)
def test_another_number_a_turned_negation_and_an_opposite_are_unsupported(sentence: str, quote: str) -> None:
    assert judge(sentence, quote, similarity=0.99).label is Label.UNSUPPORTED


def test_a_name_that_the_quote_does_not_hold_is_at_most_partial() -> None:
    quote = "The tower of the city was designed by the engineer Gustave Eiffel."
    assert judge("The tower of the city was designed by Gustave Eiffel.", quote).label is Label.SUPPORTED
    assert judge("The tower of the city was designed by Gustave Courbet.", quote).label is Label.PARTIAL


def test_a_sentence_that_says_more_than_the_quote_is_partial() -> None:
    sentence = "The server listens on port 8080 and rejects old clients politely."
    assert judge(sentence, QUOTE).label in (Label.PARTIAL, Label.UNSUPPORTED)


def test_the_score_lies_between_nothing_and_one() -> None:
    for sentence in (QUOTE, "x", "", "port", "not"):
        for similarity in (None, -1.0, 0.0, 1.0):
            assert 0.0 <= judge(sentence, QUOTE, similarity=similarity).score <= 1.0


def test_a_placeholder_in_a_quote_is_no_name_that_is_missing() -> None:
    sentence = "Mail is masked as `<EMAIL_1>`, so nobody sees it."
    assert judge(sentence, sentence.replace(" so", "\nso")).score == 1.0
