"""What is known of the board: registers, reasons, and its quirks in one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from edgepi.model import WakeReasonKind

__all__ = ["FIRMWARE_IDS", "REASONS", "UNSET", "Quirks", "Reg", "quirks_of"]

UNSET = 255
FIRMWARE_IDS = {
    0x26: "Witty Pi 4",
    0x37: "Witty Pi 4 L3V7",
    0x24: "Witty Pi 3",
    0x51: "Witty Pi 5",
}


class Reg(IntEnum):
    """Registers that this driver uses; each is one byte in one transaction."""

    ID = 0
    VIN = 1
    VOUT = 3
    IOUT = 5
    LV_SHUTDOWN = 8
    ALARM1_TRIGGERED = 9
    REASON = 11
    REVISION = 12
    DEFAULT_ON = 17
    LOW_VOLTAGE = 19
    CUT_DELAY = 21
    RECOVERY_VOLTAGE = 22
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
    IGNORE_LV_SHUTDOWN = 42
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


@dataclass(frozen=True, slots=True)
class Reason:
    """A value of register 11; *asks_to_go* says that it may stand behind a request to shut down."""

    kind: WakeReasonKind
    text: str
    asks_to_go: bool = False


REASONS = {
    0: Reason(WakeReasonKind.UNKNOWN, "the board gives no reason", asks_to_go=True),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How this board differs from what one would expect.

    ==========================  ==================================================================
    *guaranteed_wake*           register 49 works (from revision 7)
    *min_interval_s*            each fresh reading burns EEPROM cells, rated for some 100,000 writes
    *longest_cut_delay*         254 tenths of a second; a stored 255 counts as unset
    *longest_default_on_delay*  above 32 s the firmware's 16-bit product overflows
    *alarm_horizon_s*           an alarm knows the day of the month only
    *deaf_s*                    SYS_UP is not seen while the LED on the same pin shines after start
    *cut_needs_sys_up*          a halt is noticed only after SYS_UP was seen
    *recovery_needs_low*        with low voltage off, recovery also wakes after a planned shut-down
    ==========================  ==================================================================
    """

    guaranteed_wake: bool = True
    min_interval_s: float = 60.0
    longest_cut_delay: int = 254
    longest_default_on_delay: int = 32
    alarm_horizon_s: float = 27 * 86400.0
    deaf_s: float = 5.0
    cut_needs_sys_up: bool = True
    recovery_needs_low: bool = True


def quirks_of(revision: int) -> Quirks:
    """Quirks of a firmware revision."""
    return Quirks(guaranteed_wake=revision >= 7)
