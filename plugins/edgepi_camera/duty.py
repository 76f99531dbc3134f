"""The watch as a duty: off, a still now and then, few pictures a second, all."""

from __future__ import annotations

from collections.abc import Sequence

from edgepi.model import Level
from edgepi.plugin import Duty
from edgepi_camera.camera import Camera
from edgepi_camera.watts import levels_of

__all__ = ["WatchDuty"]


class WatchDuty(Duty):
    """One camera; whether it can be reached makes no difference to its level."""

    name = "watch"

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._levels = levels_of(camera.context.config)

    def levels(self) -> Sequence[Level]:
        """List off, snapshot, saver and full."""
        return self._levels

    async def start(self) -> None:
        """Look at what is stored."""
        await self._camera.start()

    async def apply(self, level: str) -> None:
        """Go over; an event in progress is ended and kept where the next level could not go on with it."""
        await self._camera.go(level)

    async def stop(self) -> None:
        """End the watch."""
        await self._camera.stop()
