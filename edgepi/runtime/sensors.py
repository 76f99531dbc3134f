"""Polls the sensors of one plugin instance, as a duty whose levels are how often."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence

from edgepi.clock import Clock
from edgepi.errors import ContractError, EdgePiError
from edgepi.model import Importance, Level, Reading
from edgepi.plugin import Duty, Sensor
from edgepi.runtime.containment import within
from edgepi.runtime.readings import ReadingDesk
from edgepi.runtime.supervisor import explain

__all__ = ["OFF_REASON", "SAVER_FACTOR", "SensorDuty"]

SAVER_FACTOR = 5.0
SAVER_WORTH = 0.7  # five times fewer readings still say most of what there is to say
OFF_REASON = "switched off to save energy"
MAX_BACKOFF_S = 900.0
STOP_S = 5.0


class SensorDuty(Duty):
    """All sensors of an instance; *off*, *saver* (each interval five times as long) or *full*.

    *points_per_h* is what full is worth.
    """

    def __init__(
        self,
        *,
        name: str,
        sensors: Sequence[Sensor],
        desk: ReadingDesk,
        clock: Clock,
        log: logging.Logger,
        points_per_h: float = Importance.HIGH.points_per_h,
    ) -> None:
        self.name = name
        self._pollers = [_Poller(sensor, desk, clock, log) for sensor in sensors]
        power_w = sum(sensor.power_w for sensor in sensors)
        self._levels = (
            Level("off", 0.0, 0.0),
            Level("saver", power_w / SAVER_FACTOR, points_per_h * SAVER_WORTH),
            Level("full", power_w, points_per_h),
        )

    def levels(self) -> Sequence[Level]:
        """List off, saver and full."""
        return self._levels

    async def apply(self, level: str) -> None:
        """Poll as the level says; going off lets a measurement in progress end first."""
        if level == "off":
            await self._halt(OFF_REASON)
            return
        factor = SAVER_FACTOR if level == "saver" else 1.0
        for poller in self._pollers:
            poller.run(factor)

    async def stop(self) -> None:
        """Poll no more."""
        await self._halt("the plugin has stopped")

    async def _halt(self, reason: str) -> None:
        await asyncio.gather(*(poller.halt(reason) for poller in self._pollers))


class _Poller:
    """One sensor: polled, failing, or off."""

    def __init__(self, sensor: Sensor, desk: ReadingDesk, clock: Clock, log: logging.Logger) -> None:
        self._sensor = sensor
        self._desk = desk
        self._clock = clock
        self._log = log
        self._keys = tuple(description.key for description in sensor.describe())
        _check(sensor)
        self._factor = 1.0
        self._task: asyncio.Task[None] | None = None
        self._nap: asyncio.Task[None] | None = None
        self._open = False
        self._touched = False
        self._failing_since_s: float | None = None
        self._failures = 0

    def run(self, factor: float) -> None:
        """Poll each interval times *factor* from now on."""
        faster, self._factor = factor < self._factor, factor
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll_for_ever(), name=f"sensor {self._sensor.name}")
        elif faster and self._nap is not None:
            self._nap.cancel()

    async def halt(self, reason: str) -> None:
        """Stop polling after the measurement in progress, close the sensor, say why."""
        task, self._task = self._task, None
        if self._nap is not None:
            self._nap.cancel()
        if task is not None:
            await asyncio.wait((task,), timeout=self._sensor.timeout_s)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._close()
        self._failing_since_s, self._failures = None, 0
        self._desk.unavailable(self._keys, reason)

    async def _poll_for_ever(self) -> None:
        me = asyncio.current_task()
        while self._task is me:
            begun_s = self._clock.monotonic()
            await self._poll()
            left_s = begun_s + self._wait_s() - self._clock.monotonic()
            if self._task is me:
                self._nap = asyncio.create_task(self._clock.sleep(max(0.0, left_s)))
                await asyncio.wait((self._nap,))

    def _wait_s(self) -> float:
        interval_s = max(self._sensor.interval_s, 0.01) * self._factor
        if not self._failures:
            return interval_s
        return max(interval_s, min(interval_s * 2.0 ** min(self._failures - 1, 20), MAX_BACKOFF_S))

    async def _poll(self) -> None:
        try:
            readings = await self._measure()
        except Exception as error:  # noqa: BLE001 (sensors are plugin code)
            await self._failed(error)
            return
        self._recovered()
        self._desk.publish(readings)
        measured = {reading.key for reading in readings if isinstance(reading, Reading)}
        self._desk.unknown(key for key in self._keys if key not in measured)

    async def _measure(self) -> list[object]:
        sensor = self._sensor
        if not self._open:
            self._touched = True
            await within(sensor.timeout_s, sensor.start(), name=f"starting sensor {sensor.name}")
            self._open = True
        return await within(sensor.timeout_s, self._read(), name=f"reading sensor {sensor.name}")

    async def _read(self) -> list[object]:
        return list(await self._sensor.read())

    async def _failed(self, error: Exception) -> None:
        self._failures += 1
        reason = explain(error)
        if self._failing_since_s is None:
            self._failing_since_s = self._clock.monotonic()
            expected = isinstance(error, EdgePiError | OSError)
            self._log.log(
                logging.WARNING if self._sensor.logs_faults or not expected else logging.DEBUG,
                "sensor %r fails: %s (said once until it works again)",
                self._sensor.name,
                reason,
                exc_info=None if expected else error,
            )
        await self._close()
        self._desk.unavailable(self._keys, reason)

    def _recovered(self) -> None:
        if self._failing_since_s is not None:
            lasted_s = self._clock.monotonic() - self._failing_since_s
            level = logging.INFO if self._sensor.logs_faults else logging.DEBUG
            self._log.log(level, "sensor %r works again after %s", self._sensor.name, _duration(lasted_s))
        self._failing_since_s, self._failures = None, 0

    async def _close(self) -> None:
        if not self._touched:
            return
        self._open = self._touched = False
        try:
            await within(STOP_S, self._sensor.stop(), name=f"stopping sensor {self._sensor.name}")
        except Exception:  # noqa: BLE001 (sensors are plugin code)
            self._log.debug("sensor %r could not be stopped", self._sensor.name, exc_info=True)


def _check(sensor: Sensor) -> None:
    for name in ("interval_s", "power_w", "timeout_s"):
        value: object = getattr(sensor, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise ContractError(f"sensor {sensor.name!r}: {name} must be a number from 0 on, not {value!r}")


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
