"""Configuration, flash and converters of the Witty Pi 5."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from edgepi.sim.chips.wittypi5_registers import FACTORY, Reg5

__all__ = ["Analog5", "Configuration"]

ADC_TOP = 4095
MILLIVOLTS_AT_TOP = 36300
MILLIAMPERES_AT_TOP = 6600
NOT_SAVED_BEFORE_S = 5.0
SIZE = Reg5.LAST_KNOWN + 1
TWO_VALUED = (Reg5.PRIORITY, Reg5.HOT_STANDBY)


def _factory() -> list[int]:
    return [FACTORY.get(Reg5(r), 0) if r in set(Reg5) else 0 for r in range(SIZE)]


@dataclass(slots=True)
class Configuration:
    """Registers 16 to 55 in memory, and the file in flash that they are saved to a moment later.

    Nothing is saved while *drive_in_use*: a computer has mounted the board's disk. A torn file
    (*tears_next_save*) cannot be read at the next start, and the board then has the factory's values.
    """

    values: list[int] = field(default_factory=_factory)
    file: list[int] | None = None
    dirty: bool = True
    drive_in_use: bool = False
    tears_next_save: bool = False
    saves: int = 0

    def __getitem__(self, register: int) -> int:
        """Return a register; what is not known reads 0."""
        return self.values[register] if register < SIZE else 0

    def __setitem__(self, register: int, value: int) -> None:
        """Take a register; a value that it cannot have is ignored."""
        if register < SIZE and not (register in TWO_VALUED and value > 1):
            self.values[register] = value
            self.dirty = True

    def signed(self, register: int) -> int:
        """A register as a signed byte."""
        return self.values[register] - 256 if self.values[register] > 127 else self.values[register]

    def reset(self) -> None:
        """Take the factory's values; in memory only, until something else changes."""
        self.values, self.dirty = _factory(), False

    def save(self) -> None:
        """Write the file if anything has changed and the disk is free."""
        if not self.dirty or self.drive_in_use:
            return
        self.file = None if self.tears_next_save else list(self.values)
        self.tears_next_save = False
        self.dirty = False
        self.saves += 1

    def load(self) -> None:
        """Start from the file; without one that can be read, from the factory's values."""
        self.values = list(self.file) if self.file else _factory()
        self.dirty = self.file is None

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return asdict(self)


@dataclass(slots=True)
class Analog5:
    """The true quantities, and how the board's 12-bit converter sees them: in steps of 8.86 mV and 1.61 mA.

    The firmware of this version keeps the adjustments of registers 25 to 28 and does not use them.
    """

    vin_v: float = 12.8
    vusb_v: float = 0.0
    vout_v: float = 5.1
    iout_a: float = 0.5
    temperature_c: float = 25.0

    @property
    def vin_mv(self) -> int:
        """The input at the terminal block."""
        return _millivolts(self.vin_v)

    @property
    def vusb_mv(self) -> int:
        """The input at the USB socket."""
        return _millivolts(self.vusb_v)

    def reading(self, register: int, *, rail_on: bool) -> int:
        """Measure what a register pair stands for, in mV or mA."""
        if register == Reg5.VUSB:
            return self.vusb_mv
        if register == Reg5.VIN:
            return self.vin_mv
        if not rail_on:
            return 0
        return _millivolts(self.vout_v) if register == Reg5.VOUT else _milliamperes(self.iout_a)


def _millivolts(volts: float) -> int:
    return _steps(volts * 1000.0, MILLIVOLTS_AT_TOP)


def _milliamperes(amperes: float) -> int:
    return _steps(amperes * 1000.0, MILLIAMPERES_AT_TOP)


def _steps(value: float, top: int) -> int:
    code = min(max(int(value * (ADC_TOP + 1) / top + 1e-9), 0), ADC_TOP)
    return code * top // (ADC_TOP + 1)
