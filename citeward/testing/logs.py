"""The library's log lines, as a test wants to see them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from citeward.logs import NAME


@contextmanager
def captured_logs() -> Iterator[list[dict[str, Any]]]:
    """Everything that is logged in the block, as it comes: each event's fields with its `event` and `log_level`.

    >>> from citeward.logs import get_logger
    >>> with captured_logs() as logs:
    ...     get_logger("citeward.example").info("port.opened", port=8000)
    >>> logs
    [{'port': 8000, 'event': 'port.opened', 'log_level': 'info'}]
    """
    said: list[dict[str, Any]] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            fields = getattr(record, "fields", {})
            event = getattr(record, "event", record.getMessage())
            said.append({**fields, "event": event, "log_level": record.levelname.lower()})

    logger, keeper = logging.getLogger(NAME), Keeper()
    level, disabled = logger.level, logger.disabled
    logger.addHandler(keeper)
    logger.setLevel(logging.DEBUG)
    logger.disabled = False
    try:
        yield said
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(level)
        logger.disabled = disabled
