"""How uploads hang on a station: what it measures goes into the queue, each interval of each service once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import date

from edgepi.errors import RecorderError
from edgepi.plugin import PluginContext, TimerHandle
from edgepi_weather.config import WeatherConfig
from edgepi_weather.met import derive
from edgepi_weather.station import Station, station_of
from edgepi_weather.uploads.courier import Courier
from edgepi_weather.uploads.cwop import Cwop
from edgepi_weather.uploads.queue import FILE, Queue, Standing
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Service
from edgepi_weather.uploads.wunderground import Wunderground

__all__ = ["LOOK_EACH_S", "Uploads", "services_of", "uploads_of_station"]

LOOK_EACH_S = 30.0
SUMS = ("rain_hour", "rain_today")
OLD_S = 600.0


class Uploads:
    """Queues while the station measures, and sends when it is told to; each has its own timer."""

    def __init__(self, station: Station, services: tuple[Service, ...]) -> None:
        context = station.context
        self._station, self._context = station, context
        self.queue = Queue(context.state_dir / FILE)
        self.couriers = tuple(
            Courier(
                service,
                self.queue,
                clock=context.clock,
                run_blocking=context.run_blocking,
                log=context.log,
            )
            for service in services
        )
        self._sums: dict[str, tuple[float, date | None, float | None]] = {}
        self._slots: dict[str, int] = {}
        self._timer: TimerHandle | None = None
        self._sender: TimerHandle | None = None
        self._begun = self._complained = False
        station.listeners.append(self._heard)
        station.closers.append(self._stopped)

    @property
    def services(self) -> tuple[Service, ...]:
        """Where reports go."""
        return tuple(courier.service for courier in self.couriers)

    def send(self, on: bool) -> None:
        """Send what waits from now on, or no more."""
        if not on and self._sender is not None:
            self._sender.cancel()
            self._sender = None
        elif on and self._sender is None:
            every = self._context.timers.every
            self._sender = every(LOOK_EACH_S, self._deliver, name="uploads", at_once=True)

    async def standings(self) -> Mapping[str, Standing]:
        """Say where each service stands; raises RecorderError."""
        run = self._context.run_blocking
        return {each.name: await run(self.queue.standing, each.name) for each in self.services}

    def _heard(self, values: Mapping[str, float | None]) -> None:
        now_s, today = self._context.clock.monotonic(), self._today()
        self._sums |= {key: (now_s, today, values[key]) for key in SUMS if key in values}
        if self._timer is None:
            self._timer = self._context.timers.every(LOOK_EACH_S, self._queue_due, name="weather reports")

    async def _stopped(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def begin(self) -> None:
        """Look whether the file is whole, what died on its way, and which intervals have their report.

        Does nothing the second time. Raises RecorderError.
        """
        if self._begun:
            return
        run = self._context.run_blocking
        if (aside := await run(self.queue.file.mend)) is not None:
            self._context.log.error(
                "the queue of uploads was damaged; it is begun anew, the old is in %s", aside
            )
        for service in self.services:
            if not service.rule.repeatable:
                await run(self.queue.settle, service.name)
            queued = (await run(self.queue.standing, service.name)).queued_utc
            if queued is not None:
                self._slots[service.name] = service.rule.slot(queued.timestamp())
        self._begun = True

    async def _queue_due(self) -> None:
        clock = self._context.clock
        if not clock.trusted:
            return
        report = self._report()
        if report.empty:
            return
        try:
            await self.begin()
            for service in self.services:
                slot = service.rule.slot(report.at_utc.timestamp())
                if self._slots.get(service.name) != slot:
                    await self._context.run_blocking(self.queue.put, service.name, report, service.rule)
                    self._slots[service.name] = slot
        except RecorderError as error:
            self._complain(error)
        else:
            self._complained = False

    async def _deliver(self) -> None:
        try:
            await self.begin()
            for courier in self.couriers:
                await courier.deliver()
        except RecorderError as error:
            self._complain(error)

    def _report(self) -> Report:
        clock = self._context.clock
        seen = self._station.latest()
        derived = derive(seen, self._station.elevation_m)
        return Report(
            at_utc=clock.now().replace(microsecond=0),
            temperature=seen.temperature,
            humidity=seen.humidity,
            dew_point=derived.dew_point,
            altimeter=derived.altimeter,
            wind_speed=seen.wind_speed,
            wind_gust=seen.wind_gust,
            wind_direction=seen.wind_direction,
            **dict(self._fresh_sums(clock.monotonic())),
        )

    def _fresh_sums(self, now_s: float) -> Iterator[tuple[str, float | None]]:
        old_s = max(OLD_S, 6.0 * self._context.config.interval)
        today = self._today()
        for key, (at_s, day, value) in self._sums.items():
            if now_s - at_s <= old_s and (key != "rain_today" or day == today):
                yield key, value

    def _today(self) -> date | None:
        local = self._station.local_now()
        return None if local is None else local.date()

    def _complain(self, error: RecorderError) -> None:
        if not self._complained:
            self._context.log.warning("%s", error)
        self._complained = True


def services_of(context: PluginContext[WeatherConfig]) -> Iterator[Service]:
    """Make what the owner wants to send to; each station has its own second of the interval."""
    wanted, node = context.config.uploads, context.node
    if wanted.wunderground is not None:
        offset_s = _offset_s(wanted.wunderground.station, wanted.wunderground.every)
        yield Wunderground(wanted.wunderground, context.http_client, offset_s)
    if wanted.cwop is not None:
        offset_s = _offset_s(wanted.cwop.station, wanted.cwop.every)
        yield Cwop(wanted.cwop, node.latitude, node.longitude, offset_s)


def _offset_s(station: str, every_s: float) -> float:
    return zlib.crc32(station.encode()) % every_s


_uploads: dict[str, tuple[PluginContext[WeatherConfig], Uploads]] = {}


def uploads_of_station(context: PluginContext[WeatherConfig]) -> Uploads:
    """The uploads of an instance, one for all hooks that are called with the same context."""
    found = _uploads.get(context.instance)
    if found is None or found[0] is not context:
        made = Uploads(station_of(context), tuple(services_of(context)))
        found = _uploads[context.instance] = (context, made)
    return found[1]
