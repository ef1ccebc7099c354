import pytest

from citeward.models.needle.numbers import ground_numbers

LOAN = {
    "amount": {"type": "integer"},
    "rate": {"type": "number", "description": "Interest rate."},
    "years": {"type": "integer"},
}


def grounded(question, found, properties=LOAN, required=("amount", "years")):
    return found if ground_numbers(found, properties, required, question) else None


def test_numbers_that_the_question_names_stay():
    found = {"amount": 400000, "years": 15}
    assert grounded("a loan of $400,000 over 15 years", dict(found)) == found


def test_a_number_cut_short_is_read_again():
    assert grounded("a loan of $400,000 over 15 years", {"amount": 400, "years": 15})["amount"] == 400000


def test_a_required_number_from_nowhere_is_read_from_the_question_where_the_counts_agree():
    assert grounded("400 over 15 years", {"amount": 77, "years": 15}) == {"amount": 400, "years": 15}
    assert grounded("400 over 15 years", {"years": 15}) == {"amount": 400, "years": 15}


def test_a_required_number_from_nowhere_drops_the_call_where_the_question_leaves_a_doubt():
    assert grounded("a loan over some years", {"amount": 77, "years": 15}) is None
    assert grounded("400 or 500 or 600 over 15 years", {"amount": 77, "years": 15}) is None


def test_an_optional_number_from_nowhere_is_left_out():
    assert grounded("400 over 15 years", {"amount": 400, "years": 15, "rate": 3.5}) == {"amount": 400, "years": 15}


def test_an_optional_number_that_repeats_another_argument_is_left_out():
    assert grounded("400 over 15 years", {"amount": 400, "years": 15, "rate": 15.0}) == {"amount": 400, "years": 15}


def test_a_percentage_is_a_share_unless_the_schema_asks_for_percent():
    question = "400 at 5% over 15 years"
    assert grounded(question, {"amount": 400, "years": 15, "rate": 5.0})["rate"] == 0.05
    percent = {**LOAN, "rate": {"type": "number", "description": "Rate in percent."}}
    assert grounded(question, {"amount": 400, "years": 15, "rate": 5.0}, percent)["rate"] == 5.0


@pytest.mark.parametrize("value", [0, 1])
def test_nought_and_one_need_no_source(value):
    assert grounded("a loan over 15 years", {"amount": value, "years": 15}, required=("amount",)) is not None


def test_numbers_inside_objects_are_held_to_the_question_too():
    properties = {"range": {"type": "object", "properties": {"low": {"type": "integer"}, "high": {"type": "integer"}}}}
    found = grounded("from $300,000 to $400,000", {"range": {"low": 300, "high": 400000}}, properties, ())
    assert found == {"range": {"low": 300000, "high": 400000}}
