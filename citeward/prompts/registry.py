"""The prompts of a project, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from citeward.errors import ProjectError
from citeward.prompts.template import Template, read_template


def read_prompts(folder: Path) -> Mapping[str, Template]:
    """Every `*.yaml` of the folder by the prompt's name.

    Raises:
        ProjectError: A file is wrong, or two files give the same name.
    """
    prompts: dict[str, Template] = {}
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yaml")):
        template = read_template(path)
        if template.name in prompts:
            raise ProjectError(
                f"the prompt name {template.name!r} is taken by {files[template.name].name}",
                hint="Give one of the two another name.",
                path=str(path),
            )
        prompts[template.name], files[template.name] = template, path
    return prompts
