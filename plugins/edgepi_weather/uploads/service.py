"""What a network of weather stations is to the queue: a rule, and a way to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from edgepi.errors import UploadError
from edgepi_weather.uploads.report import Report

__all__ = ["Rule", "Service", "StationRefusedError", "WrongReportError"]


class StationRefusedError(UploadError):
    """The server does not know this station or its key: it is asked no more until the node starts again."""


class WrongReportError(UploadError):
    """The server does not take this report, and never will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a service wants.

    A report is made each *every_s*; *offset_s* shifts that, so that not all stations of the world send at
    the same second. What is older than *stale_s* is not sent. At most *most* wait. *repeatable* says whether
    a report that arrives twice counts once: if not, one that may have been sent is not sent again.
    """

    every_s: float
    stale_s: float
    most: int
    offset_s: float = 0.0
    oldest_first: bool = True
    repeatable: bool = True

    def slot(self, at_s: float) -> int:
        """Return the number of the interval that a time lies in; one report is made in each."""
        return int((at_s - self.offset_s) // self.every_s)


class Service(Protocol):
    """One network; *name* is its key in the configuration, *title* what people call it."""

    name: ClassVar[str]
    title: ClassVar[str]
    rule: Rule

    async def send(self, report: Report) -> None:
        """Send one report and wait until it was taken.

        Raises:
            StationRefusedError: the station is not known, or its key is wrong.
            WrongReportError: this report is not taken.
            UploadError: it cannot be sent now.
        """
