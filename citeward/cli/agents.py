"""`citeward agents`: what can be asked."""

from __future__ import annotations

from citeward.cli.options import JsonOption, ProjectOption
from citeward.cli.terminal import Terminal, print_json


def agents(project: ProjectOption = None, json: JsonOption = False) -> int:
    """List the project's agents with their tools and model tiers."""
    from rich.table import Table

    from citeward.project.declared import find_project, read_project

    declared = read_project(project or find_project())
    if json:
        listed = [spec.model_dump(mode="json") for spec in declared.agents.values()]
        print_json(listed)
        return 0
    table = Table("agent", "what it does", "tools", "tiers", "prompt", box=None, header_style="bold")
    for name, spec in declared.agents.items():
        mark = " (default)" if name == declared.settings.default_agent else ""
        table.add_row(
            name + mark, spec.description, ", ".join(spec.tools) or "–", ", ".join(spec.tiers) or "all", spec.prompt
        )
    Terminal().print(table)
    return 0
