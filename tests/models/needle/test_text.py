from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.models.needle.text import (
    formulas,
    listed_with,
    number_lists,
    quantities,
    spans,
    whole_codes,
    whole_formula,
    words,
)


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("a base of 10 units and height of 5.5", ["10", "5.5"]),
        ("an investment of $10,000 at 5%", ["10000", "5"]),
        ("a population of 213 million on 8.5 million km", ["213000000", "8500000"]),
        ("coefficients a = 3, b = -11, c=-4", ["3", "-11", "-4"]),
        ("at 300K for two hours", ["300", "2"]),
        ("charges of 1e-9 and .5", ["1e-9", "0.5"]),
        ("pages 10-12", ["10", "12"]),
        ("nothing", []),
    ],
)
def test_quantities_are_read_as_people_write_them(question, values):
    assert [quantity.value for quantity in quantities(question)] == [Decimal(value) for value in values]


def test_percentages_and_words_are_told_apart_from_plain_digits():
    five, two = quantities("5% for two years")
    assert (five.percent, five.written) == (True, True)
    assert (two.percent, two.written) == (False, False)


def test_words_stand_for_spans():
    assert spans("twice within the next weeks") == {2, 7}


@pytest.mark.parametrize(
    ("question", "lists"),
    [
        ("the scores [85, 90, 88]", [[85, 90, 88]]),
        ("cash_flows=[200,300,400]", [[200, 300, 400]]),
        ("the 2nd, 3rd and 4th floors", [[2, 3, 4]]),
        ("for 1,5 and 10 years", [[1, 5, 10]]),
        ("A with 12, 24, 36 and B with 15, 30", [[12, 24, 36], [15, 30]]),
        ("(40.7, -74.0) and (34.1, -118.2)", [[Decimal("40.7"), -74], [Decimal("34.1"), Decimal("-118.2")]]),
    ],
)
def test_numbers_in_a_row_are_lists(question, lists):
    assert number_lists(question) == lists


@pytest.mark.parametrize(
    ("value", "question", "names"),
    [
        ("10", "Find the factorial of 5, 10 and 15.", ["5", "10", "15"]),
        ("Lakers", "How did the Lakers and the Bulls do?", ["Lakers", "Bulls"]),
        ("navy", "HEX values for navy, purple and maroon?", ["navy", "purple", "maroon"]),
        ("Open", "the 'Open', 'Close', and 'High' prices", ["Open", "Close", "High"]),
        ("Paris", "near Berlin and Paris next Friday", ["Berlin", "Paris"]),
        ("bread", "buy bread and butter", []),
        ("Gravity", "Who discovered Gravity and what was the method?", []),
        ("Chicago", "a hotel in Chicago, starting on Friday", []),
    ],
)
def test_a_value_is_found_with_its_neighbours_in_a_list(value, question, names):
    assert listed_with(value, question) == names


def test_codes_cut_short_are_made_whole_and_words_are_left():
    assert whole_codes("s6034464", "the SNP rs6034464?") == "rs6034464"
    assert whole_codes("AGTCC", "the sequence 'AGTCCATCG'") == "AGTCCATCG"
    assert whole_codes("sculpture", "famous sculptures") == "sculpture"


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What's 144 divided by 12?", ["144 divided by 12"]),
        ("Work out (19 + 6) / 5 please", ["(19 + 6) / 5"]),
        ("What is the square root of 2025?", ["square root of 2025"]),
        ("what is 7! ?", ["7!"]),
        ("max(3, 4) * 2 = ?", ["max(3, 4) * 2"]),
        ("17% of 2,340 is?", ["17% of 2,340"]),
        ("between 12, 15 and 18", []),
        ("In 1994-95, on 2022-04-27", []),
        ("3 of the 5 (1994) schools", []),
    ],
)
def test_formulas_are_found_in_signs_and_words(question, found):
    assert formulas(question) == found


def test_a_formula_cut_short_or_garbled_is_made_whole():
    assert whole_formula("19 + 6", "Work out (19 + 6) / 5") == "(19 + 6) / 5"
    assert whole_formula("8/3", "What is 8 to the power of 3?") == "8 to the power of 3"
    assert whole_formula("8/4", "What is 8 to the power of 3?") == "8/4"
    assert whole_formula("Paris", "What is 8 to the power of 3 in Paris?") == "Paris"


def test_words_are_cut_to_what_their_forms_share():
    assert words("calculates") & words("calculation") & words("calculate_area") & words("calculating")
    assert words("getUserInfo") == words("user info get")
    assert words("what is the") == set()


@given(st.text(max_size=200))
def test_any_question_can_be_read(question):
    assert all(word == word.lower() for word in words(question))
    for read in (quantities, number_lists, formulas, spans):
        assert list(read(question)) == list(read(question))
    listed_with("Paris", question), whole_formula("1", question), whole_codes("abc1", question)
