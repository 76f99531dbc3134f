"""Names of the Witty Pi 5's registers, states, reasons and commands, from its firmware 1.4."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FACTORY", "Admin", "PowerMode", "Reason5", "Reg5", "State", "TemperatureAction"]


class Reg5(IntEnum):
    """Registers; below 16 read-only, below 64 kept in flash, below 80 commands, from 80 on other chips'."""

    ID = 0
    MAJOR = 1
    MINOR = 2
    VUSB = 3
    VIN = 5
    VOUT = 7
    IOUT = 9
    POWER_MODE = 11
    MISSED_HEARTBEATS = 12
    STATE = 13
    REASON = 14
    MISC = 15
    ADDRESS = 16
    DEFAULT_ON_DELAY = 17
    CUT_DELAY = 18
    PULSE_INTERVAL = 19
    BLINK_LED = 20
    DUMMY_LOAD = 21
    LOW_VOLTAGE = 22
    RECOVERY_VOLTAGE = 23
    PRIORITY = 24
    ADJ_VUSB = 25
    ADJ_VIN = 26
    ADJ_VOUT = 27
    ADJ_IOUT = 28
    WATCHDOG = 29
    LOG_TO_FILE = 30
    FACTORY_RESET = 31
    ALARM1 = 32
    ALARM2 = 36
    BELOW_ACTION = 40
    BELOW_POINT = 41
    OVER_ACTION = 42
    OVER_POINT = 43
    DST_OFFSET = 44
    DST_BEGIN = 45
    DST_END = 49
    DST_APPLIED = 53
    CLOCK_MHZ = 54
    HOT_STANDBY = 55
    LAST_KNOWN = 55
    LAST_CONFIGURATION = 63
    ADMIN_DIRECTORY = 64
    ADMIN_CONTEXT = 65
    ADMIN_PASSWORD = 68
    ADMIN_COMMAND = 69
    HEARTBEAT = 70
    SHUTDOWN = 71
    ADMIN_LAST = 79
    RTC = 80
    TMP112 = 96
    LAST = 103


class State(IntEnum):
    """Register 13: what the board thinks of the node."""

    OFF = 0
    STARTING = 1
    ON = 2
    STOPPING = 3


class PowerMode(IntEnum):
    """Register 11: what feeds the node; none while it is off."""

    USB = 0
    VIN = 1
    NONE = 255


class TemperatureAction(IntEnum):
    """Registers 40 and 42; the other way round than on the Witty Pi 4."""

    NONE = 0
    STARTUP = 1
    SHUTDOWN = 2


class Reason5(IntEnum):
    """A nibble of register 14: the high one says why the node was switched on, the low one why off."""

    UNKNOWN = 0
    ALARM1 = 1
    ALARM2 = 2
    CLICK = 3
    VIN_DROP = 4
    VIN_RECOVERED = 5
    OVER_TEMPERATURE = 6
    BELOW_TEMPERATURE = 7
    POWER_CONNECTED = 8
    REBOOT = 9
    MISSED_HEARTBEAT = 10
    EXTERNAL_SHUTDOWN = 11
    EXTERNAL_REBOOT = 12


class Admin(IntEnum):
    """Password (high byte) and command (low byte) of what registers 68 and 69 start."""

    PRINT_PRODUCT = 0x17F0
    RESET_RTC = 0x387C
    RESET_CONFIGURATION = 0x945B
    SYNC_CONFIGURATION = 0x955C
    SAVE_LOG = 0x975D
    LOAD_SCRIPT = 0x9915
    PURGE_SCRIPT = 0xA260


FACTORY = {
    Reg5.ADDRESS: 0x51,
    Reg5.DEFAULT_ON_DELAY: 255,
    Reg5.CUT_DELAY: 15,
    Reg5.PULSE_INTERVAL: 10,
    Reg5.BLINK_LED: 100,
    Reg5.LOG_TO_FILE: 1,
    Reg5.FACTORY_RESET: 1,
    Reg5.CLOCK_MHZ: 48,
}
