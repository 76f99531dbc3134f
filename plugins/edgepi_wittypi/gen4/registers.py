"""Registers and reasons of the Witty Pi 4."""

from __future__ import annotations

from enum import IntEnum

from edgepi.model import WakeReasonKind
from edgepi_wittypi.extras import Layout, Setting, milliseconds, point, seconds, signed_centi
from edgepi_wittypi.family import NO_REASON, Reason

__all__ = ["ACTIONS", "EXTRAS", "REASONS", "UNSET", "Reg"]

UNSET = 255


class Reg(IntEnum):
    """Registers that this driver uses; each is one byte in one transaction."""

    ID = 0
    VIN = 1
    VOUT = 3
    IOUT = 5
    POWER_MODE = 7
    LV_SHUTDOWN = 8
    ALARM1_TRIGGERED = 9
    REASON = 11
    REVISION = 12
    DEFAULT_ON = 17
    PULSE_INTERVAL = 18
    LOW_VOLTAGE = 19
    LED = 20
    CUT_DELAY = 21
    RECOVERY_VOLTAGE = 22
    DUMMY_LOAD = 23
    ADJ_VIN = 24
    ADJ_VOUT = 25
    ADJ_IOUT = 26
    ALARM1_SECOND = 27
    ALARM1_MINUTE = 28
    ALARM1_HOUR = 29
    ALARM1_DAY = 30
    ALARM1_WEEKDAY = 31
    ALARM2_SECOND = 32
    ALARM2_MINUTE = 33
    ALARM2_HOUR = 34
    ALARM2_DAY = 35
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
    TEMPERATURE = 50
    RTC_CONTROL1 = 54
    RTC_SECOND = 58
    RTC_MINUTE = 59
    RTC_HOUR = 60
    RTC_DAY = 61
    RTC_WEEKDAY = 62
    RTC_MONTH = 63
    RTC_YEAR = 64


ACTIONS = {"none": 0, "shutdown": 1, "start": 2}

EXTRAS: Layout = {
    "pulse_interval": Setting(Reg.PULSE_INTERVAL, seconds),
    "led": Setting(Reg.LED, milliseconds),
    "dummy_load": Setting(Reg.DUMMY_LOAD, milliseconds),
    "input_offset": Setting(Reg.ADJ_VIN, signed_centi),
    "output_offset": Setting(Reg.ADJ_VOUT, signed_centi),
    "current_offset": Setting(Reg.ADJ_IOUT, signed_centi),
    "cold_below": Setting(Reg.BELOW_POINT, point),
    "cold_action": Setting(Reg.BELOW_ACTION, ACTIONS.__getitem__),
    "hot_above": Setting(Reg.OVER_POINT, point),
    "hot_action": Setting(Reg.OVER_ACTION, ACTIONS.__getitem__),
}

REASONS = {
    0: NO_REASON,
    1: Reason(WakeReasonKind.ALARM, "the wake alarm was due"),
    2: Reason(WakeReasonKind.SHUTDOWN_ALARM, "the board's shut-down alarm was due", asks_to_go=True),
    3: Reason(WakeReasonKind.BUTTON, "the button was pressed", asks_to_go=True),
    4: Reason(WakeReasonKind.LOW_VOLTAGE, "the input fell below the low voltage", asks_to_go=True),
    5: Reason(WakeReasonKind.VOLTAGE_RECOVERED, "the input rose to the recovery voltage"),
    6: Reason(WakeReasonKind.TEMPERATURE, "the board was too hot", asks_to_go=True),
    7: Reason(WakeReasonKind.TEMPERATURE, "the board was too cold", asks_to_go=True),
    8: Reason(WakeReasonKind.ALARM, "the wake alarm was due before the power was cut"),
    9: Reason(WakeReasonKind.POWER_CONNECTED, "5 V was connected to USB"),
    10: Reason(WakeReasonKind.POWER_CONNECTED, "the input was connected"),
    11: Reason(WakeReasonKind.REBOOT, "the node rebooted"),
    12: Reason(WakeReasonKind.GUARANTEED, "the guaranteed wake was due"),
}
