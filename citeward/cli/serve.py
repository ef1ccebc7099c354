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
    """Serve every agent over LangServe's routes (/invoke, /AGENT/stream, …) and OpenAI's (/v1/chat/completions).

    Logs go to stderr: as text where that is a terminal, else an object of JSON a line.
    """
    import contextlib
    import logging
    import sys

    import uvicorn

    from citeward.cli.exits import Exit
    from citeward.cli.logs import show_logs
    from citeward.project.declared import find_project, read_project
    from citeward.serving.app import create_app
    from citeward.serving.shutdown import Server

    root = (project or find_project()).resolve()
    settings = read_project(root).settings.server
    app = create_app(
        root,
        max_body=settings.max_body,
        body_seconds=settings.body_seconds,
        max_buffered=settings.max_buffered,
    )
    show_logs(logging.INFO, "text" if sys.stderr.isatty() else "json")
    config = uvicorn.Config(
        app, host=host or settings.host, port=settings.port if port is None else port, log_config=None
    )
    server = Server(config, shutdown=app.state.shutdown, grace=settings.shutdown_seconds, owns_process=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return Exit.DONE if server.started else Exit.FAILED
