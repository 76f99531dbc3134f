"""Sending as a duty, and how it stands as readings."""

from __future__ import annotations

from collections.abc import Sequence

from edgepi.model import (
    DeviceClass,
    EntityCategory,
    Importance,
    Level,
    Reading,
    ReadingDescription,
    StateClass,
)
from edgepi.plugin import Duty, Sensor
from edgepi_weather.uploads.reporting import Uploads

__all__ = ["UploadsDuty", "UploadsSensor"]

# Two seconds of radio and processor for each report.
REPORT_J = 3.0


class UploadsDuty(Duty):
    """On or off; while it is off, reports wait in the queue."""

    name = "uploads"

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        power_w = sum(REPORT_J / service.rule.every_s for service in uploads.services)
        self._levels = (Level("off", 0.0, 0.0), Level("on", power_w, Importance.NORMAL.points_per_h))

    def levels(self) -> Sequence[Level]:
        """List off and on."""
        return self._levels

    async def apply(self, level: str) -> None:
        """Send, or let it wait."""
        self._uploads.send(level == "on")

    async def stop(self) -> None:
        """Send no more."""
        self._uploads.send(False)


class UploadsSensor(Sensor):
    """How many reports wait, when the last was taken, and what is wrong."""

    name = "uploads"
    power_w = 0.0001

    def __init__(self, uploads: Uploads, interval_s: float) -> None:
        self._uploads = uploads
        self.interval_s = interval_s

    def describe(self) -> Sequence[ReadingDescription]:
        """List them."""
        return (
            ReadingDescription(
                key="uploads_waiting",
                name="Reports waiting to be sent",
                state_class=StateClass.MEASUREMENT,
                precision=0,
                category=EntityCategory.DIAGNOSTIC,
            ),
            ReadingDescription(
                key="uploads_sent",
                name="Last report sent",
                device_class=DeviceClass.TIMESTAMP,
                category=EntityCategory.DIAGNOSTIC,
            ),
            ReadingDescription(
                key="uploads_trouble", name="Trouble with sending", category=EntityCategory.DIAGNOSTIC
            ),
        )

    async def start(self) -> None:
        """Look whether the queue is whole."""
        await self._uploads.begin()

    async def read(self) -> Sequence[Reading]:
        """Ask the queue."""
        standings = await self._uploads.standings()
        times = [each.sent_utc for each in standings.values() if each.sent_utc is not None]
        troubles = [
            f"{service.title}: {error}"
            for service in self._uploads.services
            if (error := standings[service.name].error) is not None
        ]
        return (
            Reading("uploads_waiting", sum(each.waiting for each in standings.values())),
            Reading("uploads_sent", max(times, default=None)),
            Reading("uploads_trouble", "; ".join(troubles) or "none"),
        )
