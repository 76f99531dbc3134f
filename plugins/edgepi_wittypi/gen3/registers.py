"""Registers of the Witty Pi 3's controller, and of the DS3231 that it has for a clock."""

from __future__ import annotations

from enum import IntEnum

from edgepi_wittypi.extras import Layout, Setting, milliseconds

__all__ = ["CLOCK", "EXTRAS", "UNSET", "Control", "Reg", "Rtc", "Status"]

CLOCK = 0x68
UNSET = 255


class Reg(IntEnum):
    """Registers of the controller that this driver uses; each is one byte in one transaction."""

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
    LED = 13
    CUT_DELAY = 14
    RECOVERY_VOLTAGE = 15
    DUMMY_LOAD = 16
    ADJ_VIN = 17
    ADJ_VOUT = 18
    ADJ_IOUT = 19


class Rtc(IntEnum):
    """Registers of the clock."""

    SECOND = 0
    MINUTE = 1
    HOUR = 2
    WEEKDAY = 3
    DAY = 4
    MONTH = 5
    YEAR = 6
    ALARM1_SECOND = 7
    ALARM1_MINUTE = 8
    ALARM1_HOUR = 9
    ALARM1_DAY = 10
    ALARM2_MINUTE = 11
    ALARM2_HOUR = 12
    ALARM2_DAY = 13
    CONTROL = 14
    STATUS = 15
    TEMPERATURE = 17


class Control(IntEnum):
    """Bits of the clock's control register; without 0x80 it also runs on its coin cell."""

    ALARM1 = 0x01
    ALARM2 = 0x02
    ALARMS_GO_OUT = 0x04


class Status(IntEnum):
    """Flags of the clock's status register; they can be cleared, not set."""

    ALARM1 = 0x01
    ALARM2 = 0x02
    TIME_LOST = 0x80


def _interval(value: float) -> int:
    """Codes 6 to 9 for 1, 2, 4 and 8 seconds; the next shorter one."""
    return min(max(int(value).bit_length(), 1), 4) + 5


def _centi(value: float) -> int:
    """Hundredths; below nothing the firmware takes 128 less the byte, and an empty cell is 255."""
    held = min(max(round(value * 100.0), -126), 127)
    return held if held >= 0 else 128 - held


EXTRAS: Layout = {
    "pulse_interval": Setting(Reg.PULSE_INTERVAL, _interval),
    "led": Setting(Reg.LED, milliseconds),
    "dummy_load": Setting(Reg.DUMMY_LOAD, milliseconds),
    "input_offset": Setting(Reg.ADJ_VIN, _centi),
    "output_offset": Setting(Reg.ADJ_VOUT, _centi),
    "current_offset": Setting(Reg.ADJ_IOUT, _centi),
}
