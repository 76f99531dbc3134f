"""The PCF85063 real-time clock behind the Witty Pi's virtual registers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["PCF85063", "from_bcd", "month_days", "to_bcd"]

CTRL1, SECONDS, LAST = 0, 4, 17
STOP_BIT = 0x20
LOST_POWER = [0, 0, 0, 1, 6, 1, 0]  # 1 January of year 0, a Saturday
MASKS = (0x7F, 0x7F, 0x3F, 0x3F, 0x07, 0x1F, 0xFF)


@dataclass(slots=True)
class PCF85063:
    """Seconds to year as the chip counts them; the year 0 is what it shows after losing power.

    *drift_ppm* makes it gain time against the world.
    """

    fields: list[int] = field(default_factory=lambda: list(LOST_POWER))
    others: list[int] = field(default_factory=lambda: [0] * (LAST + 1))
    fraction_s: float = 0.0
    drift_ppm: float = 0.0

    def set(self, time: datetime) -> None:
        """Set it from outside, as a factory or a fresh start would."""
        weekday = time.isoweekday() % 7
        self.fields = [time.second, time.minute, time.hour, time.day, weekday, time.month, time.year % 100]
        self.fraction_s = time.microsecond / 1e6

    def shown_utc(self) -> datetime | None:
        """What it shows, taken as UTC; None in the year 0 and for what is no time."""
        second, minute, hour, day, _, month, year = self.fields
        try:
            return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC) if year else None
        except ValueError:
            return None

    @property
    def stamp(self) -> int:
        """Seconds since the month began, as the board's firmware compares them."""
        second, minute, hour, day = self.fields[:4]
        return day * 86400 + hour * 3600 + minute * 60 + second

    def lose_power(self) -> None:
        """Forget everything."""
        self.fields, self.others, self.fraction_s = list(LOST_POWER), [0] * (LAST + 1), 0.0

    def read(self, register: int) -> int:
        """Return a register of the chip itself (0 to 17)."""
        if SECONDS <= register < SECONDS + 7:
            return to_bcd(self.fields[register - SECONDS])
        return self.others[register]

    def write(self, register: int, value: int) -> None:
        """Take a register of the chip itself."""
        if SECONDS <= register < SECONDS + 7:
            self.fields[register - SECONDS] = from_bcd(value & MASKS[register - SECONDS])
            if register == SECONDS:
                self.fraction_s = 0.0
        else:
            self.others[register] = value

    def step(self, dt_s: float) -> None:
        """Count on."""
        if self.others[CTRL1] & STOP_BIT:
            return
        self.fraction_s += dt_s * (1.0 + self.drift_ppm / 1e6)
        while self.fraction_s >= 1.0 - 1e-9:
            self.fraction_s = max(0.0, self.fraction_s - 1.0)
            self._tick()

    def _tick(self) -> None:
        _, _, _, _, weekday, month, year = self.fields
        limits = ((0, 60), (1, 60), (2, 24))
        for index, limit in limits:
            self.fields[index] += 1
            if self.fields[index] < limit:
                return
            self.fields[index] = 0
        self.fields[4] = (weekday + 1) % 7
        self.fields[3] += 1
        if self.fields[3] > month_days(month, year):
            self.fields[3] = 1
            self.fields[5] = month % 12 + 1
            self.fields[6] = (year + (month == 12)) % 100

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "fields": list(self.fields),
            "others": list(self.others),
            "fraction_s": self.fraction_s,
            "drift_ppm": self.drift_ppm,
        }


def to_bcd(value: int) -> int:
    """Pack two decimal digits."""
    return value // 10 << 4 | value % 10


def from_bcd(value: int) -> int:
    """Unpack two decimal digits, as carelessly as the firmware does."""
    return (value >> 4) * 10 + (value & 0x0F)


def month_days(month: int, year: int) -> int:
    """How many days a month has, by the two digits of its year."""
    if month == 2:
        return 29 if year % 4 == 0 else 28
    return 30 if month in (4, 6, 9, 11) else 31
