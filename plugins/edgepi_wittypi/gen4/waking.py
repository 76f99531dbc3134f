"""Arms every wake trigger that a Witty Pi 4 has, and says what it really holds. Blocks."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edgepi.model import WakePlan, WakeReceipt
from edgepi_wittypi.codes import AlarmTime, choose_alarm
from edgepi_wittypi.family import Armed
from edgepi_wittypi.gen4.codes import decode_wake, encode_voltage, encode_wake
from edgepi_wittypi.gen4.registers import UNSET, Reg

if TYPE_CHECKING:
    from edgepi_wittypi.gen4.board import Gen4Board

__all__ = ["arm"]

CLEAR = timedelta(seconds=6)
TO_THE_CUT = timedelta(minutes=4)
CLOCK_LOST = "the board's clock was lost and could not be set, so its alarm may come at any time"


def arm(board: Gen4Board, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
    """Set alarm, recovery voltage and guaranteed wake, and read all back.

    Raises:
        VerificationError: the board does not hold what was written.
    """
    alarm = choose_alarm(plan.wake_utc, now_utc, margin_s=margin_s, horizon_s=board.quirks.alarm_horizon_s)
    board.set_alarm(alarm.registers())
    board.registers.write(Reg.RTC_CONTROL1, 0)  # a clock that is stopped wakes nobody
    board.registers.write(Reg.FLAG_ALARM1, 0)
    recovery, recovery_note = (_arm_usb if board.quirks.wakes_on_usb else _arm_recovery)(board, plan)
    fallback = _arm_fallback(board, plan, alarm, now_utc)
    triggers = tuple(t for t in (alarm.text, recovery, fallback, _default_on(board)) if t)
    doubts = () if board.clock() is not None else (CLOCK_LOST,)
    receipt = WakeReceipt(
        wake_utc=alarm.time_utc,
        triggers=triggers,
        doubts=doubts,
        fallback_utc=_fallback_utc(board, now_utc),
    )
    return Armed(receipt, tuple(n for n in (alarm.note, recovery_note) if n))


def keep_clear_of(board: Gen4Board, shown: datetime, cut: datetime) -> None:
    """Put an alarm off that would start the node before a shut-down alarm at *cut* ends it again."""
    earliest = cut + timedelta(seconds=board.quirks.cut_delay_s[1]) + CLEAR
    held = board.alarm()
    between = (shown + timedelta(seconds=s) for s in range(int((earliest - shown).total_seconds())))
    if any(AlarmTime(at).registers()[:4] == held[:4] for at in between):
        board.set_alarm(AlarmTime(earliest).registers())


def _arm_recovery(board: Gen4Board, plan: WakePlan) -> tuple[str | None, str | None]:
    registers = board.registers
    wanted, note = _recovery(board, plan.recovery_v), None
    if wanted != UNSET and board.quirks.recovery_needs_low and registers.read(Reg.LOW_VOLTAGE) == UNSET:
        wanted = UNSET
        note = (
            "the recovery voltage is left off: without `low_voltage` the board "
            "would wake at once from any shut-down"
        )
    registers.write(Reg.IGNORE_LV_SHUTDOWN, 0)
    registers.write(Reg.RECOVERY_VOLTAGE, wanted)
    text = f"input above {plan.recovery_v or 0.0:.1f} V after a low-voltage shut-down"
    return (None if wanted == UNSET else text), note


def _recovery(board: Gen4Board, volts: float | None) -> int:
    """Register 22 for a true voltage: the firmware compares it with its reading before the adjustment."""
    if volts is None:
        return UNSET
    adjusted = board.registers.read(Reg.ADJ_VIN)
    return encode_voltage(volts - (adjusted - 256 if adjusted > 127 else adjusted) / 100.0)


def _arm_usb(board: Gen4Board, plan: WakePlan) -> tuple[str | None, str | None]:
    """Where register 22 is no voltage, it is a wake too good to leave off: by the sun on a panel at USB."""
    del plan
    if board.registers.read(Reg.RECOVERY_VOLTAGE) == 0:
        board.registers.write(Reg.RECOVERY_VOLTAGE, UNSET)
    return "5 V at USB again", None


def _arm_fallback(board: Gen4Board, plan: WakePlan, alarm: AlarmTime, now_utc: datetime) -> str | None:
    if not board.quirks.guaranteed_wake:
        return None
    next_h = math.floor((alarm.time_utc - now_utc) / timedelta(hours=1)) + 1
    hours = plan.fallback_hours if plan.fallback_hours is not None else next_h
    board.registers.write(Reg.GUARANTEED_WAKE, encode_wake(hours))
    return f"guaranteed {decode_wake(board.registers.read(Reg.GUARANTEED_WAKE))} h after the cut"


def _fallback_utc(board: Gen4Board, now_utc: datetime) -> datetime | None:
    hours = decode_wake(board.registers.read(Reg.GUARANTEED_WAKE)) if board.quirks.guaranteed_wake else 0
    return now_utc + timedelta(hours=hours) + TO_THE_CUT if hours else None


def _default_on(board: Gen4Board) -> str | None:
    registers = board.registers
    delay_works = registers.read(Reg.DEFAULT_ON_DELAY) <= board.quirks.longest_default_on_delay
    return "input connected again" if registers.read(Reg.DEFAULT_ON) == 1 and delay_works else None
