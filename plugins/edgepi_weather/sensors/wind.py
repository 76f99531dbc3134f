"""The anemometer as a sensor."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence

from edgepi.errors import EdgePiError
from edgepi.model import Reading, ReadingDescription
from edgepi.plugin import PulseCounter, Sensor
from edgepi_weather.chips.wind import GUST_S, WindLog
from edgepi_weather.config import WindConfig
from edgepi_weather.sensors.described import WIND_GUST, WIND_SPEED
from edgepi_weather.station import Station

__all__ = ["WindSensor"]


class WindSensor(Sensor):
    """Mean and gust of the last ten minutes; a timer looks at the counter each three seconds meanwhile."""

    name = "anemometer"
    # A wake-up each three seconds: less than a millisecond of one core at about 1 W.
    power_w = 0.0005

    def __init__(self, station: Station, config: WindConfig) -> None:
        self._station = station
        self._config = config
        self._log = WindLog(config.m_s_per_hz)
        self._counter: PulseCounter | None = None
        self._counted_s = self._told_s = -math.inf
        self._doubtful_said = 0
        self.interval_s = station.context.config.interval

    def describe(self) -> Sequence[ReadingDescription]:
        """List speed and gust."""
        return (WIND_SPEED, WIND_GUST)

    async def start(self) -> None:
        """Open the pin and begin to count."""
        if self._counter is None:
            self._counter = await self._station.context.run_blocking(self._open)
        self._count()
        self._station.sampler.add(self.name, self._look)

    async def read(self) -> Sequence[Reading]:
        """Say what the last ten minutes were like."""
        if self._counter is None:
            await self.start()
        self._count(at_least_s=2.0 * GUST_S)  # between two looks it would cut a gust in two
        self._tell_doubts()
        wind = self._log.wind(self._station.context.clock.monotonic())
        seen = self._station.observe(wind_speed=wind.speed_m_s, wind_gust=wind.gust_m_s)
        values = {"wind_speed": _rounded(seen.wind_speed), "wind_gust": _rounded(seen.wind_gust)}
        # A gust of ten minutes ago may be one of yesterday: the record of a day takes what is new.
        newest_m_s = None if seen.wind_gust is None else self._log.gust_since(self._told_s)
        self._told_s = self._counted_s
        self._station.tell(values | {"wind_gust": _rounded(newest_m_s)})
        return tuple(Reading(key, value) for key, value in values.items())

    async def stop(self) -> None:
        """Let go of the pin: from here on nobody counts."""
        self._station.sampler.remove(self.name)
        self._station.wind_m_s = None
        self._log.lost()
        counter, self._counter = self._counter, None
        if counter is not None:
            with contextlib.suppress(OSError):
                counter.close()
        await self._station.stopped("wind_speed", "wind_gust")

    def _open(self) -> PulseCounter:
        hardware = self._station.context.hardware
        return hardware.pulse_counter(self._config.pin, pull_up=True, bounce_s=self._config.bounce)

    def _look(self) -> None:
        # A failure is told by the next reading, which meets it too if it lasts.
        with contextlib.suppress(EdgePiError, OSError):
            self._count()

    def _count(self, *, at_least_s: float = 0.0) -> None:
        """Look at the counter; book what it says if that was not done for so long."""
        if self._counter is None:
            return
        now_s = self._station.context.clock.monotonic()
        try:
            total = self._counter.total()
            if now_s - self._counted_s < at_least_s:
                return
            most = self._counter.most(GUST_S)
        except (EdgePiError, OSError):
            self._log.lost()
            self._station.wind_m_s = None
            raise
        self._counted_s = now_s
        speed_m_s = self._log.count(now_s, total, most)
        if speed_m_s is not None:
            self._station.wind_m_s = speed_m_s

    def _tell_doubts(self) -> None:
        if self._log.doubtful and not self._doubtful_said:
            self._station.context.log.warning(
                "GPIO%d counted more closures than any wind makes; they are left out (said once): "
                "does the switch bounce, or the cable pick up noise? `bounce` may be longer",
                self._config.pin,
            )
        self._doubtful_said = self._log.doubtful


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
