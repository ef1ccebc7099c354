import pytest

from citeward.guardrails.pii.phones import phones


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Call me on 451 5986, please", "451 5986"),
        ("Fax: 085 175 7641", "085 175 7641"),
        ("+46 (0)179 459 33", "+46 (0)179 459 33"),
        ("(72) 754-186", "(72) 754-186"),
        ("28-64-66-98", "28-64-66-98"),
        ("My number is 555 0199 x12", "555 0199 x12"),
    ],
)
def test_a_telephone_number_is_told_by_its_form_or_by_the_words_before_it(text, value):
    assert value in [text[finding.start : finding.end] for finding in phones(text)]


@pytest.mark.parametrize(
    "text",
    [
        "451 5986 people",
        "call on 12-05-2024",
        "called from 1914-1918",
        "phone model 1234567",
        "(12) of 345",
        "12-34-56",
    ],
)
def test_other_numbers_are_left_alone(text):
    assert list(phones(text)) == []
