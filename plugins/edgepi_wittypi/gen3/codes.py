"""How the Witty Pi 3 and its DS3231 write times, voltages and temperatures; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from edgepi_wittypi import codes
from edgepi_wittypi.codes import from_bcd, to_bcd
from edgepi_wittypi.gen3.registers import UNSET

__all__ = [
    "EACH_DAY",
    "decode_clock",
    "decode_temperature",
    "encode_alarm1",
    "encode_alarm2",
    "encode_clock",
    "encode_voltage",
    "second_alarm",
]

TWELVE_HOURS, AFTERNOON = 0x40, 0x20
EACH_DAY = 0x80  # in place of a day
BEHIND = timedelta(minutes=2)


def encode_voltage(volts: float | None) -> int:
    """Tenths of a volt, 255 for off."""
    return UNSET if volts is None else min(max(round(volts * 10), 0), UNSET - 1)


def encode_clock(time_utc: datetime) -> tuple[int, ...]:
    """Registers 0 to 6: second, minute, hour of 24, weekday from 1, day, month, year."""
    t = time_utc.astimezone(UTC)
    fields = (t.second, t.minute, t.hour, t.isoweekday(), t.day, t.month, t.year % 100)
    return tuple(to_bcd(value) for value in fields)


def decode_clock(held: Sequence[int]) -> datetime | None:
    """Time of registers 0 to 6, None if it is none; hours of twelve are understood."""
    second, minute, hour, weekday, day, month, year = held
    try:
        return codes.decode_clock((second, minute, _hour_of_24(hour), day, weekday, month, year))
    except ValueError:
        return None


def _hour_of_24(held: int) -> int:
    if not held & TWELVE_HOURS:
        return held
    return to_bcd(from_bcd(held & 0x1F) % 12 + (12 if held & AFTERNOON else 0))


def encode_alarm1(time_utc: datetime, *, each_day: bool) -> tuple[int, int, int, int]:
    """Second, minute, hour and day of the month; or each day at that time."""
    second, minute, hour, _, day, _, _ = encode_clock(time_utc)
    return second, minute, hour, EACH_DAY if each_day else day


def second_alarm(first_utc: datetime) -> datetime:
    """When the second alarm is to stand behind the first: it knows whole minutes only."""
    return (first_utc + BEHIND + timedelta(minutes=1, microseconds=-1)).replace(second=0, microsecond=0)


def encode_alarm2(time_utc: datetime) -> tuple[int, int, int]:
    """Minute, hour and day of the month."""
    _, minute, hour, _, day, _, _ = encode_clock(time_utc)
    return minute, hour, day


def decode_temperature(high: int, low: int) -> float:
    """Degrees Celsius of registers 17 and 18: a signed whole, and quarters in the upper two bits."""
    return (high - 256 if high > 127 else high) + (low >> 6) * 0.25
