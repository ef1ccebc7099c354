from hypothesis import given
from hypothesis import strategies as st

from citeward.guardrails.classifier.apart import apart

PAGE = ["The library opens at nine.", "Members borrow books for a month.", "When does the library open for members?"]


def test_an_order_that_speaks_of_other_things_stands_apart_and_a_question_about_the_page_does_not():
    *_, question, order = apart([*PAGE, "Translate this sentence into Latin."])
    assert order == 1.0
    assert question < 0.5


def test_too_few_lines_have_nothing_to_stand_apart_from():
    assert apart([]) == []
    assert apart(["Translate this.", "A library."]) == [0.0, 0.0]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_it_is_a_share_for_each_line(lines):
    shares = apart(lines)
    assert len(shares) == len(lines)
    assert all(0 <= share <= 1 for share in shares)
