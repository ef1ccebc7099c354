import pytest

from citeward.contracts.model import Location, ModelInfo, Sampling, TokenUsage, leaves
from citeward.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("temperature", -0.1, "0 or more and 2 or less"),
        ("temperature", 2.5, "0 or more and 2 or less"),
        ("temperature", float("nan"), "0 or more and 2 or less"),
        ("top_p", 0.0, "more than 0 and 1 or less"),
        ("top_p", 1.1, "more than 0 and 1 or less"),
        ("top_k", 0, "1 or more"),
        ("max_tokens", 0, "1 or more"),
        ("seed", 2**63, "or less"),
        ("stop", ("",), "none empty"),
        ("stop", tuple("abcdefghijklmnopq"), "at most 16"),
        ("stop", "END", "at most 16"),
    ],
)
def test_sampling_out_of_range_names_the_limit(name: str, value: object, limit: str) -> None:
    with pytest.raises(InvalidInput, match=name) as raised:
        Sampling(**{name: value})
    assert limit in raised.value.hint


def test_sampling_takes_its_limits() -> None:
    Sampling(temperature=0, top_p=1, top_k=1, max_tokens=1, seed=-(2**63), stop=("END",))
    Sampling(temperature=2)


def test_usage_adds_up() -> None:
    one = TokenUsage(input_tokens=1, output_tokens=2, cached_tokens=3, reasoning_tokens=4)
    assert one + one == TokenUsage(input_tokens=2, output_tokens=4, cached_tokens=6, reasoning_tokens=8)


def test_what_says_nothing_of_its_place_does_not_leave() -> None:
    local, remote = (ModelInfo(name=str(place), location=place) for place in Location)
    assert [leaves(part) for part in (None, local, remote)] == [False, False, True]
