from pathlib import Path

import pytest
from pydantic import ValidationError

from citeward.errors import ProjectError
from citeward.settings import Settings, read_settings

ROOT = Path(__file__).parents[1]


def test_the_starter_project_says_what_the_defaults_are() -> None:
    assert read_settings(ROOT / "citeward.toml", {}).model_dump() == Settings.model_construct().model_dump()


def test_an_environment_variable_overrides_the_file() -> None:
    settings = read_settings(ROOT / "citeward.toml", {"CITEWARD_STORE__PATH": "/data", "CITEWARD_INDEX__OVERLAP": "7"})
    assert (settings.store.path, settings.index.overlap) == (Path("/data"), 7)


def test_a_bad_environment_variable_is_named() -> None:
    with pytest.raises(ProjectError, match=r"server\.port = '99999'"):
        read_settings(ROOT / "citeward.toml", {"CITEWARD_SERVER__PORT": "99999"})


def test_other_variables_with_the_prefix_are_left_alone() -> None:
    assert read_settings(ROOT / "citeward.toml", {"CITEWARD_DATA": "/somewhere"}).name == "citeward"


def test_sizes_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "citeward.toml").write_text("[index]\nmin_tokens = 300\n")
    with pytest.raises(ProjectError, match="min_tokens 300 is more than max_tokens 220"):
        read_settings(tmp_path / "citeward.toml", {})


def test_settings_are_frozen() -> None:
    settings = read_settings(ROOT / "citeward.toml", {})
    with pytest.raises(ValidationError):
        settings.name = "other"


def test_every_field_is_described() -> None:
    undescribed = []
    for section in (Settings, *(f.annotation for f in Settings.model_fields.values())):
        for name, field in getattr(section, "model_fields", {}).items():
            if not field.description and not hasattr(field.annotation, "model_fields"):
                undescribed.append(name)
    assert undescribed == []
