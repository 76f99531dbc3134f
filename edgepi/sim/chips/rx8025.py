"""The RX8025T real-time clock and the TMP112 thermometer behind the Witty Pi 5's virtual registers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edgepi.sim.chips.pcf85063 import PCF85063, from_bcd, to_bcd

__all__ = ["RX8025", "TMP112"]

WEEKDAY, LAST_FIELD, MIN_ALARM, DAY_ALARM = 3, 6, 8, 10
EXTENSION, FLAG, CONTROL = 13, 14, 15
BY_DAY, ALARM_GOES_OUT, EVERY_2_S = 0x40, 0x08, 0x40
ALARM_FLAG, VOLTAGE_LOW_FLAG, UPDATE_FLAG = 0x08, 0x02, 0x20
WRITABLE_FLAGS = ALARM_FLAG | VOLTAGE_LOW_FLAG | 0x31
ANY = 0x80  # an alarm register with this bit matches every value
DAY, MINUTE, HOUR = 3, 1, 2
_ORDER = (0, 1, 2, 4, 3, 5, 6)  # which field of the counter each register shows


@dataclass(slots=True)
class RX8025:
    """Seconds to year with the weekday as one bit of seven; an alarm of day, hour and minute.

    The alarm comes when such a minute begins, never within it, and only as `start_alarms` has set it up.
    The flag 0x02 says that the time was lost.
    """

    counter: PCF85063 = field(default_factory=PCF85063)
    others: list[int] = field(default_factory=lambda: [0] * 16)

    def __post_init__(self) -> None:
        """Start as a chip that never had power."""
        self.others[FLAG] = VOLTAGE_LOW_FLAG

    def set(self, time: datetime) -> None:
        """Set it from outside, as a factory would."""
        self.counter.set(time)
        self.others[FLAG] &= ~VOLTAGE_LOW_FLAG

    def start_alarms(self) -> None:
        """Do what the firmware does at its start: alarms go by the day and reach the board."""
        self.others[EXTENSION], self.others[CONTROL] = BY_DAY, EVERY_2_S | ALARM_GOES_OUT

    def lose_time(self) -> None:
        """Forget the time alone, and know it."""
        self.counter.lose_power()
        self.others[FLAG] |= VOLTAGE_LOW_FLAG

    def lose_power(self) -> None:
        """Forget everything, and know it."""
        self.others = [0] * 16
        self.lose_time()

    def read(self, register: int) -> int:
        """Return a register of the chip itself (0 to 15)."""
        if register > LAST_FIELD:
            return self.others[register]
        value = self.counter.fields[_ORDER[register]]
        return 1 << value if register == WEEKDAY else to_bcd(value)

    def write(self, register: int, value: int) -> None:
        """Take a register of the chip itself; a flag can be cleared, not set."""
        if register == FLAG:
            self.others[FLAG] &= value & WRITABLE_FLAGS
        elif register > LAST_FIELD:
            self.others[register] = value
        else:
            number = (value & 0x7F).bit_length() - 1 if register == WEEKDAY else from_bcd(value & 0xFF)
            self.counter.fields[_ORDER[register]] = max(number, 0)
            if register == 0:
                self.counter.fraction_s = 0.0

    def step(self, dt_s: float) -> bool:
        """Count on; say whether the alarm came."""
        before = self.counter.fields[MINUTE]
        self.counter.step(dt_s)
        if self.counter.fields[MINUTE] == before or not self._matches():
            return False
        self.others[FLAG] |= ALARM_FLAG
        return bool(self.others[CONTROL] & ALARM_GOES_OUT and self.others[EXTENSION] & BY_DAY)

    def set_alarm(self, day: int, hour: int, minute: int) -> None:
        """Set the alarm; day 0 is never."""
        for register, value in zip(range(DAY_ALARM, MIN_ALARM - 1, -1), (day, hour, minute), strict=True):
            self.others[register] = to_bcd(value)

    def _matches(self) -> bool:
        wanted = zip((MINUTE, HOUR, DAY), self.others[MIN_ALARM : DAY_ALARM + 1], strict=True)
        return all(held & ANY or from_bcd(held) == self.counter.fields[index] for index, held in wanted)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {"counter": self.counter.to_dict(), "others": list(self.others)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RX8025:
        """The clock that `to_dict` described."""
        clock = cls(PCF85063(**data["counter"]))
        clock.others = list(data["others"])
        return clock


@dataclass(slots=True)
class TMP112:
    """Four words; the board's firmware reads both bytes at the high one and keeps the low one."""

    words: list[int] = field(default_factory=lambda: [0, 0x7AA0, 0, 0])
    latched: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def read(self, register: int, temperature_c: float) -> int:
        """Return a byte; a high one is read afresh."""
        index, low = divmod(register, 2)
        if not low:
            self.words[0] = (max(-2048, min(2047, round(temperature_c / 0.0625))) << 4) & 0xFFFF
            self.latched[index] = self.words[index]
        return self.latched[index] & 0xFF if low else self.latched[index] >> 8

    def write(self, register: int, value: int) -> None:
        """Take a byte; the temperature cannot be written."""
        index, low = divmod(register, 2)
        if index:
            kept = self.words[index] & (0xFF00 if low else 0x00FF)
            self.words[index] = self.latched[index] = kept | (value if low else value << 8)
