"""The words of decisions: short, with numbers, in the node's local time."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["clock_time", "percent", "volts", "wh", "zone"]


@lru_cache(maxsize=8)
def zone(name: str) -> tzinfo:
    """Look up a time zone by its IANA name; UTC if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def clock_time(when_utc: datetime, now_utc: datetime, place: tzinfo) -> str:
    """Say a time: ``11:40``, ``tomorrow 07:55``, or ``on Fri 05 Dec 07:55``."""
    when, now = when_utc.astimezone(place), now_utc.astimezone(place)
    if when.date() == now.date():
        return f"{when:%H:%M}"
    if when.date() == now.date() + timedelta(days=1):
        return f"tomorrow {when:%H:%M}"
    return f"on {when:%a %d %b %H:%M}"


def wh(energy_wh: float) -> str:
    """Say an energy: ``3.1 Wh``, ``0.04 Wh``, ``154 Wh``."""
    size = abs(energy_wh)
    digits = 0 if size >= 99.5 else 1 if size >= 0.1 or size < 0.0005 else 3 if size < 0.01 else 2
    return f"{energy_wh:.{digits}f} Wh"


def volts(voltage_v: float) -> str:
    """Say a voltage: ``12.31 V``."""
    return f"{voltage_v:.2f} V"


def percent(share: float) -> str:
    """Say a share (0..1): ``83 %``."""
    return f"{share * 100:.0f} %"
