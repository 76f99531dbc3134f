"""What can befall a night: each fault that users report of power boards, drawn and carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from edgepi.budget.frozen import NOTHING
from edgepi.sim.files import FILES

if TYPE_CHECKING:
    from wake_night import Night

__all__ = ["FAULTS", "carry_out"]

HOUR_S = 3600.0


def carry_out(night: Night) -> None:
    """Set up every fault of the night."""
    for name in night.spec.faults:
        FAULTS[name](night)


def _asleep(night: Night, share: float) -> float:
    """Seconds from the halt to a share of the way to the wanted wake."""
    down = night.downs[-1]
    return max(60.0, (down.wanted_s - down.from_s) * share)


def wake_in_the_past(night: Night) -> None:
    """A person asks for a wake that is past or only seconds away."""
    night.wish_s = night.dice.choice((-3600.0, -1.0, 2.0, 20.0, 90.0))


def clock_steps_over_alarm(night: Night) -> None:
    """While the node sleeps the board's clock jumps past the alarm."""

    def jump() -> None:
        shown = night.world.board.clock_utc()
        if shown is not None and not night.world.rail_on:
            night.world.catch_up()
            night.world.board.set_clock(shown + timedelta(days=1))
            night.spoil_alarm()
            night.tell("the board's clock jumps a day ahead")

    night.on_halt.append(lambda: night.later(_asleep(night, night.dice.uniform(0.1, 0.9)), jump))


def alarm_missed(night: Night) -> None:
    """The board lets its alarm pass."""
    night.on_halt.append(lambda: setattr(night.world.board, "alarms_to_miss", 1))


def low_at_alarm(night: Night) -> None:
    """Something else pulls the battery down around the alarm."""
    sag_v = night.spec.place.cells * night.dice.uniform(0.3, 0.8)

    def sag(on: bool) -> Callable[[], None]:
        def act() -> None:
            night.world.catch_up()
            night.world.sag_v = sag_v if on else 0.0
            night.tell(
                f"another load pulls the battery down by {sag_v:.1f} V" if on else "the other load ends"
            )

        return act

    def plan() -> None:
        wake_s = _asleep(night, 1.0)
        night.later(max(30.0, wake_s - 1200.0), sag(on=True))
        night.later(wake_s + night.dice.uniform(600.0, 7200.0), sag(on=False))
        night.on_halt.remove(plan)

    night.on_halt.append(plan)


def slow_halt(night: Night) -> None:
    """The machine takes minutes to halt, and the alarm may be due before it has."""
    slow_s = night.dice.choice((120.0, 300.0, 900.0))
    night.halt_s = lambda: slow_s
    if night.dice.random() < 0.7:
        night.wish_s = night.dice.uniform(130.0, 600.0)


def clock_lost_by_day(night: Night) -> None:
    """The board's coin cell is empty: its clock forgets the time before the node sleeps."""

    def lose() -> None:
        night.world.catch_up()
        night.world.board.lose_clock()
        night.spoil_alarm()
        night.tell("the board loses its clock")

    night.later(night.spec.sleep_s * night.dice.uniform(0.0, 1.1), lose)


def clock_lost_asleep(night: Night) -> None:
    """The board's clock forgets the time while the node sleeps."""

    def lose() -> None:
        night.world.catch_up()
        night.world.board.lose_clock()
        night.spoil_alarm()
        night.tell("the board loses its clock")

    night.on_halt.append(lambda: night.later(_asleep(night, night.dice.uniform(0.05, 0.95)), lose))


def wrong_zone(night: Night) -> None:
    """The vendor's software has set the board's clock to local time."""
    hours = night.dice.choice((-8, -7, -5, 1, 2, 5.5, 9))

    def set_wrong() -> None:
        night.world.catch_up()
        night.world.board.set_clock(night.world.now_utc + timedelta(hours=hours))
        night.spoil_alarm()
        night.tell(f"the board's clock is set to local time, {hours:+} h")

    set_wrong()
    night.later(night.spec.sleep_s * night.dice.uniform(0.2, 1.05), set_wrong)


def clock_off(night: Night) -> None:
    """The board's clock is minutes off."""

    def set_off() -> None:
        night.world.catch_up()
        off = timedelta(seconds=night.dice.uniform(-3000.0, 3000.0))
        night.world.board.set_clock(night.world.now_utc + off)
        night.spoil_alarm()
        night.tell(f"the board's clock is {off.total_seconds():+.0f} s off")

    night.later(night.spec.sleep_s * night.dice.uniform(0.0, 1.02), set_off)


def vendor_runs(night: Night) -> None:
    """The vendor's daemon runs beside EdgePi for some hours."""
    night.vendor = True

    def ends() -> None:
        night.vendor = False
        if night.inside is not None:
            night.inside.machine.processes.clear()
        night.tell("the vendor's daemon is stopped")

    night.later(night.spec.sleep_s * night.dice.uniform(0.5, 1.5), ends)


def _killed_while_arming(night: Night, strike: Callable[[], None]) -> None:
    left = [night.dice.randrange(1, 40)]
    armed = [False]

    def arm() -> None:
        armed[0] = True

    def count(_register: int) -> None:
        if armed[0]:
            left[0] -= 1
            if left[0] == 0:
                armed[0] = False
                strike()

    night.later(night.spec.sleep_s - 30.0, arm)
    night.on_write = count


def cut_while_arming(night: Night) -> None:
    """The input is lost between two writes of arming, and comes back."""

    def strike() -> None:
        night.tell("the input is lost between two writes")
        night.later(night.dice.choice((2.0, 60.0, 1200.0)), lambda: night.world.lose_input(lost=False))
        night.world.lose_input(lost=True)

    _killed_while_arming(night, strike)


def killed_while_arming(night: Night) -> None:
    """The process is killed between two writes of arming."""
    _killed_while_arming(night, lambda: night.kill("the process is killed between two writes"))


def left_alone(night: Night) -> None:
    """The system freezes by day: nothing on the node will ever arm or halt."""
    frozen_s = night.spec.sleep_s * night.dice.uniform(0.1, 1.0)

    def freeze() -> None:
        if night.inside is not None and not night.inside.machine.halted.is_set():
            night.doubt = night.doubt or night.may_freeze
            night.kill("the whole system freezes", again_s=None)
            night.reset("the machine's watchdog ends that")

    night.later(frozen_s, freeze)


def process_hangs(night: Night) -> None:
    """The process hangs, and the system's watchdog starts it again."""
    night.later(
        night.spec.sleep_s + night.dice.uniform(-60.0, 20.0),
        lambda: night.kill("the process hangs until the watchdog ends it", again_s=65.0),
    )


def halt_hangs(night: Night) -> None:
    """The machine begins to halt and never ends."""
    night.halt_s = lambda: 40 * 86400.0

    def hang() -> None:
        down = night.downs[-1]
        down.doubt = NOTHING if night.may_freeze else down.doubt
        night.reset("the machine's watchdog ends the halt that hangs")

    night.on_halt.append(hang)


def halt_refused(night: Night) -> None:
    """The machine refuses to halt, twice."""
    night.halts_refused = 2


def txd_high(night: Night) -> None:
    """Another HAT holds the line by which the board sees the halt."""
    night.world.board.txd_held_high = True


def _bus(night: Night, kind: str) -> None:
    faults, where = night.world.bus.faults, (*night.world.bus.addresses(), FILES)
    start_s = night.spec.sleep_s + night.dice.uniform(-1800.0, 60.0)

    def begins() -> None:
        getattr(faults, kind).update(where)
        night.tell(f"the board is {kind}")

    def ends() -> None:
        faults.clear()
        night.tell("the board answers again")

    night.later(max(30.0, start_s), begins)
    night.later(start_s + night.dice.choice((120.0, 1800.0, 5400.0)), ends)


def garbage(night: Night) -> None:
    """The board answers garbage for a while."""
    _bus(night, "garbage")


def silent(night: Night) -> None:
    """The board does not answer for a while."""
    _bus(night, "silent")


def deaf(night: Night) -> None:
    """The board ignores what is written for a while."""
    _bus(night, "deaf")


def button(night: Night) -> None:
    """Somebody presses the button, by day or by night."""

    def press() -> None:
        night.world.catch_up()
        night.tell("somebody presses the button")
        night.world.board.press()
        night.later(0.3, night.world.board.release)

    night.later(night.spec.sleep_s + night.dice.uniform(-3600.0, 6 * HOUR_S), press)


def input_lost(night: Night) -> None:
    """The input goes altogether, and comes back."""
    at_s = night.spec.sleep_s + night.dice.uniform(-0.9 * night.spec.sleep_s, 8 * HOUR_S)

    def lose() -> None:
        night.tell("the input is lost")
        night.world.lose_input(lost=True)

    def back() -> None:
        night.tell("the input is back")
        night.world.lose_input(lost=False)

    night.later(at_s, lose)
    night.later(at_s + night.dice.choice((1.0, 30.0, 600.0, 4 * HOUR_S)), back)


def two_dark_days(night: Night) -> None:
    """No sun for two days, with little in the battery (drawn with the place)."""
    del night


FAULTS: Mapping[str, Callable[[Night], None]] = {
    each.__name__: each
    for each in (
        wake_in_the_past,
        clock_steps_over_alarm,
        alarm_missed,
        low_at_alarm,
        slow_halt,
        clock_lost_by_day,
        clock_lost_asleep,
        wrong_zone,
        clock_off,
        vendor_runs,
        cut_while_arming,
        killed_while_arming,
        left_alone,
        process_hangs,
        halt_hangs,
        halt_refused,
        txd_high,
        garbage,
        silent,
        deaf,
        button,
        input_lost,
        two_dark_days,
    )
}
