"""Log lines: on standard error, for the journal without a time of their own."""

from __future__ import annotations

import logging
import sys

from edgepi.clock import Clock
from edgepi.config import SecretFilter, Settings

__all__ = ["follow_clock", "set_up_logging"]

_LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_JOURNAL_LINE = "%(levelname)s %(name)s: %(message)s"


def set_up_logging(settings: Settings, *, journal: bool) -> logging.Handler:
    """Send records of the configured levels to standard error, secrets masked."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_JOURNAL_LINE if journal else _LINE, "%H:%M:%S"))
    handler.addFilter(SecretFilter(settings.secrets))
    logging.basicConfig(handlers=[handler], level=settings.logging.level.upper(), force=True)
    for name, level in settings.logging.levels.items():
        logging.getLogger(name).setLevel(level.upper())
    return handler


class _NodeTime(logging.Formatter):
    def __init__(self, clock: Clock) -> None:
        super().__init__(_LINE)
        self._clock = clock

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return f"{self._clock.now():%H:%M:%S}"


def follow_clock(handler: logging.Handler, clock: Clock) -> None:
    """Date further lines by the node's own clock, which in a simulated world is not the machine's."""
    handler.setFormatter(_NodeTime(clock))
