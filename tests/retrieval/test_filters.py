from collections.abc import Mapping

import pytest

from citeward.contracts.retrieval import And, Filter, Not, Where
from citeward.errors import InvalidInput
from citeward.retrieval.filters import check_filter, check_meta, matches
from citeward.testing.suites.retriever_filters import FILTERS, STOCK


@pytest.mark.parametrize(("filters", "expected"), FILTERS, ids=lambda value: str(value)[:60])
def test_the_definition_agrees_with_the_suite(filters: Filter, expected: tuple[str, ...]) -> None:
    check_filter(filters)

    def fields(name: str) -> Mapping[str, str]:
        return {"document_id": name, "source": f"source of {name}", "title": name.upper()}

    assert {name for name, meta in STOCK.items() if matches(filters, fields(name), meta)} == set(expected)


def test_a_filter_nested_too_deep_is_refused() -> None:
    filters: Filter = Where(field="n", op="eq", value=1)
    for _ in range(100):
        filters = Not(clause=filters)
    with pytest.raises(InvalidInput, match="nested deeper than 64"):
        check_filter(filters)


def test_a_list_of_too_many_values_is_refused() -> None:
    with pytest.raises(InvalidInput, match="10001 values"):
        check_filter(Where(field="n", op="in", value=tuple(range(10_001))))


@pytest.mark.parametrize("filters", [None, {"field": "n"}, And(clauses=("n = 1",))])  # type: ignore[arg-type]
def test_what_is_no_filter_is_refused(filters: object) -> None:
    with pytest.raises(InvalidInput, match="is no filter"):
        check_filter(filters)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, {"a": 1}, (1, 2), float("nan"), 10**400, "half \ud800", b"bytes"])
def test_meta_that_cannot_be_filtered_on_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="meta 'key' of 'doc'"):
        check_meta({"key": value}, "doc")  # type: ignore[dict-item]
