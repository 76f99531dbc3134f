"""Summer time as the Witty Pi 5's firmware reckons it from registers 44 to 53."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi.sim.chips.pcf85063 import from_bcd
from edgepi.sim.chips.wittypi5_memory import Configuration
from edgepi.sim.chips.wittypi5_registers import Reg5

__all__ = ["SummerTime", "summer_time"]

BY_DATE = 0x80  # else by weekday of a week
LAST_WEEK = 0


@dataclass(frozen=True, slots=True)
class SummerTime:
    """When the clock is put forward and back in one year, and by how much."""

    begin: datetime
    end: datetime
    shift: timedelta

    def holds(self, time: datetime) -> bool:
        """Whether it is summer; on the southern half the end comes before the beginning."""
        if self.begin.month < self.end.month:
            return self.begin <= time < self.end
        return time < self.end or time >= self.begin


def summer_time(memory: Configuration, now: datetime) -> SummerTime | None:
    """What is configured for the year of *now*, None if nothing is.

    The register holds minutes and the firmware adds them as seconds: kept here, for a clock in UTC
    must not be shifted at all.
    """
    offset = memory[Reg5.DST_OFFSET]
    if not offset & 0x7F:
        return None
    begin, end = (_moment(memory, first, now, by_date=bool(offset & BY_DATE)) for first in _FIRST)
    if begin is None or end is None:
        return None
    return SummerTime(begin, end, timedelta(seconds=offset & 0x7F))


_FIRST = (Reg5.DST_BEGIN, Reg5.DST_END)


def _moment(memory: Configuration, first: int, now: datetime, *, by_date: bool) -> datetime | None:
    month, day, hour, minute = (from_bcd(memory[first + i]) for i in range(4))
    try:
        if not by_date:
            day = _day_of(now.year, month, week=day // 10, weekday=day % 10)
        return now.replace(month=month, day=day, hour=hour, minute=minute, second=0, microsecond=0)
    except (ValueError, calendar.IllegalMonthError):
        return None


def _day_of(year: int, month: int, *, week: int, weekday: int) -> int:
    """Day of the month of a weekday (0 is Sunday) in its first to fifth week, or its last."""
    first, days = calendar.monthrange(year, month)
    earliest = 1 + (weekday - (first + 1)) % 7
    return earliest + 7 * (week - 1) if week != LAST_WEEK else earliest + (days - earliest) // 7 * 7
