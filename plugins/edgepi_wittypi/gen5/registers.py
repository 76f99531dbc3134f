"""Registers, states and reasons of the Witty Pi 5."""

from __future__ import annotations

from enum import IntEnum

from edgepi.model import WakeReasonKind
from edgepi_wittypi.extras import Layout, Setting, milliseconds, seconds
from edgepi_wittypi.family import NO_REASON, Reason

__all__ = ["EXTRAS", "OWN_REQUESTS", "WENT", "WOKE", "Admin", "Reg", "State", "woke"]


class Reg(IntEnum):
    """Registers that this driver uses; each is one byte in one transaction, for the index never goes on."""

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
    DEFAULT_ON_DELAY = 17
    CUT_DELAY = 18
    PULSE_INTERVAL = 19
    LED = 20
    DUMMY_LOAD = 21
    LOW_VOLTAGE = 22
    RECOVERY_VOLTAGE = 23
    PRIORITY = 24
    WATCHDOG = 29
    ALARM1_SECOND = 32
    ALARM1_MINUTE = 33
    ALARM1_HOUR = 34
    ALARM1_DAY = 35
    ALARM2_SECOND = 36
    ALARM2_MINUTE = 37
    ALARM2_HOUR = 38
    ALARM2_DAY = 39
    BELOW_ACTION = 40
    BELOW_POINT = 41
    OVER_ACTION = 42
    OVER_POINT = 43
    DST_OFFSET = 44
    DST_APPLIED = 53
    HOT_STANDBY = 55
    ADMIN_CONTEXT = 65
    ADMIN_PASSWORD = 68
    ADMIN_COMMAND = 69
    SHUTDOWN = 71
    RTC_SECOND = 80
    RTC_MINUTE_ALARM = 88
    RTC_HOUR_ALARM = 89
    RTC_DAY_ALARM = 90
    RTC_EXTENSION = 93
    RTC_FLAG = 94
    RTC_CONTROL = 95
    TEMPERATURE = 96


ACTIONS = {"none": 0, "start": 1, "shutdown": 2}  # the other way round than on a 4


def _byte(celsius: int) -> int:
    return celsius & 0xFF


EXTRAS: Layout = {  # its adjustments are left out: this firmware keeps them and uses none
    "pulse_interval": Setting(Reg.PULSE_INTERVAL, seconds),
    "led": Setting(Reg.LED, milliseconds),
    "dummy_load": Setting(Reg.DUMMY_LOAD, milliseconds),
    "cold_below": Setting(Reg.BELOW_POINT, _byte),
    "cold_action": Setting(Reg.BELOW_ACTION, ACTIONS.__getitem__),
    "hot_above": Setting(Reg.OVER_POINT, _byte),
    "hot_action": Setting(Reg.OVER_ACTION, ACTIONS.__getitem__),
    "priority": Setting(Reg.PRIORITY, ("usb", "input").index),
    "hot_standby": Setting(Reg.HOT_STANDBY, int),
}


class State(IntEnum):
    """Register 13: what the board thinks of the node."""

    OFF = 0
    STARTING = 1
    ON = 2
    STOPPING = 3


class Admin(IntEnum):
    """Password (high byte) and command (low byte) for registers 68 and 69."""

    SAVE_SETTINGS = 0x955C
    PURGE_SCRIPT = 0xA260


REBOOT, MISSED_HEARTBEAT = 9, 10
OWN_REQUESTS = frozenset({11, 12})  # what the node itself has asked for

WOKE = {
    1: Reason(WakeReasonKind.ALARM, "the wake alarm was due"),
    3: Reason(WakeReasonKind.BUTTON, "the button was pressed"),
    5: Reason(WakeReasonKind.VOLTAGE_RECOVERED, "the input rose to the recovery voltage"),
    6: Reason(WakeReasonKind.TEMPERATURE, "the board was too hot"),
    7: Reason(WakeReasonKind.TEMPERATURE, "the board was too cold"),
    8: Reason(WakeReasonKind.POWER_CONNECTED, "the input was connected"),
    9: Reason(WakeReasonKind.REBOOT, "the node rebooted"),
}
WENT = {
    2: Reason(WakeReasonKind.SHUTDOWN_ALARM, "the board's shut-down alarm was due", asks_to_go=True),
    3: Reason(WakeReasonKind.BUTTON, "the button was pressed", asks_to_go=True),
    4: Reason(WakeReasonKind.LOW_VOLTAGE, "the input fell below the low voltage", asks_to_go=True),
    6: Reason(WakeReasonKind.TEMPERATURE, "the board was too hot", asks_to_go=True),
    7: Reason(WakeReasonKind.TEMPERATURE, "the board was too cold", asks_to_go=True),
    10: Reason(WakeReasonKind.WATCHDOG, "the board had not heard of the node for too long", asks_to_go=True),
    11: Reason(WakeReasonKind.UNKNOWN, "the node has told the board that it powers off", asks_to_go=True),
    12: Reason(WakeReasonKind.REBOOT, "the node has told the board that it reboots", asks_to_go=True),
}
HUNG = Reason(
    WakeReasonKind.WATCHDOG, "the board had not heard of the node for too long and switched it off and on"
)


def woke(register: int) -> Reason:
    """Why the node was switched on, of register 14: its high half, and the low one after a power cycle."""
    up, down = register >> 4, register & 0x0F
    return HUNG if (up, down) == (REBOOT, MISSED_HEARTBEAT) else WOKE.get(up, NO_REASON)
