import pytest

from citeward.guardrails.pii.ner.dates import ages, dates


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("signed on 24 October 1648 in Münster", ["24 October 1648"]),
        ("Due Monday, May 3rd, 2021.", ["Monday, May 3rd, 2021"]),
        ("at 2024-02-29 23:59:01 UTC", ["2024-02-29 23:59:01"]),
        ("born 7/4/1976 or 04.07.1976", ["7/4/1976", "04.07.1976"]),
        ("since 1984, the 1990s, March 2003", ["1984", "1990s", "March 2003"]),
        ("next week, in a few days, last month", []),
        ("$1999 for 2,024 parts of type X-1984", []),
    ],
)
def test_dates_are_found_and_relative_ones_left_alone(text, found):
    assert [span.of(text) for span in dates(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a 42-year-old engineer and her 9 months old son", ["42", "9"]),
        ("He is 31, she turned 30; both retired at the age of 67", ["31", "30", "67"]),
        ("Written when she was 19.", ["19"]),
        ("It is 31 degrees, turned 90% to page 12", []),
        ("when he was 12:30 late", []),
    ],
)
def test_only_the_number_of_an_age_is_found(text, found):
    assert [span.of(text) for span in ages(text)] == found
