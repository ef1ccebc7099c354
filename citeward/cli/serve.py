"""`citeward serve`: agents over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from citeward.cli.options import ProjectOption


def serve(
    project: ProjectOption = None,
    host: Annotated[str | None, typer.Option(help="Address to bind; [server] host where not given.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; [server] port where not given, 0 takes a free one.")
    ] = None,
) -> int:
    """Serve every agent over LangServe's routes: /invoke, /stream, /AGENT/invoke, /AGENT/stream, /health.

    Logs go to stderr: as text where that is a terminal, else an object of JSON a line.
    """
    import logging
    import sys

    import uvicorn

    from citeward.cli.logs import show_logs
    from citeward.project.declared import find_project, read_project
    from citeward.serving.app import create_app

    root = (project or find_project()).resolve()
    settings = read_project(root).settings.server
    app = create_app(root, max_body=settings.max_body)
    show_logs(logging.INFO, "text" if sys.stderr.isatty() else "json")
    uvicorn.run(app, host=host or settings.host, port=settings.port if port is None else port, log_config=None)
    return 0
