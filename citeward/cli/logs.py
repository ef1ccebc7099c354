"""How the command line shows log lines: to stderr, for people as text, for programs as JSON."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TypeAlias

from citeward.logs import escaped, traced

Rendering: TypeAlias = Literal["text", "json"]


def show_logs(level: int, rendering: Rendering, *, others: int = logging.WARNING, upstream: bool = True) -> None:
    """Show the library's lines of this level and worse, and other packages' of theirs.

    Args:
        level: Of our own lines, and of the server's.
        rendering: `json` is an object a line: `timestamp`, `level`, `logger`, `event`, and the event's fields.
        others: Of every other package.
        upstream: Whether to show the lines with what model servers said.
    """
    import structlog
    from structlog.stdlib import ProcessorFormatter

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [ProcessorFormatter.remove_processors_meta]
    if rendering == "json":
        last += [_traced, structlog.processors.JSONRenderer(default=str)]
    else:
        last += [_traced, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    handler = logging.StreamHandler(sys.stderr)
    if not upstream:
        handler.addFilter(lambda record: not getattr(record, "event", "").startswith("upstream."))
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=[_fields, *shared], processors=last))
    logging.basicConfig(level=others, handlers=[handler], force=True)
    for name in ("citeward", "uvicorn"):
        logging.getLogger(name).setLevel(level)


def _traced(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's place and words, masked: also those that other packages log, as the web server does."""
    info = line.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        line["exception"] = traced(error)
    if isinstance(line.get("event"), str):
        line["event"] = escaped(line["event"])
    return line


def _fields(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Our own records' fields beside the event's name, in the place of the line of text that holds both."""
    record = line["_record"]
    if hasattr(record, "fields") and hasattr(record, "event"):
        line.update(record.fields)
        line["event"] = record.event
    return line
