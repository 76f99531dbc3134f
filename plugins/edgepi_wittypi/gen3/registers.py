"""Registers of the Witty Pi 3's controller, and of the DS3231 that it has for a clock."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CLOCK", "UNSET", "Control", "Reg", "Rtc", "Status"]

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
    LOW_VOLTAGE = 12
    CUT_DELAY = 14
    RECOVERY_VOLTAGE = 15


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
