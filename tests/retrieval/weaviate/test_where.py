from typing import Any

import pytest

from citeward.contracts.retrieval import And, Filter, Not, Or, Where
from citeward.retrieval.weaviate.where import ordered_keys, where, without

pytest.importorskip("weaviate")


def plain(condition: Any) -> Any:
    """The client's filter as nested lists."""
    if isinstance(condition, bool):
        return condition
    operator = condition.operator.value
    if hasattr(condition, "filters"):
        return [operator, *map(plain, condition.filters)]
    return [operator, condition.target, condition.value]


def compiled(filters: Filter | None, groups: tuple[str, ...] | None = None, *properties: str) -> Any:
    return plain(where(filters, groups, properties))


def test_equality_is_membership_and_order_a_property_of_its_own() -> None:
    assert compiled(Where(field="n", op="eq", value=1.0)) == ["ContainsAny", "terms", ['["=","n",1]']]
    assert compiled(Where(field="tags", op="contains_any", value=("a",))) == [
        "ContainsAny",
        "terms",
        ['["@","tags","a"]'],
    ]
    assert compiled(Where(field="n", op="gt", value=1), None, "n_n") == ["GreaterThan", "n_n", 1.0]
    assert compiled(Where(field="d", op="lte", value="x"), None, "s_d") == ["LessThanEqual", "s_d", "=x\0"]


def test_a_key_that_nobody_stored_matches_nothing() -> None:
    never = Where(field="n", op="gt", value=1)
    assert compiled(never) is False
    assert compiled(Not(clause=never)) is True
    assert list(ordered_keys(Or(clauses=(never, Not(clause=Where(field="d", op="lt", value="x")))))) == ["n_n", "s_d"]


def test_built_in_fields_are_compared_whole() -> None:
    assert compiled(Where(field="title", op="gt", value=" a ")) == ["GreaterThan", "title_key", "= a \0"]
    found = compiled(Where(field="document_id", op="ne", value="a"))
    assert found == ["Not", ["ContainsAny", "document_id_key", ["=a\0"]]]


def test_what_is_always_or_never_so_is_left_out() -> None:
    one = Where(field="s", op="eq", value="a")
    never, always = Or(clauses=()), And(clauses=())
    assert compiled(None) is True and compiled(always) is True and compiled(never) is False
    assert compiled(And(clauses=(one, always))) == compiled(Or(clauses=(one, never))) == compiled(one)
    assert compiled(And(clauses=(one, never))) is False and compiled(Or(clauses=(one, always))) is True
    assert compiled(Where(field="s", op="in", value=())) is False


def test_readers_see_what_is_for_everyone_and_for_their_groups() -> None:
    assert compiled(None, ("hr",)) == ["ContainsAny", "access", ["=*\0", "=g:hr\0"]]
    assert compiled(Or(clauses=()), ("hr",)) is False


def test_versions_can_be_left_out() -> None:
    assert without(True, set()) is True
    assert plain(without(True, {"v"})) == ["Not", ["ContainsAny", "version", ["v"]]]
    assert without(False, {"v"}) is False
