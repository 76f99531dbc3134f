"""Cuts time into solar days and slots, and sums what the panel gave in each slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from edgepi.energy.settings import SLOT_H, SLOTS, Site

__all__ = ["DayLog", "SlotTime", "slot_time"]

_ENOUGH = 0.5
_LONGEST_H = 1.0


@dataclass(frozen=True, slots=True)
class SlotTime:
    """A moment as solar day (the UTC date on which it begins) and hours into it."""

    day: date
    hour: float

    @property
    def slot(self) -> int:
        """Slot of the day."""
        return min(int(self.hour / SLOT_H + 1e-9), SLOTS - 1)


# One decision asks many times about the same moment.
@lru_cache(maxsize=16)
def slot_time(site: Site, when: datetime) -> SlotTime:
    """Say in which solar day of a site a moment lies, and where."""
    at = when.astimezone(UTC) - timedelta(hours=site.midnight_slot * SLOT_H)
    seconds = 60.0 * at.minute + at.second + at.microsecond / 1e6
    return SlotTime(at.date(), at.hour + seconds / 3600.0)


class DayLog:
    """Mean harvest of each slot of the day so far; None where too little was measured."""

    def __init__(self) -> None:
        self._sums = [0.0] * SLOTS
        self._hours = [0.0] * SLOTS

    def restore(self, means: Sequence[float | None]) -> None:
        """Take over slots that were summed before."""
        for slot, power in enumerate(means):
            if power is not None:
                self._sums[slot], self._hours[slot] = power * SLOT_H, SLOT_H

    def add(self, until: SlotTime, hours: float, harvest_w: float) -> None:
        """Take in a mean power over the *hours* before a moment; what lies before the day is left out."""
        if hours > _LONGEST_H:
            return
        start = max(0.0, until.hour - hours)
        while start < until.hour - 1e-9:
            slot = min(int(start / SLOT_H + 1e-9), SLOTS - 1)
            stop = min(until.hour, (slot + 1) * SLOT_H)
            self._sums[slot] += harvest_w * (stop - start)
            self._hours[slot] += stop - start
            start = stop if stop > start else until.hour

    def fill(self, slot: int, hours: float, harvest_w: float) -> None:
        """Take in a mean power for some hours of one slot, learned afterwards."""
        self._sums[slot] += harvest_w * hours
        self._hours[slot] += hours

    def means(self, slots: int = SLOTS) -> list[float | None]:
        """Mean watts of the first *slots* slots."""
        pairs = zip(self._sums[:slots], self._hours[:slots], strict=True)
        return [total / hours if hours >= _ENOUGH * SLOT_H else None for total, hours in pairs]
