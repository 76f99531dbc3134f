"""The rain gauge as a sensor, whose sums outlive restarts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgepi.files import atomic_write
from edgepi.model import Reading, ReadingDescription
from edgepi.plugin import PulseCounter, Sensor
from edgepi_weather.chips.rain import Moment, RainLog
from edgepi_weather.config import RainConfig
from edgepi_weather.sensors.described import RAIN
from edgepi_weather.station import Station

__all__ = ["FILE_NAME", "RainSensor"]

FILE_NAME = "rain.json"
# A power cut forgets what was counted since the last writing; memory cards do not last for ever.
WRITE_WET_S, WRITE_DRY_S = 60.0, 300.0


class RainSensor(Sensor):
    """Rate, hour, day and total; tips are counted by the kernel, so it is enough to look once an interval."""

    name = "rain"
    power_w = 0.0001

    def __init__(self, station: Station, config: RainConfig) -> None:
        self._station = station
        self._config = config
        self._path = station.context.state_dir / FILE_NAME
        self._log = RainLog(config.mm_per_tip, most_gap_s=config.most_gap)
        self._counter: PulseCounter | None = None
        self._restored = False
        self._written: tuple[float, float] | None = None
        self._doubtful_said = 0
        self._unwritten_said = False
        self.interval_s = station.context.config.interval

    def describe(self) -> Sequence[ReadingDescription]:
        """List rate, hour, day and total."""
        return RAIN

    async def start(self) -> None:
        """Look up what fell so far, open the pin and begin to count."""
        await self._station.prepare()
        await self._restore()
        if self._counter is None:
            self._counter = await self._station.context.run_blocking(self._open)
            self._station.tell({"rain": self._count()})  # until here nobody counted

    async def read(self) -> Sequence[Reading]:
        """Count, and say what fell."""
        if self._counter is None:
            await self.start()
        fallen_mm = self._count()
        moment = self._moment()
        rain = self._log.rain(moment)
        seen = self._station.observe(rain=fallen_mm, rain_rate=rain.rate_mm_h)
        if fallen_mm is not None and seen.rain is None:
            self._log.disown()
            rain = self._log.rain(moment)
        await self._write(moment, rain.total_mm)
        values = {
            "rain_rate": _rounded(seen.rain_rate),
            "rain_hour": _rounded(rain.hour_mm),
            "rain_today": _rounded(rain.today_mm),
            "rain_total": _rounded(rain.total_mm),
        }
        self._station.tell({**values, "rain": seen.rain})
        return tuple(Reading(key, value) for key, value in values.items())

    async def stop(self) -> None:
        """Let go of the pin: from here on nobody counts. What fell is written down."""
        counter, self._counter = self._counter, None
        if counter is None:
            return
        with contextlib.suppress(OSError):
            self._station.tell({"rain": self._take(counter)})
        self._log.lost()
        with contextlib.suppress(OSError):
            counter.close()
        self._written = None
        await self._write(self._moment(), self._log.rain(self._moment()).total_mm)
        await self._station.stopped("rain_rate", "rain")

    def _open(self) -> PulseCounter:
        hardware = self._station.context.hardware
        return hardware.pulse_counter(self._config.pin, pull_up=True, bounce_s=self._config.bounce)

    def _moment(self) -> Moment:
        return Moment(self._station.context.clock.monotonic(), self._station.local_now())

    def _count(self) -> float | None:
        assert self._counter is not None
        try:
            return self._take(self._counter)
        except OSError:
            self._log.lost()
            raise

    def _take(self, counter: PulseCounter) -> float | None:
        fallen_mm = self._log.count(self._moment(), counter.total())
        if self._log.doubtful and not self._doubtful_said:
            self._station.context.log.warning(
                "GPIO%d counted more tips than any rain makes; they are left out (said once): "
                "was the bucket cleaned, or does the switch bounce?",
                self._config.pin,
            )
        self._doubtful_said = self._log.doubtful
        return fallen_mm

    async def _restore(self) -> None:
        if self._restored:
            return
        self._restored = True
        try:
            saved = await self._station.context.run_blocking(_read, self._path)
            if saved is not None:
                self._log.restore(saved, self._moment())
        except (OSError, ValueError) as error:
            self._station.context.log.warning(
                "what rain fell so far cannot be read (%s: %s); its sums begin anew", self._path.name, error
            )

    async def _write(self, moment: Moment, total_mm: float) -> None:
        """Write down if there is something new, at most once a minute, and now and then in dry weather."""
        if self._written is not None:
            at_s, written_mm = self._written
            pause_s = WRITE_DRY_S if total_mm == written_mm else WRITE_WET_S
            if moment.monotonic_s - at_s < pause_s:
                return
        text = json.dumps(self._log.to_dict(moment))
        self._written = (moment.monotonic_s, total_mm)
        try:
            await self._station.context.run_blocking(atomic_write, self._path, text)
        except OSError as error:
            self._tell_unwritten(error)
        else:
            self._unwritten_said = False

    def _tell_unwritten(self, error: OSError) -> None:
        if not self._unwritten_said:
            self._unwritten_said = True
            self._station.context.log.warning(
                "the sums of rain cannot be written (%s); a restart would forget what falls from now on",
                error,
            )


def _read(path: Path) -> Any:
    if not path.exists():
        return None
    saved = json.loads(path.read_text())
    if not isinstance(saved, dict):
        raise ValueError("it holds no rain")  # noqa: TRY004 (what is wrong is the file)
    return saved


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
