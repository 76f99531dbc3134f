"""Asks what foretells the sun, each at its own pace, and tells the governor the best that is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from edgepi.budget.bounded import bounded
from edgepi.budget.outlook import check_forecast, ends_utc, forecast_from_dict, forecast_to_dict
from edgepi.clock import Clock
from edgepi.errors import ForecastError, PluginCallError
from edgepi.model import SunForecast
from edgepi.plugin import SunForecaster

__all__ = ["Forecasts"]

_log = logging.getLogger("edgepi.budget.forecasts")

_START_WITHIN_S = 30.0
_LEAST_INTERVAL_S = 60.0
_CLOCK_S = 30.0
_RETRY_S = (60.0, 300.0, 900.0, 3600.0)
_LONGEST_PEACE_S = 86400.0


@dataclass(slots=True, eq=False)
class _Source:
    """One forecaster with the latest that it said, and when."""

    forecaster: SunForecaster
    name: str
    forecast: SunForecast | None = None
    fetched_utc: datetime | None = None
    started: bool = False
    failures: int = 0
    failure: str = ""
    peace_s: float = 0.0
    task: asyncio.Task[None] | None = None

    @property
    def interval_s(self) -> float:
        return max(_LEAST_INTERVAL_S, self.forecaster.interval_s)

    @property
    def retry_s(self) -> float:
        sooner_s = min(self.interval_s, _RETRY_S[min(self.failures, len(_RETRY_S)) - 1])
        return max(sooner_s, min(self.peace_s, _LONGEST_PEACE_S))


class Forecasts:
    """Of several forecasters the first that knows something counts; one that fails harms no other.

    *tell* gets each forecast that counts; *on_trouble* hears of a forecaster that fails, by its name,
    and None once it works again. A forecast of an earlier life counts until its span is over, and is
    not fetched again before its time.
    """

    def __init__(
        self,
        clock: Clock,
        tell: Callable[[SunForecast], None],
        on_trouble: Callable[[str, str | None], None],
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._on_trouble = on_trouble
        self._sources: list[_Source] = []
        self._kept: Mapping[str, Any] = {}
        self._running = False

    def add(self, forecaster: SunForecaster, name: str) -> None:
        """Ask *forecaster* from now on, or from `start` on."""
        source = _Source(forecaster, name)
        self._sources.append(source)
        if self._running:
            self._launch(source)

    async def remove(self, forecaster: SunForecaster) -> None:
        """Ask no more and let go of it."""
        for source in [s for s in self._sources if s.forecaster is forecaster]:
            self._sources.remove(source)
            await self._end(source)
            self._on_trouble(source.name, None)

    def start(self) -> None:
        """Begin to ask, and tell what is known from before."""
        self._running = True
        for source in self._sources:
            self._launch(source)
        best = self._best()
        if best is not None and best.forecast is not None:
            self._tell(best.forecast)

    async def stop(self) -> None:
        """Ask no more and let go of everything."""
        self._running = False
        await asyncio.gather(*(self._end(source) for source in self._sources))

    def status(self) -> list[dict[str, Any]]:
        """Each forecaster: what it knows, how old that is, and why it knows nothing newer."""
        best = self._best()
        return [self._status(source, counts=source is best) for source in self._sources]

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart, JSON-able."""
        return {
            s.name: {"fetched_utc": s.fetched_utc.isoformat(), **forecast_to_dict(s.forecast)}
            for s in self._sources
            if s.forecast is not None and s.fetched_utc is not None
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`; to be called before `start`."""
        self._kept = memory

    def _launch(self, source: _Source) -> None:
        if (kept := self._kept.get(source.name)) is not None:
            try:
                fetched = datetime.fromisoformat(kept["fetched_utc"]).astimezone(UTC)
                source.forecast, source.fetched_utc = forecast_from_dict(kept), fetched
            except (KeyError, TypeError, ValueError) as error:
                _log.warning("the forecast that was kept of %s makes no sense: %r", source.name, error)
        source.task = asyncio.create_task(self._follow(source), name=f"forecast {source.name}")

    async def _end(self, source: _Source) -> None:
        if source.task is not None:
            source.task.cancel()
            await asyncio.wait({source.task}, timeout=1.0)
            source.task = None
        await self._let_go(source)

    async def _let_go(self, source: _Source) -> None:
        if not source.started:
            return
        source.started = False
        try:
            await bounded(_stopped(source), source.forecaster.timeout_s, f"stopping {source.name}")
        except PluginCallError as error:
            _log.debug("%s", error)

    async def _follow(self, source: _Source) -> None:
        while not self._clock.trusted:  # without the time a forecast is for nothing
            await self._clock.sleep(_CLOCK_S)
        await self._clock.sleep(self._still_good_s(source))
        while True:
            try:
                await self._ask(source)
            except PluginCallError as error:
                await self._failed(source, error)
                await self._clock.sleep(source.retry_s)
            else:
                await self._clock.sleep(source.interval_s)

    def _still_good_s(self, source: _Source) -> float:
        if source.fetched_utc is None:
            return 0.0
        age_s = (self._clock.now() - source.fetched_utc).total_seconds()
        return source.interval_s - age_s if 0.0 <= age_s < source.interval_s else 0.0

    async def _ask(self, source: _Source) -> None:
        forecaster, name = source.forecaster, source.name
        if not source.started:
            source.started = True
            await bounded(_started(source), _START_WITHIN_S, f"starting {name}")
        forecast = await bounded(self._fetched(source), forecaster.timeout_s, f"asking {name}")
        source.forecast, source.fetched_utc = forecast, self._clock.now()
        if source.failures:
            _log.info("%s foretells again", name)
            self._on_trouble(name, None)
        source.failures, source.failure = 0, ""
        if self._best() is source:
            self._tell(forecast)

    async def _fetched(self, source: _Source) -> SunForecast:
        return check_forecast(await source.forecaster.fetch(), self._clock.now())

    async def _failed(self, source: _Source, error: PluginCallError) -> None:
        source.failures += 1
        wanted = error.__cause__.retry_after_s if isinstance(error.__cause__, ForecastError) else None
        source.peace_s = wanted or 0.0
        if source.failure != error.message:
            self._on_trouble(source.name, error.message)
        source.failure = error.message
        if source.failures == 1:
            _log.warning("%s; it is tried again", error.message)
        await self._let_go(source)

    def _best(self) -> _Source | None:
        now = self._clock.now()
        known = (s for s in self._sources if s.forecast is not None and now < ends_utc(s.forecast))
        return next(known, None)

    def _status(self, source: _Source, *, counts: bool) -> dict[str, Any]:
        forecast, fetched = source.forecast, source.fetched_utc
        age = None if fetched is None else max(self._clock.now() - fetched, timedelta(0))
        return {
            "name": source.name,
            "working": source.started and not source.failures,
            "failure": source.failure or None,
            "source": forecast.source if forecast else None,
            "issued_utc": forecast.issued_utc.isoformat() if forecast else None,
            "until_utc": ends_utc(forecast).isoformat() if forecast else None,
            "age_h": None if age is None else round(age.total_seconds() / 3600.0, 2),
            "counts": counts,
        }


async def _started(source: _Source) -> None:
    await source.forecaster.start()


async def _stopped(source: _Source) -> None:
    await source.forecaster.stop()
