from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from citeward.errors import ProjectError
from citeward.settings import LanceDBSettings, Settings, read_settings

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
    for text, told in (
        ("min_tokens = 300", "min_tokens 300 is more than max_tokens 220"),
        ("overlap = 111", "overlap 111 is more than half of max_tokens 220"),
    ):
        (tmp_path / "citeward.toml").write_text(f"[index]\n{text}\n")
        with pytest.raises(ProjectError, match=told):
            read_settings(tmp_path / "citeward.toml", {})


def test_settings_are_frozen() -> None:
    settings = read_settings(ROOT / "citeward.toml", {})
    with pytest.raises(ValidationError):
        settings.name = "other"


def test_a_variable_that_changes_a_kind_leaves_the_files_section_behind() -> None:
    settings = read_settings(ROOT / "citeward.toml", {"CITEWARD_STORE__KIND": "weaviate"})
    assert settings.store.kind == "weaviate"


def test_a_kind_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "citeward.toml").write_text('[store]\npath = "x"\n')
    assert read_settings(tmp_path / "citeward.toml", {}).store == LanceDBSettings(path=Path("x"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[store]\nkind = "chroma"\n', 2, r"store\.kind = 'chroma' is not known"),
        ('[store]\nkind = "weaviate"\ngrpc_port = 0\n', 3, r"store\.grpc_port = 0: .*\n"),
        ('[store]\nkind = "weaviate"\npath = "x"\n', 3, r"unknown field 'store\.path'"),
        ('[models.a]\nprovider = "vlm"\n', 2, r"models\.a\.provider = 'vlm' is not known"),
        ('[models.a]\nprovider = "vllm"\nmodel = "m"\nwindow = 3\n', 4, r"models\.a\.window = 3: .*\n"),
        ('[models.a]\nprovider = "vllm"\nmodel = "m"\nwindo = 3\n', 4, r"unknown field 'models\.a\.windo'"),
        ('[embedder]\nkind = "endpoint"\n', 1, r"'embedder\.url' is missing"),
    ],
)
def test_a_section_of_some_kind_is_checked_as_that_kind(tmp_path: Path, text: str, line: int, message: str) -> None:
    (tmp_path / "citeward.toml").write_text(text)
    with pytest.raises(ProjectError, match=rf"citeward\.toml:{line}: {message}"):
        read_settings(tmp_path / "citeward.toml", {})


def test_a_key_is_not_shown_in_print() -> None:
    settings = read_settings(
        ROOT / "citeward.toml", {"CITEWARD_STORE__KIND": "weaviate", "CITEWARD_STORE__API_KEY": "s3cret"}
    )
    assert "s3cret" not in repr(settings)


def test_every_field_is_described() -> None:
    undescribed = []
    for section in _sections(Settings):
        for name, field in section.model_fields.items():
            if not field.description and name not in ("kind", "provider") and not list(_sections(field.annotation)):
                undescribed.append(name)
    assert undescribed == []


def _sections(annotation: object) -> Iterator[type[BaseModel]]:
    """The model itself and every one that its fields are made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _sections(field.annotation)
    for part in get_args(annotation):
        yield from _sections(part)
