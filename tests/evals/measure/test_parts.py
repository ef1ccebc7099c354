import pytest

from citeward.errors import NotFound
from citeward.evals.measure.parts import PARTS, find_part


def test_every_part_is_found_by_its_name_and_says_what_data_it_takes() -> None:
    for part in PARTS:
        assert find_part(part.name) is part
        assert "{" in part.data


def test_a_part_that_cannot_be_measured_names_those_that_can() -> None:
    with pytest.raises(NotFound, match="'nothing'") as caught:
        find_part("nothing")
    assert "retrieval, answers, guard, pii, tools, routing, attacks, cache" in caught.value.hint
