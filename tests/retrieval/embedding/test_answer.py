import base64
from typing import Any

import numpy as np
import pytest

from citeward.errors import BadResponse, SettingsError
from citeward.retrieval.embedding.answer import vectors_of

TEXTS = ["first", "second", "third"]


def _answer(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"data": [{"index": at, "embedding": row} | more for at, row in enumerate(rows)]}


def _read(answer: Any) -> np.ndarray:
    return vectors_of(answer, TEXTS, model="tiny", dimensions=2)


def test_vectors_are_put_in_order_and_brought_to_unit_length() -> None:
    answer = _answer([3, 4], [0, 2], [-5, 0])
    answer["data"].reverse()
    assert _read(answer) == pytest.approx(np.array([[0.6, 0.8], [0, 1], [-1, 0]]))
    assert _read(answer).dtype == np.float32


def test_vectors_may_be_written_in_base64_or_without_an_index() -> None:
    rows = np.array([[3, 4], [0, 2], [-5, 0]], "<f4")
    answer = {"data": [{"embedding": base64.b64encode(row.tobytes()).decode()} for row in rows]}
    assert _read(answer) == pytest.approx(np.array([[0.6, 0.8], [0, 1], [-1, 0]]))


def test_vectors_of_any_magnitude_are_brought_to_unit_length() -> None:
    assert np.linalg.norm(_read(_answer([1e300, 1e150], [1e-150, 0], [3e38, 3e38])), axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"data": None},
        {"data": [1, 2, 3]},
        {"data": [{}, {}, {}]},
        {"object": "error", "message": "overloaded"},
        _answer("not base64!", [1, 0], [1, 0]),
        _answer("AAA=", [1, 0], [1, 0]),
        _answer(["x", "y"], [1, 0], [1, 0]),
        _answer({"a": 1}, [1, 0], [1, 0]),
        _answer([1, 0], [1, 0], [1, 0], index=0),
        _answer([1, 0], [1, 0], [1, 0], index="0"),
        _answer([1, 0], [1, 0], [1, 0], index=None),
    ],
)
def test_what_is_no_list_of_vectors_is_a_bad_response(answer: Any) -> None:
    with pytest.raises(BadResponse, match="'tiny'"):
        _read(answer)


@pytest.mark.parametrize("rows", [[], [[1, 0]] * 2, [[1, 0]] * 4])
def test_a_wrong_count_is_said_with_both_numbers(rows: list[list[float]]) -> None:
    with pytest.raises(BadResponse, match=f"{len(rows)} vectors for 3 texts"):
        _read(_answer(*rows))


def test_a_wrong_length_is_said_with_both_numbers_and_the_way_out() -> None:
    with pytest.raises(SettingsError, match=r"(?s)vectors of 3 numbers, and 2 were expected.*Set `dimensions` to 3"):
        _read(_answer([1, 0, 0], [1, 0, 0], [1, 0, 0]))


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ([0, 0], "zeros"),
        ([float("nan"), 1], "not finite"),
        ([float("inf"), 1], "not finite"),
        ([None, 1], "not finite"),
    ],
)
def test_a_vector_without_a_direction_names_the_place_of_its_text(row: list[Any], kind: str) -> None:
    with pytest.raises(BadResponse, match=f"{kind} for text 2 of 3"):
        _read(_answer([1, 0], row, [1, 0]))


def test_token_vectors_are_told_apart_from_a_texts_vector() -> None:
    with pytest.raises(BadResponse, match="pooling"):
        _read(_answer([[1, 0], [0, 1]], [1, 0], [1, 0]))
