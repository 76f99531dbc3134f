"""Arms every wake trigger that a Witty Pi 3 has, and says what it really holds. Blocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edgepi.model import WakePlan, WakeReceipt
from edgepi_wittypi.codes import AlarmTime, choose_alarm
from edgepi_wittypi.family import Armed
from edgepi_wittypi.gen3.codes import encode_alarm1, encode_alarm2, encode_voltage, second_alarm
from edgepi_wittypi.gen3.registers import UNSET, Reg, Rtc

if TYPE_CHECKING:
    from edgepi_wittypi.gen3.board import Gen3Board
    from edgepi_wittypi.gen3.clock import Clock

__all__ = ["arm", "disarm"]

WITHIN_A_DAY = timedelta(hours=23, minutes=58)
CLOCK_LOST = "the board's clock was lost and could not be set, so its alarm may come at any time"
ALARMS_ONLY = "only its clock wakes this board, which has no guaranteed wake"
RECOVERY_OFF = (
    "the recovery voltage is left off: without `low_voltage` the board would wake at once from any shut-down"
)


def arm(board: Gen3Board, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
    """Set both alarms and the recovery voltage, and read all back.

    Raises:
        VerificationError: the board does not hold what was written.
    """
    alarm = choose_alarm(plan.wake_utc, now_utc, margin_s=margin_s, horizon_s=board.quirks.alarm_horizon_s)
    each_day = alarm.time_utc - now_utc < WITHIN_A_DAY
    behind = second_alarm(alarm.time_utc)
    board.rtc.set_alarm(Rtc.ALARM1_SECOND, encode_alarm1(alarm.time_utc, each_day=each_day))
    board.rtc.set_alarm(Rtc.ALARM2_MINUTE, encode_alarm2(behind))
    board.rtc.switch_alarms(second=True)
    board.rtc.clear()  # a flag that is still up would wake the node as soon as it is cut
    recovery, note = _arm_recovery(board, plan)
    second = f"second alarm at {behind:%H:%M} UTC"
    triggers = (_alarm_text(board, alarm, each_day=each_day), second, recovery, _default_on(board))
    held = tuple(trigger for trigger in triggers if trigger)
    doubts = () if board.clock() is not None else (CLOCK_LOST,)
    if recovery is None and _default_on(board) is None:
        doubts = (*doubts, ALARMS_ONLY)
    receipt = WakeReceipt(wake_utc=alarm.time_utc, triggers=held, doubts=doubts)
    return Armed(receipt, tuple(each for each in (alarm.note, note) if each))


def disarm(clock: Clock) -> None:
    """Set both alarms to no day."""
    clock.set_alarm(Rtc.ALARM1_SECOND, (0, 0, 0, 0))
    clock.set_alarm(Rtc.ALARM2_MINUTE, (0, 0, 0))
    clock.clear()


def _arm_recovery(board: Gen3Board, plan: WakePlan) -> tuple[str | None, str | None]:
    """Set the recovery voltage; with low voltage off it would also keep alarms from waking the node."""
    wanted, note = encode_voltage(plan.recovery_v), None
    if wanted != UNSET and board.registers.read(Reg.LOW_VOLTAGE) == UNSET:
        wanted, note = UNSET, RECOVERY_OFF
    board.registers.write(Reg.RECOVERY_VOLTAGE, wanted)
    if wanted == UNSET or not board.heeds_voltage():
        return None, note
    return f"input above {wanted / 10:.1f} V after a low-voltage shut-down", note


def _alarm_text(board: Gen3Board, alarm: AlarmTime, *, each_day: bool) -> str:
    low, recovery = (board.registers.read(register) for register in (Reg.LOW_VOLTAGE, Reg.RECOVERY_VOLTAGE))
    again = " and each day again" if each_day else ""
    waits = UNSET not in (low, recovery) and board.heeds_voltage()
    return alarm.text + again + (f", put off while the input is below {low / 10:.1f} V" if waits else "")


def _default_on(board: Gen3Board) -> str | None:
    return "input connected again" if board.registers.read(Reg.DEFAULT_ON) == 1 else None
