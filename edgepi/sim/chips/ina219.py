"""The INA219 at register level: a shunt and a bus voltage, and current and power from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgepi.sim.chips.words import WordChip

__all__ = ["INA219", "Rail"]

CONFIG, SHUNT, BUS, POWER, CURRENT, CALIBRATION = range(6)
DEFAULT_CONFIG = 0x399F
RESET_BIT = 0x8000
CONVERSION_READY, OVERFLOW = 0x02, 0x01
SHUNT_LSB_V, BUS_LSB_V = 10e-6, 4e-3
PGA_LIMIT_V = (0.04, 0.08, 0.16, 0.32)
PLAIN_CONVERSION_S = (84e-6, 148e-6, 276e-6, 532e-6)


@dataclass(frozen=True, slots=True)
class Rail:
    """What the chip is wired to."""

    shunt_v: float = 0.0
    bus_v: float = 0.0


class INA219(WordChip):
    """The chip; *rail* is asked at the end of each conversion, or set as an attribute."""

    def __init__(self, rail: Callable[[], Rail] | Rail | None = None) -> None:
        self.rail: Callable[[], Rail] | Rail = rail or Rail()
        self._reset()

    def _reset(self) -> None:
        self._registers = [DEFAULT_CONFIG, 0, 0, 0, 0, 0]
        self._ready = self._overflow = False
        self._left_s = self._conversion_s()

    @property
    def mode(self) -> int:
        """Bits 2:0 of the configuration: 0 power-down, 1-3 once, 4 off, 5-7 for ever."""
        return self._registers[CONFIG] & 7

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take a register, high byte first; all but two are read-only."""
        if len(data) < 2:
            return
        word = data[0] << 8 | data[1]
        if register == CONFIG and word & RESET_BIT:
            self._reset()
        elif register == CONFIG:
            self._registers[CONFIG] = word
            if self.mode:
                self._ready = False
            self._left_s = self._conversion_s()
        elif register == CALIBRATION:
            self._registers[CALIBRATION] = word & 0xFFFE
            self._calculate()

    def step(self, dt_s: float) -> None:
        """Let time pass; a conversion ends when its time is over."""
        if self.mode in (0, 4) or (self.mode < 4 and self._ready):
            return
        self._left_s -= dt_s
        if self._left_s <= 1e-12:
            self._convert()
            self._left_s = self._conversion_s()

    def _word(self, register: int) -> int:
        if register == BUS:
            flags = CONVERSION_READY * self._ready | OVERFLOW * self._overflow
            return self._registers[BUS] | flags
        if register == POWER:
            self._ready = False
        return self._registers[register] if register < len(self._registers) else 0

    def _conversion_s(self) -> float:
        config = self._registers[CONFIG]
        bus_s = _adc_s(config >> 7 & 15) if self.mode & 2 else 0.0
        shunt_s = _adc_s(config >> 3 & 15) if self.mode & 1 else 0.0
        return bus_s + shunt_s

    def _convert(self) -> None:
        rail = self.rail() if callable(self.rail) else self.rail
        config = self._registers[CONFIG]
        if self.mode & 1:
            limit_v = PGA_LIMIT_V[config >> 11 & 3]
            shunt_v = min(max(rail.shunt_v, -limit_v), limit_v)
            coarse = _coarse_bits(config >> 3 & 15)
            self._registers[SHUNT] = (round(shunt_v / SHUNT_LSB_V) >> coarse << coarse) & 0xFFFF
        if self.mode & 2:
            bus_v = min(max(rail.bus_v, 0.0), 32.0 if config & 0x2000 else 16.0)
            coarse = _coarse_bits(config >> 7 & 15)
            self._registers[BUS] = int(bus_v / BUS_LSB_V + 0.5) >> coarse << coarse << 3
        self._calculate()
        self._ready = True

    def _calculate(self) -> None:
        current = signed(self._registers[SHUNT]) * self._registers[CALIBRATION] // 4096
        power = abs(current) * (self._registers[BUS] >> 3) // 5000
        self._overflow = not -32768 <= current <= 32767 or power > 0xFFFF
        self._registers[CURRENT] = current & 0xFFFF
        self._registers[POWER] = power & 0xFFFF


def signed(word: int) -> int:
    """Read a 16-bit word as two's complement."""
    return word - 0x10000 if word & 0x8000 else word


def _adc_s(code: int) -> float:
    """Conversion time of an ADC setting: a resolution, or 12 bits averaged."""
    return PLAIN_CONVERSION_S[3] * (1 << (code & 7)) if code & 8 else PLAIN_CONVERSION_S[code & 3]


def _coarse_bits(code: int) -> int:
    return 0 if code & 8 else 3 - (code & 3)
