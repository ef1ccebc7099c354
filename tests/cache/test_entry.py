from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from citeward.cache.entry import normalised, question_key, scope_key, storable
from citeward.contracts.answer import Answer, Outcome, Usage
from citeward.contracts.cache import Scope
from citeward.contracts.principal import Principal

ANSWER = Answer(text="It is 4.", outcome=Outcome.ANSWERED)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_words_that_change_the_meaning_stay() -> None:
    assert normalised("Is it not 2.5?") != normalised("Is it 2.5?") != normalised("Is it 25?")


SCOPES = st.builds(
    Scope,
    tenant=st.text(max_size=3),
    groups=st.lists(st.text(max_size=2), max_size=3).map(tuple),
    agent=st.text(max_size=3),
    version=st.text(max_size=3),
)


@given(SCOPES, SCOPES)
def test_scopes_share_a_key_only_where_they_are_equal(one: Scope, other: Scope) -> None:
    assert (scope_key(one) == scope_key(other)) == (one == other)


@given(st.text(), st.text())
def test_questions_share_a_key_only_where_their_words_are_the_same(one: str, other: str) -> None:
    assert (question_key(one) == question_key(other)) == (normalised(one) == normalised(other))


def test_readers_with_the_same_rights_share_a_scope_and_others_do_not() -> None:
    ada = Principal(tenant="t", subject="ada", groups=("b", "a", "a"))
    bob = Principal(tenant="t", subject="bob", groups=("a", "b"))
    scope = Scope.of(ada, agent="x", version="1")
    assert scope == Scope.of(bob, agent="x", version="1")
    for other in (replace(bob, tenant="u"), replace(bob, groups=("a",)), replace(bob, groups=())):
        assert scope != Scope.of(other, agent="x", version="1")


def test_what_is_stored_tells_nothing_of_who_asked() -> None:
    full = replace(ANSWER, run_id="r", thread_id="t", usage=Usage(input_tokens=5), cached=True, similarity=0.9)
    assert storable(full) == ANSWER


def test_refused_blocked_and_empty_answers_are_not_stored() -> None:
    for changes in ({"outcome": Outcome.REFUSED}, {"outcome": Outcome.BLOCKED}, {"text": ""}):
        assert storable(replace(ANSWER, **changes)) is None
