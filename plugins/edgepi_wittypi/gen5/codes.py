"""How the Witty Pi 5 writes times, voltages and misses; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from edgepi_wittypi import codes
from edgepi_wittypi.codes import from_bcd

__all__ = [
    "decode_alarm",
    "decode_clock",
    "decode_temperature",
    "encode_alarm",
    "encode_clock",
    "encode_misses",
    "encode_voltage",
]

HIGHEST = 255


def encode_voltage(volts: float | None) -> int:
    """Tenths of a volt (the firmware multiplies by 100 mV), 0 for off."""
    return 0 if volts is None else min(max(round(volts * 10), 1), HIGHEST)


def encode_misses(seconds: float | None) -> int:
    """Heartbeats of a minute each that may be missed, so that power is cycled after *seconds*; 0 is off."""
    return 0 if seconds is None else min(max(math.ceil(seconds / 60.0) - 1, 1), HIGHEST)


def encode_clock(time_utc: datetime) -> tuple[int, ...]:
    """Registers 80 to 86: second, minute, hour, weekday as one bit of seven, day, month, year."""
    second, minute, hour, day, weekday, month, year = codes.encode_clock(time_utc)
    return second, minute, hour, 1 << weekday, day, month, year


def decode_clock(held: Sequence[int]) -> datetime | None:
    """Time of registers 80 to 86, None if the clock was lost or is not set."""
    second, minute, hour, weekday, day, month, year = held
    return codes.decode_clock((second, minute, hour, day, weekday, month, year))


def encode_alarm(time_utc: datetime | None) -> tuple[int, int, int, int]:
    """Second, minute, hour and day of an alarm; None is none."""
    if time_utc is None:
        return 0, 0, 0, 0
    second, minute, hour, day = codes.encode_clock(time_utc)[:4]
    return second, minute, hour, day


def decode_alarm(held: Sequence[int], now_utc: datetime) -> datetime | None:
    """The next time that an alarm stands for; None for none."""
    try:
        second, minute, hour, day = (from_bcd(value) for value in held)
        moment = now_utc.astimezone(UTC).replace(
            day=1, hour=hour, minute=minute, second=second, microsecond=0
        )
    except ValueError:
        return None
    if not 1 <= day <= 31:
        return None
    while True:
        found = moment + timedelta(days=day - 1)
        if found.month == moment.month and found > now_utc:
            return found
        moment = (moment + timedelta(days=31)).replace(day=1)


def decode_temperature(high: int, low: int) -> float:
    """Degrees Celsius of registers 96 and 97: 0.0625 degrees each, in the upper 12 bits."""
    steps = high << 4 | low >> 4
    return (steps - 4096 if steps & 0x800 else steps) * 0.0625
