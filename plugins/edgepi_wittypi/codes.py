"""How times are written in the boards' registers, and which alarm is safe; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = [
    "AlarmTime",
    "choose_alarm",
    "decode_clock",
    "encode_clock",
    "from_bcd",
    "to_bcd",
]

EARLIEST_YEAR = 20  # a clock that lost its battery starts again at 2000


def to_bcd(value: int) -> int:
    """Pack two decimal digits."""
    return value // 10 << 4 | value % 10


def from_bcd(value: int) -> int:
    """Unpack two decimal digits; raises ValueError if they are none."""
    if value >> 4 > 9 or value & 0x0F > 9:
        raise ValueError(f"0x{value:02x} is not a decimal number")
    return (value >> 4) * 10 + (value & 0x0F)


def encode_clock(time_utc: datetime) -> tuple[int, ...]:
    """Registers 58 to 64: second, minute, hour, day, weekday, month, year."""
    t = time_utc.astimezone(UTC)
    return tuple(
        to_bcd(v) for v in (t.second, t.minute, t.hour, t.day, t.isoweekday() % 7, t.month, t.year % 100)
    )


def decode_clock(registers: Sequence[int]) -> datetime | None:
    """Time of registers 58 to 64, None if the clock was lost or is not set."""
    try:
        second, minute, hour, day, month, year = (
            from_bcd(value)
            for value in (
                registers[0] & 0x7F,
                registers[1] & 0x7F,
                registers[2] & 0x3F,
                registers[3] & 0x3F,
                registers[5] & 0x1F,
                registers[6],
            )
        )
        if year < EARLIEST_YEAR:
            return None
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class AlarmTime:
    """When the alarm will be set, and why it is not what was asked."""

    time_utc: datetime
    note: str = ""

    @property
    def text(self) -> str:
        """The alarm as a trigger of a receipt."""
        return f"alarm at {self.time_utc:%Y-%m-%d %H:%M:%S} UTC" + (f" ({self.note})" if self.note else "")

    def registers(self) -> tuple[int, int, int, int, int]:
        """Second, minute, hour, day, weekday."""
        second, minute, hour, day, weekday, _, _ = encode_clock(self.time_utc)
        return second, minute, hour, day, weekday


def choose_alarm(wake_utc: datetime, now_utc: datetime, *, margin_s: float, horizon_s: float) -> AlarmTime:
    """Choose a whole second that the board can hold and will not miss."""
    wanted = wake_utc.astimezone(UTC)
    wanted += timedelta(microseconds=-wanted.microsecond % 1_000_000)
    earliest = now_utc.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=math.ceil(margin_s) + 1)
    latest = now_utc.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=horizon_s)
    if wanted < earliest:
        return AlarmTime(
            earliest, f"{wanted:%H:%M:%S} UTC is too near or past; the board would miss it for good"
        )
    if wanted > latest:
        return AlarmTime(latest, f"{wanted:%Y-%m-%d} is too far; the board knows the day of the month only")
    return AlarmTime(wanted)
