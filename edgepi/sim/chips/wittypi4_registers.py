"""Names of the Witty Pi 4's registers and reasons, from its firmware, revision 7."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FACTORY", "Reason", "Reg"]


class Reg(IntEnum):
    """Registers; below 16 read-only, below 50 kept in EEPROM, from 50 on other chips' registers."""

    ID = 0
    VIN = 1
    VIN_CENTI = 2
    VOUT = 3
    VOUT_CENTI = 4
    IOUT = 5
    IOUT_CENTI = 6
    POWER_MODE = 7
    LV_SHUTDOWN = 8
    ALARM1_TRIGGERED = 9
    ALARM2_TRIGGERED = 10
    REASON = 11
    REVISION = 12
    ADDRESS = 16
    DEFAULT_ON = 17
    PULSE_INTERVAL = 18
    LOW_VOLTAGE = 19
    BLINK_LED = 20
    CUT_DELAY = 21
    RECOVERY_VOLTAGE = 22
    DUMMY_LOAD = 23
    ADJ_VIN = 24
    ADJ_VOUT = 25
    ADJ_IOUT = 26
    ALARM1 = 27
    ALARM2 = 32
    RTC_OFFSET = 37
    RTC_COMPENSATION = 38
    FLAG_ALARM1 = 39
    FLAG_ALARM2 = 40
    IGNORE_POWER_MODE = 41
    IGNORE_LV_SHUTDOWN = 42
    BELOW_ACTION = 43
    BELOW_POINT = 44
    OVER_ACTION = 45
    OVER_POINT = 46
    DEFAULT_ON_DELAY = 47
    MISC = 48
    GUARANTEED_WAKE = 49
    COUNT = 50
    LM75B = 50
    RTC = 54
    LAST = 71


class Reason(IntEnum):
    """Why the board last switched, or asked to switch."""

    NONE = 0
    ALARM1 = 1
    ALARM2 = 2
    CLICK = 3
    LOW_VOLTAGE = 4
    VOLTAGE_RESTORED = 5
    OVER_TEMPERATURE = 6
    BELOW_TEMPERATURE = 7
    ALARM1_DELAYED = 8
    USB_CONNECTED = 9
    POWER_CONNECTED = 10
    REBOOT = 11
    GUARANTEED_WAKE = 12


FACTORY: dict[int, int] = {
    Reg.ID: 0x26,
    Reg.REVISION: 7,
    Reg.ADDRESS: 0x08,
    Reg.PULSE_INTERVAL: 4,
    Reg.LOW_VOLTAGE: 255,
    Reg.BLINK_LED: 100,
    Reg.CUT_DELAY: 70,
    Reg.RECOVERY_VOLTAGE: 255,
    Reg.ADJ_VIN: 20,
    Reg.ADJ_VOUT: 20,
    Reg.RTC_COMPENSATION: 1,
    Reg.BELOW_POINT: 0x4B,
    Reg.OVER_POINT: 0x50,
}
