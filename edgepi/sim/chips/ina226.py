"""The INA226 at register level: finer than the INA219, averaging, with an alert and a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgepi.sim.chips.ina219 import Rail, signed
from edgepi.sim.chips.words import WordChip

__all__ = ["INA226"]

CONFIG, SHUNT, BUS, POWER, CURRENT, CALIBRATION, MASK, LIMIT = range(8)
MANUFACTURER, DIE = 0xFE, 0xFF
DEFAULT_CONFIG, FIXED, RESET_BIT = 0x4127, 0x4000, 0x8000
NAMES = {MANUFACTURER: 0x5449, DIE: 0x2260}
SHUNT_LSB_V, BUS_LSB_V = 2.5e-6, 1.25e-3
HIGHEST_BUS_V = 36.0
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
CONVERSION_S = (140e-6, 204e-6, 332e-6, 588e-6, 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3)
CHOICES, ALERT, READY, OVERFLOW, LATCH = 0xFC00, 0x10, 0x08, 0x04, 0x01
SHUNT_OVER, SHUNT_UNDER, BUS_OVER, BUS_UNDER, POWER_OVER = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800


class INA226(WordChip):
    """The chip; *rail* is asked at the end of each measurement, or set as an attribute."""

    def __init__(self, rail: Callable[[], Rail] | Rail | None = None) -> None:
        self.rail: Callable[[], Rail] | Rail = rail or Rail()
        self._reset()

    def _reset(self) -> None:
        self._registers = [DEFAULT_CONFIG, 0, 0, 0, 0, 0, 0, 0]
        self._ready = self._overflow = self._alert = self._done = False
        self._left_s = self._takes_s()

    @property
    def mode(self) -> int:
        """Bits 2:0 of the configuration: 0 and 4 power-down, 1-3 once, 5-7 for ever."""
        return self._registers[CONFIG] & 7

    @property
    def alerts(self) -> bool:
        """Whether the alert pin is pulled."""
        return self._alert

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take a register, high byte first; all but four are read-only."""
        if len(data) < 2:
            return
        word = data[0] << 8 | data[1]
        if register == CONFIG and word & RESET_BIT:
            self._reset()
        elif register == CONFIG:
            self._registers[CONFIG] = FIXED | word & 0x0FFF
            self._ready = self._ready and self.mode in (0, 4)
            self._done = False
            self._left_s = self._takes_s()
        elif register == CALIBRATION:
            self._registers[CALIBRATION] = word & 0x7FFF
            self._calculate()
        elif register == MASK:
            self._registers[MASK] = word & (CHOICES | 0x03)
        elif register == LIMIT:
            self._registers[LIMIT] = word

    def step(self, dt_s: float) -> None:
        """Let time pass; a measurement ends when all its samples are taken."""
        if self.mode in (0, 4) or (self.mode < 4 and self._done):
            return
        self._left_s -= dt_s
        if self._left_s <= 1e-12:
            self._convert()
            self._left_s = self._takes_s()

    def _word(self, register: int) -> int:
        if register == MASK:
            flags = ALERT * self._alert | READY * self._ready | OVERFLOW * self._overflow
            self._ready = False
            self._alert = self._alert and not self._registers[MASK] & LATCH
            return self._registers[MASK] | flags
        if register < len(self._registers):
            return self._registers[register]
        return NAMES.get(register, 0)

    def _takes_s(self) -> float:
        config = self._registers[CONFIG]
        bus_s = CONVERSION_S[config >> 6 & 7] if config & 2 else 0.0
        shunt_s = CONVERSION_S[config >> 3 & 7] if config & 1 else 0.0
        return (bus_s + shunt_s) * AVERAGES[config >> 9 & 7]

    def _convert(self) -> None:
        rail = self.rail() if callable(self.rail) else self.rail
        if self.mode & 1:
            steps = round(rail.shunt_v / SHUNT_LSB_V)
            self._registers[SHUNT] = min(max(steps, -0x8000), 0x7FFF) & 0xFFFF
        if self.mode & 2:
            bus_v = min(max(rail.bus_v, 0.0), HIGHEST_BUS_V)
            self._registers[BUS] = round(bus_v / BUS_LSB_V)
        self._calculate()
        self._ready = self._done = True
        self._compare()

    def _calculate(self) -> None:
        current = signed(self._registers[SHUNT]) * self._registers[CALIBRATION] // 2048
        power = abs(current) * self._registers[BUS] // 20000
        self._overflow = not -0x8000 <= current <= 0x7FFF or power > 0xFFFF
        self._registers[CURRENT] = current & 0xFFFF
        self._registers[POWER] = power & 0xFFFF

    def _compare(self) -> None:
        """Follow the alert: one choice at a time, the highest bit first, as the chip does."""
        held, mask, limit = self._registers, self._registers[MASK], self._registers[LIMIT]
        over = {
            SHUNT_OVER: signed(held[SHUNT]) > signed(limit),
            SHUNT_UNDER: signed(held[SHUNT]) < signed(limit),
            BUS_OVER: held[BUS] > limit,
            BUS_UNDER: held[BUS] < limit,
            POWER_OVER: held[POWER] > limit,
        }
        choice = next((bit for bit in over if mask & bit), None)
        now = choice is not None and over[choice]
        self._alert = now or (self._alert and bool(mask & LATCH))
