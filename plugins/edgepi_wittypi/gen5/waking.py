"""The wake of a Witty Pi 5, planned or standing by. Blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from edgepi.errors import VerificationError
from edgepi.model import WakePlan, WakeReceipt
from edgepi_wittypi.codes import AlarmTime, choose_alarm
from edgepi_wittypi.family import Armed
from edgepi_wittypi.gen5.codes import decode_alarm, encode_alarm, encode_voltage
from edgepi_wittypi.gen5.registers import Admin, Reg
from edgepi_wittypi.gen5.settings import NEVER_ON
from edgepi_wittypi.gen5.steady import SteadyAccess
from edgepi_wittypi.quirks import Quirks

__all__ = ["Waking"]

STAND_BY = timedelta(hours=12)
LEAST_STAND_BY = timedelta(hours=3)
BEATS_BETWEEN_LOOKS = 600
MINUTE_S = 60.0  # the clock's alarm comes when a minute begins, so the minute must not have begun
OPEN = 0x80
LOADED_WITHIN_READS = 400
EACH_DAY, EACH_HOUR = timedelta(hours=23, minutes=58), timedelta(minutes=58)
SCRIPT_IN_USE = 0x01
ALARM = (Reg.ALARM1_SECOND, Reg.ALARM1_MINUTE, Reg.ALARM1_HOUR, Reg.ALARM1_DAY)
CLOCK_LOST = "the board's clock was lost and could not be set, so its alarm may come at any time"
SCRIPT = "the board follows a schedule script of its own, which will replace the alarm"
RECOVERY = (
    "the recovery voltage is set, but this board heeds it only after it has switched the node off itself, "
    "and not before the alarm"
)


class Waking:
    """Sets the one wake alarm, and keeps one ahead while nothing is planned.

    A board that switches the node off unplanned (a hung node, a low input) wakes it at the alarm it holds
    then; one in the past it takes for next month's.
    """

    def __init__(self, registers: SteadyAccess, quirks: Quirks, clock: Callable[[], datetime | None]) -> None:
        self._registers = registers
        self._quirks = quirks
        self._clock = clock
        self._planned = False
        self._beats = 0

    def arm(self, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
        """Set every wake trigger that there is, read it back, say what holds.

        Raises:
            VerificationError: the board does not hold what was written.
        """
        alarm = choose_alarm(
            plan.wake_utc,
            now_utc,
            margin_s=margin_s + self._needed_s,
            horizon_s=self._quirks.alarm_horizon_s,
        )
        self._set(alarm.time_utc)
        self._planned = True
        self._registers.write(Reg.RECOVERY_VOLTAGE, encode_voltage(plan.recovery_v))
        triggers = tuple(t for t in (self._alarm_text(alarm), self._power_text()) if t)
        receipt = WakeReceipt(wake_utc=alarm.time_utc, triggers=triggers, doubts=self._doubts())
        notes = (alarm.note, RECOVERY if plan.recovery_v is not None else "")
        return Armed(receipt, tuple(note for note in notes if note))

    def stand_by(self) -> None:
        """Have a wake ahead that nobody planned."""
        self._planned = False
        self.look()

    def look(self) -> None:
        """See that the wake ahead is not used up; a planned one stays what it is until it has passed."""
        self._beats = 0
        if self._planned:
            self._keep(timedelta(), self._horizon)
        else:
            self._keep(LEAST_STAND_BY, STAND_BY)

    def beat(self) -> None:
        """Look now and then."""
        self._beats += 1
        if self._beats >= BEATS_BETWEEN_LOOKS:
            self.look()

    def keep_ahead(self) -> None:
        """Put the alarm off if the node could not be cut before it, and have the board save all it holds."""
        needed = timedelta(seconds=self._needed_s)
        self._keep(needed, self._horizon, needed + timedelta(seconds=1))
        self._registers.command(Admin.SAVE_SETTINGS)

    def repeat(self) -> None:
        """Let the alarm that the board has just loaded come each day (or hour) again, should it be lost.

        The board gives its clock chip the day, and takes an alarm in the past for next month's; the chip
        itself can leave day and hour open. Where it does not take that, the alarm comes once.
        """
        now = self._clock()
        held = decode_alarm([self._registers.read(register) for register in ALARM], now) if now else None
        if now is None or held is None:
            return
        self._await_loaded(held)
        for register, every in ((Reg.RTC_DAY_ALARM, EACH_DAY), (Reg.RTC_HOUR_ALARM, EACH_HOUR)):
            if held - now < every and self._registers.read(register) != OPEN:
                self._registers.put(register, OPEN)

    def _await_loaded(self, alarm: datetime) -> None:
        """Wait the tenth of a second after which the board loads what was set on the way to the cut."""
        _, minute, hour, day = encode_alarm(alarm)
        wanted = {
            Reg.RTC_MINUTE_ALARM: {minute},
            Reg.RTC_HOUR_ALARM: {hour, OPEN},
            Reg.RTC_DAY_ALARM: {day, OPEN},
        }
        for _ in range(LOADED_WITHIN_READS):
            if all(self._registers.once(register) in values for register, values in wanted.items()):
                return

    @property
    def _needed_s(self) -> float:
        return self._quirks.cut_delay_s[1] + MINUTE_S

    @property
    def _horizon(self) -> timedelta:
        return timedelta(seconds=self._quirks.alarm_horizon_s)

    def _keep(self, least: timedelta, most: timedelta, otherwise: timedelta = STAND_BY) -> None:
        """Set an alarm *otherwise* ahead of the board's clock, unless one is *least* to *most* ahead."""
        now = self._clock()
        if now is None:
            return
        held = decode_alarm([self._registers.read(register) for register in ALARM], now)
        if held is None or not now + least <= held <= now + most:
            self._set(now + otherwise)

    def _set(self, time_utc: datetime) -> None:
        """Set the alarm; the day goes first to nowhere, so that no half-written alarm can come."""
        wanted = dict(zip(ALARM, encode_alarm(time_utc), strict=True))
        if all(self._registers.read(register) == value for register, value in wanted.items()):
            return
        self._registers.write(Reg.ALARM1_DAY, 0)
        for register, value in wanted.items():
            self._registers.write(register, value)
        if any(self._registers.read(register) != value for register, value in wanted.items()):
            raise VerificationError("the Witty Pi does not hold the wake alarm that was written")

    def _alarm_text(self, alarm: AlarmTime) -> str:
        low = self._registers.read(Reg.LOW_VOLTAGE)
        return alarm.text + (f", put off while the input is below {low / 10:.1f} V" if low else "")

    def _power_text(self) -> str | None:
        held = self._registers.read(Reg.DEFAULT_ON_DELAY)
        return None if held == NEVER_ON else "input connected again"

    def _doubts(self) -> tuple[str, ...]:
        lost = () if self._clock() is not None else (CLOCK_LOST,)
        return (*lost, SCRIPT) if self._registers.read(Reg.MISC) & SCRIPT_IN_USE else lost
