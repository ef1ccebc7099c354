import pytest

from citeward.guardrails.pii.documents import documents
from citeward.guardrails.pii.recognizers import finder

find = finder(floor=0.4)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("my passport number is 123456789", "US_PASSPORT", "123456789"),
        ("Passport no. A12345678", "US_PASSPORT", "A12345678"),
        ("Reisepass: C01X00T47", "PASSPORT", "C01X00T47"),
        ("passport AB 1234567", "PASSPORT", "AB 1234567"),
        ("L898902C36UTO7408122F1204159ZE184226B", "PASSPORT", "L898902C36UTO7408122F1204159ZE184226B"),
        ("her driver’s license is D123-4567-8901", "US_DRIVER_LICENSE", "D123-4567-8901"),
        ("driving licence number 6940579", "US_DRIVER_LICENSE", "6940579"),
        ("MORGA657054SM9IJ", "UK_DRIVING_LICENCE", "MORGA657054SM9IJ"),
        ("AB 12 34 56 C", "UK_NINO", "AB 12 34 56 C"),
        ("NHS number 943 476 5919", "UK_NHS", "943 476 5919"),
        ("912-70-1234", "US_ITIN", "912-70-1234"),
        ("savings account 12345678901", "US_BANK_NUMBER", "12345678901"),
        ("SSN: 536904399", "US_SSN", "536904399"),
    ],
)
def test_each_paper_is_found_by_its_form_or_by_the_words_before_it(text, kind, value):
    (finding,) = find(f"Note {text}, thanks")
    assert (finding.kind, f"Note {text}, thanks"[finding.start : finding.end]) == (kind, value)


@pytest.mark.parametrize(
    "text",
    [
        "order 123456789",
        "my passport expires soon. The order is 123456789",
        "L898902C46UTO7408122F1204159ZE184226B",  # a check digit is wrong
        "NHS number 943 476 5918",
        "a card with 4111 1111 1111 1112",
        "passport control on page 12",
    ],
)
def test_a_number_of_which_nothing_speaks_is_left_alone(text):
    assert list(documents(text)) == []


def test_what_stood_before_the_text_is_context_too():
    assert [finding.kind for finding in documents("123456789", "My passport is ")] == ["US_PASSPORT"]
    assert list(documents("123456789", "My passport is " + "far away " * 9)) == []
