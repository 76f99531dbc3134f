"""Arms every wake trigger that the board has, and says what it really holds. Blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi.model import WakePlan, WakeReceipt
from edgepi_wittypi.board import Board
from edgepi_wittypi.codes import (
    AlarmTime,
    choose_alarm,
    decode_wake,
    encode_voltage,
    encode_wake,
)
from edgepi_wittypi.registers import UNSET, Reg

__all__ = ["Armed", "arm", "disarm"]

SPARE_HOURS = 2
CLOCK_LOST = "the board's clock was lost and could not be set, so its alarm may come at any time"


@dataclass(frozen=True, slots=True)
class Armed:
    """What is held, and what was changed against the wish."""

    receipt: WakeReceipt
    notes: tuple[str, ...] = ()


def arm(board: Board, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
    """Set alarm, recovery voltage and guaranteed wake, and read all back.

    Raises:
        VerificationError: the board does not hold what was written.
    """
    alarm = choose_alarm(plan.wake_utc, now_utc, margin_s=margin_s, horizon_s=board.quirks.alarm_horizon_s)
    board.set_alarm(alarm.registers())
    board.write(Reg.MISC, board.read(Reg.MISC) & ~1)
    recovery, recovery_note = _arm_recovery(board, plan)
    fallback = _arm_fallback(board, plan, alarm, now_utc)
    triggers = tuple(t for t in (_alarm_text(alarm), recovery, fallback, _default_on(board)) if t)
    doubts = () if board.clock() is not None else (CLOCK_LOST,)
    receipt = WakeReceipt(wake_utc=alarm.time_utc, triggers=triggers, doubts=doubts)
    return Armed(receipt, tuple(n for n in (alarm.note, recovery_note) if n))


def disarm(board: Board) -> None:
    """Take the alarm back; the fall-backs stay, for they hold without a plan."""
    board.set_alarm((0, 0, 0, 0, 0))


def _alarm_text(alarm: AlarmTime) -> str:
    return f"alarm at {alarm.time_utc:%Y-%m-%d %H:%M:%S} UTC" + (f" ({alarm.note})" if alarm.note else "")


def _arm_recovery(board: Board, plan: WakePlan) -> tuple[str | None, str | None]:
    wanted, note = encode_voltage(plan.recovery_v), None
    if wanted != UNSET and board.quirks.recovery_needs_low and board.read(Reg.LOW_VOLTAGE) == UNSET:
        wanted = UNSET
        note = (
            "the recovery voltage is left off: without `low_voltage` the board "
            "would wake at once from any shut-down"
        )
    board.write(Reg.IGNORE_LV_SHUTDOWN, 0)
    board.write(Reg.RECOVERY_VOLTAGE, wanted)
    text = f"input above {wanted / 10:.1f} V after a low-voltage shut-down"
    return (None if wanted == UNSET else text), note


def _arm_fallback(board: Board, plan: WakePlan, alarm: AlarmTime, now_utc: datetime) -> str | None:
    if not board.quirks.guaranteed_wake:
        return None
    to_alarm_h = math.ceil((alarm.time_utc - now_utc) / timedelta(hours=1))
    hours = max(plan.fallback_hours or 0, to_alarm_h + SPARE_HOURS)
    board.write(Reg.GUARANTEED_WAKE, encode_wake(hours))
    return f"guaranteed {decode_wake(board.read(Reg.GUARANTEED_WAKE))} h after the cut"


def _default_on(board: Board) -> str | None:
    delay_works = board.read(Reg.DEFAULT_ON_DELAY) <= board.quirks.longest_default_on_delay
    return "input connected again" if board.read(Reg.DEFAULT_ON) == 1 and delay_works else None
