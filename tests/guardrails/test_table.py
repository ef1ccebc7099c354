from pathlib import Path

import pytest

from citeward.contracts.guardrail import Action, Origin
from citeward.errors import GuardrailError, ProjectError
from citeward.guardrails.table import Thresholds, load_policy


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_policy_loads_and_takes_eight_thousand_characters():
    policy = load_policy()
    assert policy.max_input_chars == 8_000
    assert [rule.name for rule in policy.guards] == [
        "length",
        "injection",
        "toxicity",
        "secrets",
        "leakage",
        "pii",
        "links",
        "grounding",
    ]


def test_data_is_judged_more_strictly_than_the_user():
    (injection,) = (rule for rule in load_policy().guards if rule.name == "injection")
    user, data = injection.origins[Origin.USER], injection.origins[Origin.RETRIEVED]
    assert data.block is not None and user.block is not None and data.block < user.block


def test_the_strictest_action_that_is_reached_is_taken():
    limits = Thresholds(flag=0.2, modify=0.5, block=0.9)
    assert [limits.action(score) for score in (0.1, 0.2, 0.5, 0.9)] == [
        Action.ALLOW,
        Action.FLAG,
        Action.MODIFY,
        Action.BLOCK,
    ]
    assert limits.lowest == 0.2


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        ("version: 1\nguards:\n  - name: pii\n    origins:\n      user: {blok: 1}\n", 5, "blok"),
        ("version: 1\nguards:\n  - name: pii\n    origins:\n      visitor: {block: 1}\n", 5, "visitor"),
        ("version: 1\nmax_input_chars: -3\n", 2, "-3"),
        ("version: 2\n", 1, "version"),
        ("version: 1\nguards:\n  - name: pii\n    origins:\n      user: {block: 1.5}\n", 5, "1.5"),
        ("version: 1\nguards:\n  - name: pii\n    on_error: maybe\n    origins: {user: {block: 1}}\n", 4, "maybe"),
        ("version: 1\nguards: [\n", 3, "YAML"),
    ],
)
def test_a_mistake_names_its_file_its_line_and_the_word(tmp_path, text, line, named):
    path = written(tmp_path, text)
    with pytest.raises(ProjectError) as caught:
        load_policy(path)
    assert str(caught.value).startswith(f"{path}:{line}:")
    assert named in str(caught.value)
    assert caught.value.hint


def test_a_guard_that_would_do_nothing_is_refused(tmp_path):
    with pytest.raises(ProjectError, match="at least one of flag, modify, block"):
        load_policy(written(tmp_path, "version: 1\nguards:\n  - name: pii\n    origins:\n      user: {}\n"))


def test_a_guard_with_two_rows_is_refused(tmp_path):
    row = "  - {name: pii, origins: {user: {block: 1}}}\n"
    with pytest.raises(ProjectError, match="'pii' has several"):
        load_policy(written(tmp_path, "version: 1\nguards:\n" + row + row))


def test_a_missing_file_is_a_project_error(tmp_path):
    with pytest.raises(ProjectError, match="no such file"):
        load_policy(tmp_path / "nowhere.yaml")


def test_the_content_hash_changes_with_any_threshold(tmp_path):
    row = "version: 1\nguards:\n  - {{name: pii, origins: {{user: {{block: {}}}}}}}\n"
    first = load_policy(written(tmp_path, row.format(0.5)))
    second = load_policy(written(tmp_path, row.format(0.6)))
    assert first.content_hash != second.content_hash
    assert second.content_hash == load_policy(tmp_path / "policy.yaml").content_hash


def test_a_score_that_is_not_a_number_is_a_failure_and_passes_nothing():
    for limits in (Thresholds(flag=0.1), Thresholds(modify=0.5), Thresholds(block=0.9)):
        with pytest.raises(GuardrailError, match="not a number"):
            limits.action(float("nan"))
