import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.retrieval import Fusion
from citeward.retrieval.fusion import candidates, fuse

scores = st.floats(-1e6, 1e6, allow_nan=False)
legs = st.dictionaries(st.sampled_from("abcdefghij"), scores, max_size=8)
weights = st.floats(0, 1)
kinds = st.sampled_from(Fusion)


@given(legs, legs, weights, kinds)
def test_every_passage_of_either_leg_comes_out_once_in_order(keyword, vector, alpha, fusion):
    fused = fuse(keyword, vector, alpha=alpha, fusion=fusion)
    assert sorted(one.id for one in fused) == sorted({*keyword, *vector})
    assert [one.score for one in fused] == sorted((one.score for one in fused), reverse=True)
    assert all(0 <= one.score <= 1 for one in fused)
    assert all((one.keyword, one.vector) == (keyword.get(one.id), vector.get(one.id)) for one in fused)


@given(legs, legs, weights, kinds)
def test_the_order_in_which_a_leg_is_given_does_not_matter(keyword, vector, alpha, fusion):
    turned = fuse(dict(reversed(keyword.items())), dict(reversed(vector.items())), alpha=alpha, fusion=fusion)
    assert turned == fuse(keyword, vector, alpha=alpha, fusion=fusion)


@given(legs, legs, weights)
def test_relative_scores_do_not_depend_on_a_legs_scale(keyword, vector, alpha):
    keyword = {key: round(score) for key, score in keyword.items()}
    scaled = {key: score * 4 + 1024 for key, score in keyword.items()}
    assert {one.id: one.score for one in fuse(scaled, vector, alpha=alpha)} == pytest.approx(
        {one.id: one.score for one in fuse(keyword, vector, alpha=alpha)}
    )


@given(legs, legs, weights, kinds)
def test_better_in_both_legs_is_never_ranked_lower(keyword, vector, alpha, fusion):
    order = {one.id: place for place, one in enumerate(fuse(keyword, vector, alpha=alpha, fusion=fusion))}
    for one in order:
        for other in order:
            pairs = [(leg.get(one, float("-inf")), leg.get(other, float("-inf"))) for leg in (keyword, vector)]
            if all(a > b for a, b in pairs):
                assert order[one] < order[other]


@given(legs, kinds)
def test_one_leg_alone_keeps_its_own_order(leg, fusion):
    expected = sorted(leg, key=lambda key: (-leg[key], key))
    assert [one.id for one in fuse(leg, {}, alpha=0, fusion=fusion)] == expected
    assert [one.id for one in fuse({}, leg, alpha=1, fusion=fusion)] == expected


def test_one_hit_or_a_flat_leg_gets_the_full_weight():
    assert [one.score for one in fuse({"a": 3.0}, {}, alpha=0.25)] == [0.75]
    assert [one.score for one in fuse({"a": 2.0, "b": 2.0}, {"a": -0.5}, alpha=0.5)] == [1.0, 0.5]


def test_a_passage_that_a_leg_missed_gets_nothing_from_it():
    fused = {one.id: one.score for one in fuse({"a": 9.0, "b": 1.0}, {"c": 0.9, "a": 0.1}, alpha=0.5)}
    assert fused == {"a": 0.5, "c": 0.5, "b": 0.0}


def test_ties_go_to_the_other_leg_and_then_to_the_id():
    assert [one.id for one in fuse({"b": 1.0, "a": 1.0, "c": 1.0}, {"c": 0.9, "b": 0.5}, alpha=0)] == ["c", "b", "a"]
    assert [one.id for one in fuse({"b": 1.0, "a": 1.0}, {}, alpha=0)] == ["a", "b"]


def test_ranked_fusion_is_reciprocal_rank_by_weight():
    fused = {
        one.id: one.score for one in fuse({"a": 9.0, "b": 1.0}, {"b": 0.9, "c": 0.1}, alpha=0.25, fusion=Fusion.RANKED)
    }
    assert fused == pytest.approx({"a": 0.75 / 61, "b": 0.75 / 62 + 0.25 / 61, "c": 0.25 / 62})


def test_each_leg_is_asked_for_a_hundred_or_more():
    assert (candidates(1), candidates(100), candidates(250)) == (100, 100, 250)
