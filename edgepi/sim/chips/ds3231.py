"""The DS3231 real-time clock of the Witty Pi 3, with its two alarms and its thermometer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgepi.sim.chips.pcf85063 import from_bcd, month_days, to_bcd

__all__ = ["DS3231", "FLAG1", "FLAG2", "STATUS"]

SECONDS, MINUTES, HOURS, DAY, DATE, MONTH, YEAR = range(7)
ALARM1, ALARM2, CONTROL, STATUS, AGING, TEMPERATURE, COUNT = 7, 11, 14, 15, 16, 17, 19
MASKS = (0x7F, 0x7F, 0x7F, 0x07, 0x3F, 0x9F, 0xFF)
CENTURY, TWELVE, AFTERNOON = 0x80, 0x40, 0x20
OPEN, BY_DAY = 0x80, 0x40
STOPS_ON_BATTERY, CONVERT, ALARMS_GO_OUT, ALARM1_ON, ALARM2_ON = 0x80, 0x20, 0x04, 0x01, 0x02
LOST, CLOCK_OUT, BUSY, FLAG1, FLAG2 = 0x80, 0x08, 0x04, 0x01, 0x02
ONLY_CLEARED = LOST | FLAG1 | FLAG2
AT_FIRST = (0, 0, 0, 1, 1, 1, 0, *(0,) * 7, 0x1C, LOST | CLOCK_OUT, 0, 0, 0)
CONVERTS_EACH_S = 64.0


@dataclass(slots=True)
class DS3231:
    """Registers as the chip holds them; time and alarms are compared as bytes, once a second.

    *drift_ppm* makes it gain time against the world; *temperature_c* is what its thermometer would see.
    The flags of status can be cleared, not set; 0x80 of them says that the time was lost.
    """

    registers: list[int] = field(default_factory=lambda: list(AT_FIRST))
    fraction_s: float = 0.0
    drift_ppm: float = 0.0
    temperature_c: float = 25.0
    to_conversion_s: float = 0.0

    @property
    def alarm_line(self) -> bool:
        """Level of INT/SQW: low while an alarm that is switched on has its flag up."""
        control, status = self.registers[CONTROL], self.registers[STATUS]
        return not (control & ALARMS_GO_OUT and control & status & (ALARM1_ON | ALARM2_ON))

    def set(self, time: datetime) -> None:
        """Set it from outside, in 24 hours; the flag of lost time stays what it is."""
        for register, value in enumerate((time.second, time.minute, time.hour, time.isoweekday(), time.day)):
            self.registers[register] = to_bcd(value)
        self.registers[MONTH] = to_bcd(time.month)
        self.registers[YEAR] = to_bcd(time.year % 100)
        self.fraction_s = time.microsecond / 1e6

    def set_sure(self, time: datetime) -> None:
        """Set it as software does that clears the flag of lost time, too."""
        self.set(time)
        self.registers[STATUS] &= ~LOST

    def shown_utc(self) -> datetime | None:
        """What it shows, taken as UTC; None for what is no time."""
        held = self.registers
        try:
            return datetime(
                2000 + from_bcd(held[YEAR]),
                from_bcd(held[MONTH] & 0x1F),
                from_bcd(held[DATE]),
                self._hour(),
                from_bcd(held[MINUTES]),
                from_bcd(held[SECONDS]),
                tzinfo=UTC,
            )
        except ValueError:
            return None

    def lose_power(self) -> None:
        """Forget everything, as without battery and supply."""
        self.registers, self.fraction_s, self.to_conversion_s = list(AT_FIRST), 0.0, 0.0

    def read(self, register: int) -> int:
        """Return a register; a transaction that goes on past the last begins anew at 0."""
        return self.registers[register % COUNT]

    def write(self, register: int, value: int) -> None:
        """Take a register; the temperature cannot be written."""
        register %= COUNT
        if register < ALARM1:
            self.registers[register] = value & MASKS[register]
            self.fraction_s = 0.0 if register == SECONDS else self.fraction_s
        elif register == STATUS:
            kept = self.registers[STATUS] & (value | ~ONLY_CLEARED) & ~CLOCK_OUT
            self.registers[STATUS] = kept | value & CLOCK_OUT
        elif register < TEMPERATURE:
            self.registers[register] = value
            if register == CONTROL and value & CONVERT:
                self.to_conversion_s = 0.0

    def step(self, dt_s: float) -> None:
        """Count on, as a chip that hangs on a bus by itself."""
        self.count_on(dt_s)

    def count_on(self, dt_s: float, *, on_battery: bool = False, misses: int = 0) -> int:
        """Count on; return the flags of the alarms that came, without those of *misses* going up.

        On its battery the bit EOSC stops it.
        """
        if on_battery and self.registers[CONTROL] & STOPS_ON_BATTERY:
            self.registers[STATUS] |= LOST
            return 0
        self._measure(dt_s)
        came = 0
        self.fraction_s += dt_s * (1.0 + self.drift_ppm / 1e6)
        while self.fraction_s >= 1.0 - 1e-9:
            self.fraction_s = max(0.0, self.fraction_s - 1.0)
            self._tick()
            came |= self._matching()
        self.registers[STATUS] |= came & ~misses
        return came

    def _measure(self, dt_s: float) -> None:
        self.to_conversion_s -= dt_s
        if self.to_conversion_s <= 0.0:
            self.to_conversion_s = CONVERTS_EACH_S
            self.registers[CONTROL] &= ~CONVERT
            quarters = max(-512, min(511, round(self.temperature_c * 4)))
            self.registers[TEMPERATURE] = quarters >> 2 & 0xFF
            self.registers[TEMPERATURE + 1] = (quarters & 3) << 6

    def _hour(self) -> int:
        held = self.registers[HOURS]
        if not held & TWELVE:
            return from_bcd(held & 0x3F)
        return from_bcd(held & 0x1F) % 12 + (12 if held & AFTERNOON else 0)

    def _put_hour(self, hour: int) -> None:
        if self.registers[HOURS] & TWELVE:
            half = AFTERNOON if hour >= 12 else 0
            self.registers[HOURS] = TWELVE | half | to_bcd((hour + 11) % 12 + 1)
        else:
            self.registers[HOURS] = to_bcd(hour)

    def _tick(self) -> None:
        held = self.registers
        for register in (SECONDS, MINUTES):
            value = from_bcd(held[register]) + 1
            held[register] = to_bcd(value % 60)
            if value < 60:
                return
        hour = self._hour() + 1
        self._put_hour(hour % 24)
        if hour >= 24:
            held[DAY] = held[DAY] % 7 + 1
            self._next_date()

    def _next_date(self) -> None:
        held = self.registers
        month, year, date = from_bcd(held[MONTH] & 0x1F), from_bcd(held[YEAR]), from_bcd(held[DATE]) + 1
        if date <= month_days(month, year):
            held[DATE] = to_bcd(date)
            return
        held[DATE] = 1
        century = held[MONTH] & CENTURY
        if month >= 12:
            month, year = 0, year + 1
            century ^= CENTURY if year > 99 else 0
        held[MONTH], held[YEAR] = century | to_bcd(month + 1), to_bcd(year % 100)

    def _matching(self) -> int:
        """Flags of the alarms that match now; what is left open matches always, seconds of alarm 2 at 0."""
        held = self.registers
        first = all(self._matches(ALARM1 + i, register) for i, register in enumerate((0, 1, 2)))
        second = held[SECONDS] == 0 and all(self._matches(ALARM2 + i, (1, 2)[i]) for i in range(2))
        return (FLAG1 if first and self._matches_day(ALARM1 + 3) else 0) | (
            FLAG2 if second and self._matches_day(ALARM2 + 2) else 0
        )

    def _matches(self, alarm: int, register: int) -> bool:
        wanted = self.registers[alarm]
        return bool(wanted & OPEN) or wanted & 0x7F == self.registers[register]

    def _matches_day(self, alarm: int) -> bool:
        wanted = self.registers[alarm]
        if wanted & OPEN:
            return True
        if wanted & BY_DAY:
            return wanted & 0x0F == self.registers[DAY]
        return wanted & 0x3F == self.registers[DATE]

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return asdict(self)
