"""The records of one station while it runs: little in memory, the rest in a file."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import RecorderError
from edgepi.plugin import RunBlocking
from edgepi_weather.met import Derived, Observation
from edgepi_weather.records.report import report
from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import Tallies, merged, tallies_of, values_of

__all__ = ["FILE", "Records"]

FILE = "records.db"
SAVE_EACH_S = 300.0
MOST_UNDATED = 1440


class Records:
    """Takes observations, and writes every five minutes: so much of a record a power cut may cost.

    What is observed before the clock is trusted waits, and is dated as soon as it is. *rain_gauge* says
    whether an observation without rain is a gap in which nobody counted.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        clock: Clock,
        zone: tzinfo,
        run_blocking: RunBlocking,
        log: logging.Logger,
        rain_gauge: bool = False,
    ) -> None:
        self.store = Store(state_dir / FILE)
        self._clock, self._zone, self._run, self._log = clock, zone, run_blocking, log
        self._rain_gauge = rain_gauge
        self._undated: deque[tuple[float, dict[str, float | None]]] = deque(maxlen=MOST_UNDATED)
        self._unsaved: Tallies = {}
        self._saved_s: float | None = None

    async def start(self) -> None:
        """Look whether the file is whole; a broken one is put aside and said, and a new one begun."""
        try:
            aside = await self._run(self.store.mend)
        except RecorderError as error:
            self._log.warning("%s", error)
            return
        if aside is not None:
            self._log.error("the weather records were damaged; they are begun anew, the old are in %s", aside)

    async def add(self, observation: Observation, derived: Derived) -> None:
        """Take an observation of this moment, without its doubtful values. Never raises for a bad disk."""
        values = values_of(observation, derived)
        if not self._rain_gauge and values.get("rain") is None:
            values.pop("rain", None)
        now_s = self._clock.monotonic()
        self._undated.append((now_s, values))
        if self._saved_s is None:
            self._saved_s = now_s
        if not self._clock.trusted:
            return
        self._date(now_s, self._clock.now())
        if now_s - self._saved_s >= SAVE_EACH_S:
            await self.save()

    async def save(self) -> None:
        """Write what is not written yet; what the disk does not take is kept for the next time."""
        self._saved_s = self._clock.monotonic()
        unsaved, self._unsaved = self._unsaved, {}
        if not unsaved:
            return
        try:
            await self._run(self.store.add, unsaved)
        except RecorderError as error:
            self._unsaved = merged((unsaved, self._unsaved))
            self._log.warning("%s", error)

    async def month(self, month: str | None = None) -> dict[str, Any]:
        """Return the `report` of a month such as ``2026-11``, None is this one; raises RecorderError."""
        await self.save()
        asked = month or f"{self._clock.now().astimezone(self._zone):%Y-%m}"
        return await self._run(report, self.store, asked)

    def _date(self, now_s: float, now_utc: datetime) -> None:
        parts: list[Tallies] = [self._unsaved]
        while self._undated:
            then_s, values = self._undated.popleft()
            then = now_utc - timedelta(seconds=now_s - then_s)
            parts.append(tallies_of(values, then.astimezone(self._zone)))
        self._unsaved = merged(parts)
