"""The Witty Pi 3's switch: rail, lines, button, and the timer that cuts once TXD has fallen."""

from __future__ import annotations

from dataclasses import dataclass, fields

from edgepi.sim.chips.board import SwitchingBoard
from edgepi.sim.chips.ds3231 import DS3231, FLAG1, STATUS
from edgepi.sim.chips.powerboard import GPIO4, SYS_UP, TXD
from edgepi.sim.chips.wittypi3_registers import UNSET, Analog3, Memory3, Reg3
from edgepi.sim.chips.wittypi4_registers import Reason

__all__ = ["INSTANT_S", "Switch3", "Variables3", "WittyPi3Tunables"]

INSTANT_S = 1e-9
LONGEST_COUNT = 83  # tenths of a second that its 16-bit timer can count at once


@dataclass(frozen=True, slots=True)
class WittyPi3Tunables:
    """What differs between boards; the request on GPIO4 lasts for a fraction of a millisecond."""

    request_pulse_s: float = 0.0001
    brown_out_v: float = 3.0
    coin_cell: bool = True


@dataclass(slots=True)
class Variables3:
    """The firmware's variables, lost when the input goes; *reason* is the true one, in no register."""

    rail_on: bool = False
    asleep: bool = False
    listening_to_txd: bool = False
    turning_off: bool = False
    forced_off: bool = False
    counting_s: float | None = None
    count_left: int = 0
    pulse_left_s: float = 0.0
    to_loop_s: float = 1.0
    to_watchdog_s: float = 0.0
    dummy_loads: int = 0
    reason: int = 0

    def clear(self) -> None:
        """Go back to the start values."""
        for each in fields(self):
            setattr(self, each.name, each.default)


class Switch3(SwitchingBoard):
    """Rail and lines; the base of `edgepi.sim.chips.wittypi3.WittyPi3`."""

    def __init__(self, *, tunables: WittyPi3Tunables | None = None) -> None:
        super().__init__()
        self.tunables = tunables or WittyPi3Tunables()
        self.analog = Analog3()
        self.memory = Memory3()
        self.rtc = DS3231()
        self._v = Variables3()
        self._txd = self._sys_up = False

    @property
    def rail_on(self) -> bool:
        """Whether the node has power."""
        return self._v.rail_on

    @property
    def gpio4(self) -> bool:
        """Level of the request line: low while the board or the button pulls it."""
        return not (self._button or self._v.pulse_left_s > 0.0)

    @property
    def asks_to_go(self) -> bool:
        """Whether it saw the halt and will cut; a request alone is followed by no cut."""
        return self._v.turning_off

    @property
    def cut_in_s(self) -> float | None:
        """Seconds until the cut, if one is coming."""
        v = self._v
        return v.counting_s + v.count_left / 10.0 if v.turning_off and v.counting_s is not None else None

    @property
    def eeprom_writes(self) -> int:
        """How many EEPROM cells were burnt in all."""
        return sum(self.memory.writes)

    def lines(self) -> dict[int, bool]:
        """Level of each pin that the board drives."""
        return {GPIO4: self.gpio4}

    def set_line(self, pin: int, high: bool) -> None:
        """Follow a pin that the node drives; the board sees SYS_UP and TXD."""
        if pin == SYS_UP:
            self._set_sys_up(high)
        elif pin == TXD:
            self._set_txd(high)

    def _set_sys_up(self, high: bool) -> None:
        changed, self._sys_up = high != self._sys_up, high
        if changed and self._v.rail_on:
            self._look_at_sys_up()

    def _look_at_sys_up(self) -> None:
        """Heed SYS_UP as the firmware does with each change of it or of the button."""
        v = self._v
        if self._sys_up and not v.listening_to_txd:
            self.memory[Reg3.LV_SHUTDOWN] = 0
            v.listening_to_txd = True
            self._tell("sys_up")

    def _set_txd(self, high: bool) -> None:
        high = high or self.txd_held_high
        changed, self._txd = high != self._txd, high
        v = self._v
        if not (changed and v.rail_on):
            return
        if v.listening_to_txd and not high:
            v.listening_to_txd = False
            v.turning_off = True
            self._count_down()
            self._tell("halt_seen")
        self._heed_alarm_line()

    def press(self) -> None:
        """Press the button, and keep it down; it pulls GPIO4 itself."""
        if not self._button and self._powered:
            self._button = True
            self._pulled(Reason.CLICK)

    def release(self) -> None:
        """Let the button go."""
        if not self._button:
            return
        self._button = False
        self._line_changed(high=True)
        if self._v.forced_off:
            self._v.forced_off = False
            self._sleep()
        elif self._v.rail_on:
            self._look_at_sys_up()

    def power_on(self) -> None:
        """Start the node as if the input had just been connected with default-on set."""
        self._wake(Reason.POWER_CONNECTED)

    def _pull(self, reason: Reason) -> None:
        """Pull the button's line for an instant, as the firmware presses its own button."""
        if self.gpio4:
            self._v.pulse_left_s = self.tunables.request_pulse_s
            self._pulled(reason)

    def _pulled(self, reason: Reason) -> None:
        v = self._v
        self._line_changed(high=False)
        if v.asleep:
            self._wake(reason)
        elif reason is not Reason.ALARM1:
            v.reason = reason
            self._tell("request")
        self._count_down()
        self._look_at_sys_up()

    def _wake(self, reason: Reason) -> None:
        v = self._v
        v.asleep = v.listening_to_txd = v.turning_off = v.forced_off = False
        v.rail_on, v.counting_s, v.to_loop_s, v.reason = True, None, 1.0, reason
        self.analog.update_power_mode(self.memory, rail_on=True)
        self._tell("on")

    def _count_down(self) -> None:
        self._v.count_left = self.memory[Reg3.CUT_DELAY]
        self._count_on()

    def _count_on(self) -> None:
        v = self._v
        part = min(v.count_left, LONGEST_COUNT)
        v.count_left -= part
        v.counting_s = max(part / 10.0, 2 * INSTANT_S)

    def _counted(self) -> None:
        """Act on the timer's overflow; a button still held forces the cut, in any part of a long delay."""
        v = self._v
        left, v.counting_s = v.count_left, None
        if self._button and v.rail_on:
            v.forced_off = True
            self._cut()
        elif left:
            self._count_on()
        elif v.turning_off and self._txd:
            v.turning_off = False
            self._tell("reboot_seen")
        elif v.turning_off:
            self._cut()
            self._sleep()

    def _cut(self) -> None:
        v = self._v
        v.rail_on = v.turning_off = False
        self._sys_up, self._txd = False, self.txd_held_high
        self._tell("cut")

    def _sleep(self) -> None:
        self._v.asleep = True
        self._v.counting_s = None
        self._v.to_watchdog_s = self._pulse_interval_s()

    def _pulse_interval_s(self) -> float:
        code = self.memory[Reg3.PULSE_INTERVAL]
        return float(2.0 ** ((code if code <= 9 else 8) - 6))

    def _heed_alarm_line(self) -> None:
        """Act on an alarm whose flag is up; done when its line or TXD changes, and at each pulse asleep."""
        if self.rtc.alarm_line:
            return
        reason = Reason.ALARM1 if self.rtc.read(STATUS) & FLAG1 else Reason.ALARM2
        if self._v.rail_on or self.memory[Reg3.POWER_MODE] == 0 or self._enough_for_alarm():
            self._pull(reason)

    def _enough_for_alarm(self) -> bool:
        m = self.memory
        vin_v = self.analog.measure_vin(m)
        no_recovery = m[Reg3.RECOVERY_VOLTAGE] == UNSET
        above_low = vin_v > m[Reg3.LOW_VOLTAGE] / 10.0
        if m[Reg3.LV_SHUTDOWN] == 1:
            return above_low and (no_recovery or vin_v > m[Reg3.RECOVERY_VOLTAGE] / 10.0)
        if above_low or no_recovery:
            return True
        m[Reg3.LV_SHUTDOWN] = 1
        return False

    def _tell(self, kind: str) -> None:
        self._happened(kind, self._v.reason)

    def _line_changed(self, *, high: bool) -> None:
        if self.on_line:
            self.on_line(GPIO4, high)
