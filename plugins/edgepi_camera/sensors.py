"""What a camera says as readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgepi.errors import HardwareError
from edgepi.model import DeviceClass, EntityCategory, Reading, ReadingDescription, StateClass
from edgepi.plugin import Sensor
from edgepi_camera.camera import FPS_KEY, Camera
from edgepi_camera.model import Link

__all__ = ["KeptSensor", "SeenSensor", "sensors_of"]


class SeenSensor(Sensor):
    """Motion, also by zone, and how many pictures come; pushed as it changes, read now and then."""

    name = "picture"
    interval_s = 30.0
    power_w = 0.0001
    logs_faults = False

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def describe(self) -> Sequence[ReadingDescription]:
        """List them."""
        zones = self._camera.context.config.zones
        return (
            ReadingDescription(key="motion", name="Motion", device_class=DeviceClass.MOTION),
            *(
                ReadingDescription(
                    key=f"motion_{zone.name}",
                    name=f"Motion: {zone.name.replace('_', ' ')}",
                    device_class=DeviceClass.MOTION,
                )
                for zone in zones
            ),
            ReadingDescription(
                key=FPS_KEY,
                name="Pictures a second",
                unit="fps",
                state_class=StateClass.MEASUREMENT,
                precision=1,
                category=EntityCategory.DIAGNOSTIC,
                valid_min=0.0,
            ),
        )

    async def read(self) -> Iterable[Reading]:
        """Say what is seen; raises HardwareError while the camera cannot be reached."""
        status = self._camera.link.status
        if status.link is Link.LOST:
            raise HardwareError(status.reason or "the camera cannot be reached")
        return self._camera.seen()


class KeptSensor(Sensor):
    """Events, the room they take, and whether anything is wrong."""

    name = "events"
    interval_s = 60.0
    power_w = 0.0001

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def describe(self) -> Sequence[ReadingDescription]:
        """List them."""
        return (
            ReadingDescription(key="last_motion", name="Last motion", device_class=DeviceClass.TIMESTAMP),
            ReadingDescription(
                key="events_today",
                name="Events today",
                state_class=StateClass.TOTAL_INCREASING,
                precision=0,
                valid_min=0.0,
            ),
            ReadingDescription(
                key="stored",
                name="Stored",
                unit="MB",
                state_class=StateClass.MEASUREMENT,
                precision=0,
                category=EntityCategory.DIAGNOSTIC,
                valid_min=0.0,
            ),
            ReadingDescription(
                key="problem",
                name="Problem",
                device_class=DeviceClass.PROBLEM,
                category=EntityCategory.DIAGNOSTIC,
            ),
        )

    async def read(self) -> Iterable[Reading]:
        """Ask the index; raises RecorderError."""
        keeper = self._camera.keeper
        await keeper.prepare()
        return (
            Reading("last_motion", keeper.last_event_utc),
            Reading("events_today", await keeper.events_today()),
            Reading("stored", round(keeper.stored_bytes / 1e6, 1)),
            Reading("problem", bool(self._camera.problem)),
        )


def sensors_of(camera: Camera) -> tuple[Sensor, ...]:
    """The sensors of a camera."""
    return SeenSensor(camera), KeptSensor(camera)
