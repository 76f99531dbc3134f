"""Registers, EEPROM and converters of the Witty Pi 3, from its firmware 1.04."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

__all__ = ["FACTORY3", "UNSET", "Analog3", "Memory3", "Reg3"]

ADC_STEP_V = 57 * 1.1 / 1023
CATHODE_STEP_V = 1.1 / 1023
ADC_TOP = 1023
SHUNT_OHM = 0.05
UNSET = 255


class Reg3(IntEnum):
    """Registers; from 9 on kept in EEPROM."""

    ID = 0
    VIN = 1
    VIN_CENTI = 2
    VOUT = 3
    VOUT_CENTI = 4
    IOUT = 5
    IOUT_CENTI = 6
    POWER_MODE = 7
    LV_SHUTDOWN = 8
    ADDRESS = 9
    DEFAULT_ON = 10
    PULSE_INTERVAL = 11
    LOW_VOLTAGE = 12
    BLINK_LED = 13
    CUT_DELAY = 14
    RECOVERY_VOLTAGE = 15
    DUMMY_LOAD = 16
    ADJ_VIN = 17
    ADJ_VOUT = 18
    ADJ_IOUT = 19
    COUNT = 20


FACTORY3: dict[int, int] = {
    Reg3.ID: 0x24,
    Reg3.ADDRESS: 0x69,
    Reg3.PULSE_INTERVAL: 8,
    Reg3.LOW_VOLTAGE: UNSET,
    Reg3.BLINK_LED: 100,
    Reg3.CUT_DELAY: 50,
    Reg3.RECOVERY_VOLTAGE: UNSET,
    Reg3.ADJ_VIN: 20,
    Reg3.ADJ_VOUT: 20,
}


@dataclass(slots=True)
class Memory3:
    """Registers, the EEPROM cells of those from 9 on, and how often each cell was burnt."""

    values: list[int] = field(default_factory=lambda: [0] * Reg3.COUNT)
    cells: list[int] = field(default_factory=lambda: [UNSET] * Reg3.COUNT)
    writes: list[int] = field(default_factory=lambda: [0] * Reg3.COUNT)

    def load(self) -> None:
        """Start from EEPROM; what is measured starts at 0, and a cell that holds 255 as never set."""
        for register in range(Reg3.COUNT):
            held = self.cells[register]
            self[register] = held if held != UNSET else FACTORY3.get(register, 0)

    def __getitem__(self, register: int) -> int:
        return self.values[register]

    def __setitem__(self, register: int, value: int) -> None:
        self.values[register] = value
        if register >= Reg3.ADDRESS and self.cells[register] != value:
            self.cells[register] = value
            self.writes[register] += 1

    def adjustment(self, register: int) -> float:
        """Register in hundredths; above 127 the firmware takes 128 less it, so that 255 is -1.27."""
        value = self.values[register]
        return (128 - value if value > 127 else value) / 100.0

    def store_centi(self, register: int, value: float) -> None:
        """Store whole and hundredths, cut off, in a register and the next."""
        value = max(value, 0.0)
        self[register] = int(value) & 0xFF
        self[register + 1] = int((value - int(value)) * 100) & 0xFF

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return asdict(self)


@dataclass(slots=True)
class Analog3:
    """The true quantities and how the converter sees them; the divider reads *divider_loss_v* low."""

    vin_v: float = 12.8
    vout_v: float = 5.1
    iout_a: float = 0.5
    divider_loss_v: float = 0.2

    def measure_vin(self, memory: Memory3) -> float:
        """Refresh the input voltage, which all comparisons use as adjusted."""
        value = _steps(self.vin_v - self.divider_loss_v, ADC_STEP_V) + memory.adjustment(Reg3.ADJ_VIN)
        memory.store_centi(Reg3.VIN, value)
        return value

    def measure_vout(self, memory: Memory3, *, rail_on: bool) -> None:
        """Refresh the output voltage."""
        cathode_v = self._cathode_v(rail_on=rail_on)
        raw_v = self._raw_vout_v(rail_on=rail_on)
        memory.store_centi(Reg3.VOUT, raw_v - cathode_v + memory.adjustment(Reg3.ADJ_VOUT))

    def measure_iout(self, memory: Memory3, *, rail_on: bool) -> None:
        """Refresh the output current, in steps of 21.5 mA."""
        amps = self._cathode_v(rail_on=rail_on) / SHUNT_OHM
        memory.store_centi(Reg3.IOUT, amps + memory.adjustment(Reg3.ADJ_IOUT))

    def update_power_mode(self, memory: Memory3, *, rail_on: bool) -> None:
        """Note 1 if the input is above the output, as with a battery, and 0 if 5 V feed the node directly."""
        vin_v = _steps(self.vin_v - self.divider_loss_v, ADC_STEP_V)
        memory[Reg3.POWER_MODE] = int(vin_v > self._raw_vout_v(rail_on=rail_on))

    def _raw_vout_v(self, *, rail_on: bool) -> float:
        true_v = self.vout_v + self._cathode_v(rail_on=True) if rail_on else 0.0
        return _steps(true_v - self.divider_loss_v, ADC_STEP_V)

    def _cathode_v(self, *, rail_on: bool) -> float:
        return _steps((self.iout_a if rail_on else 0.0) * SHUNT_OHM, CATHODE_STEP_V)


def _steps(value: float, step: float) -> float:
    return step * min(max(int(value / step + 1e-9), 0), ADC_TOP)
