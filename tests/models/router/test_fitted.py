import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citeward.errors import InvalidInput, ProjectError
from citeward.models.router.fit import _gain, _table, cross_validate, fit, fit_logistic
from citeward.models.router.fitted import Fitted, read_fitted, to_dict
from citeward.models.router.surface import NAMES


@pytest.fixture(scope="module")
def fitted(make_outcomes: Any) -> Fitted:
    outcomes = make_outcomes()
    return fit(outcomes, cross_validate(outcomes), share=0.4, provenance={"note": "test"})


@pytest.fixture
def path(fitted: Fitted, tmp_path: Path) -> Path:
    path = tmp_path / "router.json"
    path.write_text(json.dumps(to_dict(fitted)))
    return path


def test_what_is_written_judges_as_what_was_fitted(fitted: Fitted, path: Path, make_outcomes: Any) -> None:
    outcomes = make_outcomes()
    again = read_fitted(path)
    for prompt, vector in zip(outcomes.prompts[:20], outcomes.vectors[:20], strict=True):
        one, two = fitted.judge(prompt, vector), again.judge(prompt, vector)
        assert (two.small, two.large, two.difficulty) == pytest.approx((one.small, one.large, one.difficulty), abs=1e-4)


def test_a_question_is_judged_as_the_rows_of_the_fit_are(fitted: Fitted, make_outcomes: Any) -> None:
    outcomes = make_outcomes()
    table = _table(outcomes)
    used = fitted.provenance["penalties"]
    each = np.full(table.features.shape[1], used["vector"])
    each[: len(NAMES)] = used["surface"]
    gains = _gain(fit_logistic(table.features, table.targets, each), table.features)
    judged = [fitted.judge(prompt, vector) for prompt, vector in zip(outcomes.prompts, outcomes.vectors, strict=True)]
    assert [one.large - one.small for one in judged] == pytest.approx(gains.tolist(), abs=1e-9)


def test_harder_questions_are_judged_harder(fitted: Fitted, make_outcomes: Any) -> None:
    outcomes = make_outcomes(40, seed=9)
    judged = {
        ("Divide" in prompt, fitted.judge(prompt, vector).difficulty)
        for prompt, vector in zip(outcomes.prompts, outcomes.vectors, strict=True)
    }
    assert min(value for hard, value in judged if hard) > max(value for hard, value in judged if not hard)


def test_the_file_says_where_it_comes_from_and_holds_no_text(path: Path, make_outcomes: Any) -> None:
    data = json.loads(path.read_text())
    assert data["embedder"] == "hash"
    assert data["provenance"]["items"] == 120
    assert data["provenance"]["note"] == "test"
    assert "colour" not in path.read_text()


def test_a_vector_of_another_length_is_refused(fitted: Fitted) -> None:
    for vector in (None, np.zeros(3, np.float32)):
        with pytest.raises(InvalidInput, match="64 were fitted on"):
            fitted.judge("q", vector)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version"),
        ({"surface": []}, "surface features"),
        ({"gains": [1.0, 0.0]}, "not in order"),
        ({"vector": []}, "belong together"),
        ({"threshold": 3}, "threshold"),
    ],
)
def test_a_file_of_something_else_is_refused_by_name(path: Path, change: dict[str, Any], message: str) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ProjectError, match=rf"router\.json: is no fitted router: .*{message}"):
        read_fitted(path)


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="citeward router fit"):
        read_fitted(tmp_path / "router.json")
