"""How the records hang on a station: what its devices measure goes in, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping

from edgepi.plugin import PluginContext, TimerHandle
from edgepi_weather.config import WeatherConfig
from edgepi_weather.records import Records
from edgepi_weather.records.records import SAVE_EACH_S
from edgepi_weather.station import Station, station_of

__all__ = ["records_of"]


class _Recording:
    """Notes and saves while any device of the station works; without one no timer runs."""

    def __init__(self, station: Station) -> None:
        context = station.context
        self._station = station
        self._timer: TimerHandle | None = None
        self._begun = False
        self.records = Records(
            context.state_dir,
            monotonic=context.clock.monotonic,
            local_now=station.local_now,
            run_blocking=context.run_blocking,
            log=context.log,
        )
        station.listeners.append(self._observed)
        station.closers.append(self._stopped)

    def _observed(self, values: Mapping[str, float | None]) -> None:
        self.records.add(values)
        if self._timer is None:
            every = self._station.context.timers.every
            self._timer = every(SAVE_EACH_S, self._save, name="weather records", at_once=True)

    async def _save(self) -> None:
        if not self._begun:
            self._begun = True
            await self._station.prepare()
            await self.records.start()
        await self.records.save()

    async def _stopped(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self.records.save()


_recordings: dict[str, tuple[PluginContext[WeatherConfig], _Recording]] = {}


def records_of(context: PluginContext[WeatherConfig]) -> Records:
    """The records of an instance, which fill themselves from its station from the first call on."""
    found = _recordings.get(context.instance)
    if found is None or found[0] is not context:
        found = _recordings[context.instance] = (context, _Recording(station_of(context)))
    return found[1].records
