"""citeward.toml as a file, with the environment laid over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource

from citeward.declarations import read_toml
from citeward.settings.tree import Settings


def read_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """citeward.toml with the environment over it.

    Args:
        path: The file.
        environ: Variables to read instead of the process's own.

    Raises:
        ProjectError: With file and line, where a key is unknown or a value out of range.
    """
    variables = os.environ if environ is None else environ

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, **_: Any) -> Any:  # type: ignore[override]
            overrides = EnvSettingsSource(settings_cls)
            overrides.env_vars = {key.lower(): value for key, value in variables.items() if key.startswith("CITEWARD_")}
            # Another kind than the file's leaves nothing of the file's section that would fit it.
            for section, values in overrides().items():
                there = init_settings.init_kwargs.get(section)
                if not isinstance(values, Mapping) or not isinstance(there, Mapping):
                    continue
                if "kind" in values and values["kind"] != there.get("kind"):
                    init_settings.init_kwargs[section] = {}
            return overrides, init_settings

    return read_toml(path, Layered)
