"""The records of one station while it runs: little in memory, the rest in a file."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.errors import RecorderError
from edgepi.plugin import RunBlocking
from edgepi_weather.records.report import report
from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import QUANTITIES, Tallies, merged, tallies_of

__all__ = ["FILE", "SAVE_EACH_S", "Records"]

FILE = "records.db"
SAVE_EACH_S = 300.0
MOST_UNDATED = 1440


class Records:
    """Takes readings, and writes every five minutes: so much of a record a power cut may cost.

    *local_now* is what clocks at the station show, None while the node's cannot be trusted: what is read
    until then waits, and is dated as soon as it can be.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        monotonic: Callable[[], float],
        local_now: Callable[[], datetime | None],
        run_blocking: RunBlocking,
        log: logging.Logger,
    ) -> None:
        self.store = Store(state_dir / FILE)
        self._monotonic, self._local_now, self._run, self._log = monotonic, local_now, run_blocking, log
        self._undated: deque[tuple[float, dict[str, float | None]]] = deque(maxlen=MOST_UNDATED)
        self._unsaved: Tallies = {}
        self._complained = False

    async def start(self) -> None:
        """Look whether the file is whole; a broken one is put aside and said, and a new one begun."""
        try:
            aside = await self._run(self.store.file.mend)
        except RecorderError as error:
            self._log.warning("%s", error)
            return
        if aside is not None:
            self._log.error("the weather records were damaged; they are begun anew, the old are in %s", aside)

    def add(self, values: Mapping[str, float | None]) -> None:
        """Take readings of this moment by the keys of `QUANTITIES`, others are left out.

        Of what is None only rain counts: as a gap in which nobody counted.
        """
        kept = {
            key: each
            for key, each in values.items()
            if key in QUANTITIES and (each is not None or key == "rain")
        }
        if kept:
            self._undated.append((self._monotonic(), kept))
        self._date()

    async def save(self) -> None:
        """Write what is not written yet; what the disk does not take is said once, and kept for later."""
        self._date()
        unsaved, self._unsaved = self._unsaved, {}
        if not unsaved:
            return
        try:
            await self._run(self.store.add, unsaved)
        except RecorderError as error:
            self._unsaved = merged((unsaved, self._unsaved))
            if not self._complained:
                self._log.warning("%s; they wait in memory (said once)", error)
            self._complained = True
        else:
            self._complained = False

    async def month(self, month: str | None = None) -> dict[str, Any]:
        """Return the `report` of a month such as ``2026-11``, None is the latest; raises RecorderError."""
        await self.save()
        return await self._run(report, self.store, month)

    def _date(self) -> None:
        local, now_s = self._local_now(), self._monotonic()
        if local is None:
            return
        parts: list[Tallies] = [self._unsaved]
        while self._undated:
            then_s, values = self._undated.popleft()
            # By way of UTC: local times do not know how long an hour of changing clocks was.
            then = local.astimezone(UTC) - timedelta(seconds=now_s - then_s)
            parts.append(tallies_of(values, then.astimezone(local.tzinfo)))
        self._unsaved = merged(parts)
