"""Registers, EEPROM and converters of the Witty Pi 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from edgepi.sim.chips.wittypi4_registers import FACTORY, Reg

__all__ = ["Analog", "Memory"]

ADC_STEP_V = 57 * 1.1 / 1023
CATHODE_STEP_V = 1.1 / 1023
ADC_TOP = 1023
SHUNT_OHM = 0.05
DC_INPUT_V = 5.25
UNSET = 255


def _fresh() -> list[int]:
    return [UNSET] * Reg.COUNT


@dataclass(slots=True)
class Memory:
    """Registers below 50, each with its EEPROM cell; *writes* counts how often a cell was burnt."""

    values: list[int] = field(default_factory=_fresh)
    cells: list[int] = field(default_factory=_fresh)
    writes: list[int] = field(default_factory=lambda: [0] * Reg.COUNT)

    def load(self, factory: Mapping[int, int] = FACTORY) -> None:
        """Start from EEPROM; a cell that holds 255 counts as never set and takes the factory's value."""
        for register in range(Reg.COUNT):
            if self.cells[register] == UNSET:
                self[register] = factory.get(register, 0)
            else:
                self.values[register] = self.cells[register]

    def __getitem__(self, register: int) -> int:
        return self.values[register]

    def __setitem__(self, register: int, value: int) -> None:
        self.values[register] = value
        if self.cells[register] != value:
            self.cells[register] = value
            self.writes[register] += 1

    def signed_centi(self, register: int) -> float:
        """A signed register in hundredths."""
        value = self.values[register]
        return (value - 256 if value > 127 else value) / 100.0

    def store_centi(self, register: int, value: float) -> None:
        """Store whole and hundredths, cut off, in a register and the next."""
        whole = int(max(value, 0.0)) & 0xFF
        self[register] = whole
        self[register + 1] = int((max(value, 0.0) - whole) * 100) & 0xFF

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return asdict(self)


@dataclass(slots=True)
class Analog:
    """The true quantities and how the board's converter sees them.

    The divider reads *divider_loss_v* low, which the factory's adjustment (+0.20 V) makes good.
    """

    vin_v: float = 12.8
    vout_v: float = 5.1
    iout_a: float = 0.5
    temperature_c: float = 25.0
    divider_loss_v: float = 0.2

    def raw_vin_v(self) -> float:
        """Input voltage in converter steps of 61.3 mV, not adjusted; the recovery check uses this one."""
        return _steps(self.vin_v - self.divider_loss_v, ADC_STEP_V)

    def measured_vin_v(self, memory: Memory) -> float:
        """Input voltage as the registers and the low-voltage check have it; refreshes the registers."""
        value = self.raw_vin_v() + memory.signed_centi(Reg.ADJ_VIN)
        memory.store_centi(Reg.VIN, value)
        return value

    def measure_vout(self, memory: Memory, *, rail_on: bool) -> None:
        """Refresh the output voltage."""
        true_v = self.vout_v if rail_on else 0.0
        cathode_v = self._cathode_v(rail_on=rail_on)
        value = _steps(true_v - self.divider_loss_v + cathode_v, ADC_STEP_V) - cathode_v
        memory.store_centi(Reg.VOUT, value + memory.signed_centi(Reg.ADJ_VOUT))

    def measure_iout(self, memory: Memory, *, rail_on: bool) -> None:
        """Refresh the output current, in steps of 21.5 mA."""
        value = self._cathode_v(rail_on=rail_on) / SHUNT_OHM
        memory.store_centi(Reg.IOUT, value + memory.signed_centi(Reg.ADJ_IOUT))

    def update_power_mode(self, memory: Memory) -> float:
        """Note which input feeds the board; return the voltage that decided it."""
        vin_v = self.raw_vin_v()
        memory[Reg.POWER_MODE] = int(vin_v > DC_INPUT_V)
        return vin_v

    def lm75b_word(self) -> int:
        """Temperature as the LM75B has it: 0.125 degrees a step, in the upper 11 bits."""
        return (round(self.temperature_c / 0.125) << 5) & 0xFFFF

    def _cathode_v(self, *, rail_on: bool) -> float:
        return _steps((self.iout_a if rail_on else 0.0) * SHUNT_OHM, CATHODE_STEP_V)


def _steps(value: float, step: float) -> float:
    return step * min(max(int(value / step + 1e-9), 0), ADC_TOP)
