"""Brings a Witty Pi 5's settings in order, and says what is wrong with them. Blocks."""

from __future__ import annotations

from edgepi.errors import VerificationError
from edgepi_wittypi import extras
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.gen5.codes import encode_voltage
from edgepi_wittypi.gen5.registers import EXTRAS, Admin, Reg
from edgepi_wittypi.gen5.steady import SteadyAccess
from edgepi_wittypi.quirks import Quirks

__all__ = ["NEVER_ON", "ailments", "configure"]

NEVER_ON = 255
ON_AFTER_S = 5  # an input that comes and goes has settled by then
SCRIPT_IN_USE = 0x01
BY_DAY, ALARM_REACHES_BOARD, STOPPED = 0x40, 0x08, 0x01
SHUT_DOWN = 2
MADE_FOR = (1, 4)
SCRIPT_PURGED = (
    "the board followed a schedule script of its own, which replaces every wake that is set; "
    "it was taken off the board (the copy named schedule, not the file that it was chosen from)"
)


def configure(registers: SteadyAccess, config: WittyPiConfig, quirks: Quirks) -> tuple[str, ...]:
    """Have the cut wait, a connected input start the node, the clock stay UTC, and nobody else plan.

    Raises:
        VerificationError: the board does not hold what was written.
    """
    registers.changed = False
    registers.write(Reg.CUT_DELAY, quirks.longest_cut_delay)
    if registers.read(Reg.DEFAULT_ON_DELAY) == NEVER_ON:
        registers.write(Reg.DEFAULT_ON_DELAY, ON_AFTER_S)
    for register in (Reg.ALARM2_DAY, Reg.ALARM2_HOUR, Reg.ALARM2_MINUTE, Reg.ALARM2_SECOND):
        registers.write(register, 0)  # a shut-down that other software has planned
    registers.write(Reg.DST_OFFSET, 0)
    registers.write(Reg.DST_APPLIED, 0)
    if config.low_voltage is not None:
        registers.write(Reg.LOW_VOLTAGE, encode_voltage(config.low_voltage))
    missing = extras.apply(registers, config.extras, EXTRAS)
    _let_alarms_through(registers)
    notes = (*_own_the_schedule(registers), *missing)
    if registers.changed:
        registers.command(Admin.SAVE_SETTINGS)
    return notes


def ailments(registers: SteadyAccess, version: tuple[int, int]) -> tuple[str, ...]:
    """Say what a person should look after."""
    found = []
    if version < MADE_FOR:
        found.append(
            f"the firmware {version[0]}.{version[1]} is older than 1.4, which this was made for: update it"
        )
    if missed := registers.read(Reg.MISSED_HEARTBEATS):
        found.append(f"the board has not heard of the node for {missed} min")
    if registers.read(Reg.MISC) & SCRIPT_IN_USE:
        found.append("the board follows a schedule script of its own, which replaces every wake that is set")
    for action, point, word in (
        (Reg.BELOW_ACTION, Reg.BELOW_POINT, "below"),
        (Reg.OVER_ACTION, Reg.OVER_POINT, "above"),
    ):
        if registers.read(action) == SHUT_DOWN:
            raw = registers.read(point)
            degrees = raw - 256 if raw > 127 else raw
            found.append(f"the board switches the node off, and wakes it at no alarm, {word} {degrees} °C")
    return tuple(found)


def _let_alarms_through(registers: SteadyAccess) -> None:
    registers.write(Reg.RTC_EXTENSION, registers.read(Reg.RTC_EXTENSION) | BY_DAY)
    control = registers.read(Reg.RTC_CONTROL)
    registers.write(Reg.RTC_CONTROL, control & ~STOPPED | ALARM_REACHES_BOARD)


def _own_the_schedule(registers: SteadyAccess) -> tuple[str, ...]:
    if not registers.read(Reg.MISC) & SCRIPT_IN_USE:
        return ()
    registers.command(Admin.PURGE_SCRIPT)
    if registers.read(Reg.MISC) & SCRIPT_IN_USE:
        raise VerificationError(
            "the Witty Pi keeps to a schedule script of its own, which replaces every wake that is set",
            hint="take schedule.wpi, schedule.act and schedule.skd off its disk",
        )
    return (SCRIPT_PURGED,)
