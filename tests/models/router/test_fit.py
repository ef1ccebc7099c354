from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from citeward.errors import InvalidInput
from citeward.models.router.fit import FOLDS, Outcomes, cross_validate, fit


def test_held_out_gains_tell_hard_prompts_from_easy_ones(make_outcomes: Any) -> None:
    outcomes = make_outcomes()
    held_out = cross_validate(outcomes)
    hard = np.array(["Divide" in prompt for prompt in outcomes.prompts])
    assert held_out.gains[hard].mean() > held_out.gains[~hard].mean() + 0.3
    assert len(held_out.penalties) == FOLDS
    assert sorted(set(held_out.folds.tolist())) == list(range(FOLDS))


def test_no_prompt_is_judged_by_a_fit_that_has_seen_it(make_outcomes: Any) -> None:
    outcomes = make_outcomes(60, vectors=False)
    before = cross_validate(outcomes)
    fold = before.folds == 0
    # Turning a fold's own answers round must not move what is told of that fold.
    turned = replace(outcomes, small=np.where(fold, 1 - outcomes.small, outcomes.small))
    after = cross_validate(turned)
    assert after.gains[fold].tolist() == before.gains[fold].tolist()
    assert after.gains[~fold].tolist() != before.gains[~fold].tolist()


def test_a_prompt_that_stands_there_twice_lies_in_one_fold(make_outcomes: Any) -> None:
    outcomes = make_outcomes(30, vectors=False)
    twice = Outcomes(
        prompts=(*outcomes.prompts, *(f"  {prompt.upper()}\n" for prompt in outcomes.prompts)),
        small=np.tile(outcomes.small, 2),
        large=np.tile(outcomes.large, 2),
    )
    folds = cross_validate(twice).folds
    assert folds[:30].tolist() == folds[30:].tolist()


def test_noise_is_held_down_to_hardly_anything(make_outcomes: Any) -> None:
    outcomes = make_outcomes(signal=False)
    assert np.abs(cross_validate(outcomes).gains - (outcomes.large - outcomes.small).mean()).max() < 0.35


def test_the_threshold_lets_the_wanted_share_of_held_out_prompts_pass(make_outcomes: Any) -> None:
    outcomes = make_outcomes()
    held_out = cross_validate(outcomes)
    fitted = fit(outcomes, held_out, share=0.3)
    levels = np.linspace(0, 1, len(fitted.gains))
    difficulties = np.interp(held_out.gains, fitted.gains, levels)
    assert (difficulties >= fitted.threshold).mean() == pytest.approx(0.3, abs=0.02)


def test_the_same_data_gives_the_same_fit(make_outcomes: Any) -> None:
    first, second = (fit(o := make_outcomes(40), cross_validate(o), share=0.5) for _ in range(2))
    assert first.vector_weights.tolist() == second.vector_weights.tolist()
    assert first.gains.tolist() == second.gains.tolist()


@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_handful_of_prompts_can_be_judged_too(make_outcomes: Any, n: int) -> None:
    assert np.isfinite(cross_validate(make_outcomes(n)).gains).all()


def test_one_prompt_cannot_be_cross_validated() -> None:
    with pytest.raises(InvalidInput, match="1 different prompt"):
        cross_validate(Outcomes(prompts=("a", "A "), small=np.zeros(2), large=np.ones(2)))


def test_a_share_out_of_range_is_refused(make_outcomes: Any) -> None:
    outcomes = make_outcomes(10, vectors=False)
    with pytest.raises(InvalidInput, match=r"1\.5"):
        fit(outcomes, cross_validate(outcomes), share=1.5)
