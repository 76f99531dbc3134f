"""Open-Meteo as a forecaster: asks seldom, and remembers."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from edgepi.errors import EdgePiError, ForecastError
from edgepi.model import SunForecast
from edgepi.plugin import PluginContext, SunForecaster
from edgepi_openmeteo import memory
from edgepi_openmeteo.answer import read_answer
from edgepi_openmeteo.fetching import fetch
from edgepi_openmeteo.question import OpenMeteoConfig, question

__all__ = ["OpenMeteo"]

# A thousand nodes behind one address, started by the same sunrise, stay below its 600 calls a minute.
SPREAD_S = 120.0
# The answer comes a little after the question: without slack each second turn would be too early.
SLACK = timedelta(minutes=5)
FIRST_WAIT = timedelta(minutes=10)
USEFUL = timedelta(days=2)


class OpenMeteo(SunForecaster):
    """Asks once an interval; what failed is asked again later and later, never sooner than allowed."""

    name = "openmeteo"
    timeout_s = SPREAD_S + 60.0

    def __init__(self, context: PluginContext[OpenMeteoConfig]) -> None:
        self._context = context
        self._asked = question(context.config, context.node)
        self._file = context.state_dir / "forecast.json"
        self._spread_s = random.Random(context.node.name).uniform(0.0, SPREAD_S)  # noqa: S311 (no secret)
        self._memory: memory.Memory | None = None
        self.interval_s = context.config.interval

    async def fetch(self) -> SunForecast:
        """Return the forecast of this interval, from the disk or from the server.

        Without a new one the last serves on for two days, and says that it is old.

        Raises:
            ForecastError: there is none; the sentence says why.
        """
        clock = self._context.clock
        if not clock.trusted:
            raise ForecastError("the clock is not set yet", hint="a forecast needs to know today's date")
        known = (await self._remembered()).settled(clock.now())
        if known.forecast is not None and self._fresh(known.forecast, clock.now()):
            self._wait_until(known.forecast.issued_utc + self._interval)
            return known.forecast
        if known.quiet_until_utc is not None and clock.now() < known.quiet_until_utc:
            return self._old(
                known, f"not asked again before {known.quiet_until_utc:%H:%M} UTC: {known.trouble}"
            )
        await clock.sleep(self._spread_s)
        return await self._new(known)

    @property
    def _interval(self) -> timedelta:
        return timedelta(seconds=self._context.config.interval)

    async def _remembered(self) -> memory.Memory:
        if self._memory is None:
            run = self._context.run_blocking
            self._memory = await run(memory.load, self._file, self._asked.key)
        return self._memory

    def _fresh(self, forecast: SunForecast, now: datetime) -> bool:
        return now - forecast.issued_utc < self._interval - SLACK

    async def _new(self, known: memory.Memory) -> SunForecast:
        try:
            forecast = await self._ask()
        except ForecastError as error:
            failed = self._after_failure(known, error)
            await self._keep(failed)
            return self._old(failed, str(error))
        await self._keep(memory.Memory(key=self._asked.key, forecast=forecast))
        self._wait_until(forecast.issued_utc + self._interval)
        return forecast

    async def _ask(self) -> SunForecast:
        session = await self._context.http_client()
        now = self._context.clock.now()
        body = await fetch(session, self._asked, self._context.config.api_key, now)
        return read_answer(body, self._asked, self._context.clock.now())

    def _after_failure(self, known: memory.Memory, error: ForecastError) -> memory.Memory:
        grown = min(FIRST_WAIT * 2 ** min(known.failures, 10), self._interval)
        wait = max(grown, timedelta(seconds=error.retry_after_s or 0.0))
        until = self._context.clock.now() + min(wait, memory.LONGEST)
        return replace(known, quiet_until_utc=until, failures=known.failures + 1, trouble=str(error))

    async def _keep(self, fresh: memory.Memory) -> None:
        self._memory = fresh
        try:
            await self._context.run_blocking(memory.save, self._file, fresh)
        except EdgePiError as error:
            self._context.log.warning("%s", error)

    def _old(self, known: memory.Memory, why: str) -> SunForecast:
        """Return the last forecast, marked as old, or raise with the reason."""
        forecast, now = known.forecast, self._context.clock.now()
        if forecast is None or now - forecast.issued_utc > USEFUL:
            raise ForecastError(why, retry_after_s=self._peace_s(known))
        if known.quiet_until_utc is not None:
            self._wait_until(known.quiet_until_utc)
        made = f"{forecast.issued_utc:%d %b %H:%M} UTC"
        self._context.log.warning("the forecast stays that of %s: %s", made, why)
        return replace(forecast, source=f"{forecast.source}, old")

    def _peace_s(self, known: memory.Memory) -> float | None:
        until = known.quiet_until_utc
        return None if until is None else (until - self._context.clock.now()).total_seconds()

    def _wait_until(self, due_utc: datetime) -> None:
        left_s = (due_utc - self._context.clock.now()).total_seconds()
        self.interval_s = min(max(left_s, 60.0), self._context.config.interval)
