"""Where the library's log lines go: to the standard library's `logging`, below the name `citeward`.

An event has a name and fields, as `route.chosen` with the model and the reason. A handler finds them as `record.event`
and `record.fields`; the message is both in one line of text. Nothing is shown until the application configures logging
(PEP 282's way for libraries: a NullHandler and no level); the command line does so in `citeward.cli.logs`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, cast

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.stdlib import BoundLogger, filter_by_level

NAME = "citeward"

logging.getLogger(NAME).addHandler(logging.NullHandler())


def get_logger(name: str) -> BoundLogger:
    """The logger of a module, by its `__name__`. What the application configured of structlog does not touch it."""
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[filter_by_level, merge_contextvars, _to_record],
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast("BoundLogger", logger)


@contextmanager
def within_run(run_id: str) -> Iterator[None]:
    """Every line that is logged in the block, and in tasks that begin there, names the run."""
    with bound_contextvars(run_id=run_id):
        yield


def _to_record(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], Mapping[str, Any]]:
    """What `logging` is called with: one line of text, and beside it the event's name and fields as they are."""
    passed = {key: event.pop(key) for key in ("exc_info", "stack_info") if key in event}
    name, fields = str(event.pop("event")), dict(event)
    text = " ".join((name, *(f"{key}={value!r}" for key, value in fields.items())))
    # `logging` formats with its arguments, of which there are none: a per cent sign stays one.
    return (text,), {**passed, "extra": {"event": name, "fields": fields}}
