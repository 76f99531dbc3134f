"""What the devices of one station share: what was measured last, its judge, and one timer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.plugin import PluginContext, TimerHandle, Timers
from edgepi_weather.chips.wind import GUST_S
from edgepi_weather.config import WeatherConfig
from edgepi_weather.met import Observation
from edgepi_weather.met.quality import Note, Quality

__all__ = ["Sampler", "Station", "station_of"]

Look = Callable[[], Coroutine[Any, Any, None] | None]
OLD_INTERVALS = 6.0  # five pass between two readings while energy is saved
LEAST_OLD_S = 300.0


class Sampler:
    """One timer each three seconds for all who must look so often, and none while nobody must.

    Who has not finished looking when the time comes again is left out, and holds up nobody.
    """

    def __init__(self, timers: Timers, log: logging.Logger) -> None:
        self._timers, self._log = timers, log
        self._looks: dict[str, Look] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._timer: TimerHandle | None = None

    def add(self, name: str, look: Look) -> None:
        """Call from now on."""
        self._looks[name] = look
        if self._timer is None:
            self._timer = self._timers.every(GUST_S, self._tick, name="wind")

    def remove(self, name: str) -> None:
        """Call no more."""
        self._looks.pop(name, None)
        if (looking := self._looking.pop(name, None)) is not None:
            looking.cancel()
        if not self._looks and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        for name, look in self._looks.items():
            if name in self._looking:
                continue
            if (looking := look()) is not None:
                task = self._looking[name] = asyncio.create_task(looking, name=f"weather look {name}")
                task.add_done_callback(partial(self._looked, name))

    def _looked(self, name: str, task: asyncio.Task[None]) -> None:
        if self._looking.get(name) is task:
            del self._looking[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("looking at the %s failed", name, exc_info=error)


class Station:
    """The latest of every quantity, without what is doubtful or old.

    *wind_m_s* is how strong the wind was in the last three seconds, None if nobody counted. Each of
    *listeners* is called with what a device has measured and what follows from it, by the keys of the
    entities and ``rain``: mm since the reading before, None if nobody counted; ``wind_gust``, too, is that
    since the reading before. What is doubtful is None.
    Each of *closers* is waited for when a device stops, which may be the last thing that the node does.
    """

    def __init__(self, context: PluginContext[WeatherConfig]) -> None:
        self.context = context
        self.sampler = Sampler(context.timers, context.log)
        self.wind_m_s: float | None = None
        self.listeners: list[Callable[[Mapping[str, float | None]], None]] = []
        self.closers: list[Callable[[], Awaitable[None]]] = []
        self._quality = Quality(context.config.quality)
        self._doubts = _Doubts(context.log)
        self._latest: dict[str, tuple[float, float]] = {}
        self._zone: ZoneInfo | None = None
        self._old_s = max(LEAST_OLD_S, OLD_INTERVALS * context.config.interval)

    @property
    def elevation_m(self) -> float:
        """Height of the barometer above the sea."""
        own = self.context.config.elevation
        return self.context.node.elevation_m if own is None else own

    async def prepare(self) -> None:
        """Look up the time zone, which is a file."""
        if self._zone is None:
            self._zone = await self.context.run_blocking(_zone, self.context.node.time_zone)

    def local_now(self) -> datetime | None:
        """What clocks at the station show; None while the node's cannot be trusted."""
        clock = self.context.clock
        return clock.now().astimezone(self._zone) if clock.trusted and self._zone is not None else None

    def observe(self, **measured: float | None) -> Observation:
        """Judge what one device has measured, and keep it; doubts are told once, and when they are over."""
        now_s = self.context.clock.monotonic()
        observation, notes = self._quality.judge(Observation(**measured), now_s)
        self._doubts.tell(measured, notes)
        for key in measured:
            value = getattr(observation, key)
            if value is None:
                self._latest.pop(key, None)
            else:
                self._latest[key] = (now_s, value)
        return observation

    def tell(self, values: Mapping[str, float | None]) -> None:
        """Hand on what a device has measured."""
        for listener in self.listeners:
            listener(values)

    def latest(self) -> Observation:
        """Everything that is known now; *rain*, an amount between two readings, is not part of it."""
        now_s = self.context.clock.monotonic()
        fresh = {
            key: value
            for key, (at_s, value) in self._latest.items()
            if now_s - at_s <= self._old_s and key != "rain"
        }
        return Observation(**fresh)

    async def stopped(self, *keys: str) -> None:
        """Let go of what a device that has stopped once measured."""
        for key in keys:
            self._latest.pop(key, None)
        for close in self.closers:
            await close()


class _Doubts:
    """Tells each doubt once, and its end."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._doubted: set[str] = set()

    def tell(self, judged: Iterable[str], notes: Iterable[Note]) -> None:
        noted = {note.key: note.sentence for note in notes}
        for key in judged:
            if key in noted and key not in self._doubted:
                self._doubted.add(key)
                self._log.warning("not believed: %s (said once)", noted[key])
            elif key not in noted and key in self._doubted:
                self._doubted.discard(key)
                self._log.info("%s is believed again", key.replace("_", " "))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


_stations: dict[str, Station] = {}


def station_of(context: PluginContext[WeatherConfig]) -> Station:
    """The station of an instance: one for all hooks that are called with the same context."""
    found = _stations.get(context.instance)
    if found is None or found.context is not context:
        found = _stations[context.instance] = Station(context)
    return found
