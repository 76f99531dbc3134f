"""The Witty Pi 4's switch: rail, lines, button and the timer of the cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from edgepi.sim.chips.board import SwitchingBoard
from edgepi.sim.chips.pcf85063 import PCF85063
from edgepi.sim.chips.powerboard import GPIO4, SYS_UP, TXD, BoardEvent
from edgepi.sim.chips.wittypi4_memory import Analog, Memory
from edgepi.sim.chips.wittypi4_registers import Reason, Reg

__all__ = ["INSTANT_S", "Switch", "Variables", "WittyPi4Tunables"]

NEWEST = 7
INSTANT_S = 1e-9


@dataclass(frozen=True, slots=True)
class WittyPi4Tunables:
    """What differs between boards, or what a test wants quicker.

    Firmware before *revision* 7 has no guaranteed wake, waits for nothing before it heeds a low voltage, and
    gives no reason for input connected and reboot.
    """

    revision: int = 7
    low_voltage_grace_s: int = 180
    temperature_grace_s: int = 120
    led_s: float = 3.0
    request_pulse_s: float = 0.05
    brown_out_v: float = 3.0
    coin_cell: bool = True


@dataclass(slots=True)
class Variables:
    """The firmware's variables; lost when the input goes."""

    rail_on: bool = False
    listening_to_txd: bool = False
    system_is_up: bool = False
    turning_off: bool = False
    off_by_txd: bool = False
    cut_in_s: float | None = None
    default_on_in_s: float | None = None
    led_left_s: float = 0.0
    pulse_left_s: float = 0.0
    to_tick_s: float = 1.0
    alarm1_delayed: int = 0
    missing: bool = False
    pulse_ticks: int = 0
    on_s: int = 0
    asleep_s: int = 0

    def clear(self, *kept: str) -> None:
        """Go back to the start values, but for the names *kept*."""
        for each in fields(self):
            if each.name not in kept:
                setattr(self, each.name, each.default)


class Switch(SwitchingBoard):
    """Rail and lines; the base of `edgepi.sim.chips.WittyPi4`."""

    def __init__(
        self,
        *,
        tunables: WittyPi4Tunables | None = None,
        on_event: Callable[[BoardEvent], None] | None = None,
        on_line: Callable[[int, bool], None] | None = None,
    ) -> None:
        super().__init__(on_event=on_event, on_line=on_line)
        self.tunables = tunables or WittyPi4Tunables()
        self.analog = Analog()
        self.memory = Memory()
        self.rtc = PCF85063()
        self._v = Variables()
        self._txd = self._sys_up = False

    @property
    def rail_on(self) -> bool:
        """Whether the node has power."""
        return self._v.rail_on

    @property
    def old_firmware(self) -> bool:
        """Whether it is older than revision 7."""
        return self.tunables.revision < NEWEST

    @property
    def gpio4(self) -> bool:
        """Level of the request line: low while the board or the button pulls it."""
        return not (self._button or self._v.pulse_left_s > 0.0)

    @property
    def asks_to_go(self) -> bool:
        """Whether the board has asked for shut-down, or saw the halt, and will cut."""
        return self._v.turning_off

    @property
    def cut_in_s(self) -> float | None:
        """Seconds until the cut, if one is coming."""
        return self._v.cut_in_s if self._v.turning_off else None

    @property
    def eeprom_writes(self) -> int:
        """How many EEPROM cells were burnt in all."""
        return sum(self.memory.writes)

    def set_line(self, pin: int, high: bool) -> None:
        """Follow a pin that the node drives; the board sees SYS_UP and TXD."""
        if pin == SYS_UP:
            self.set_sys_up(high)
        elif pin == TXD:
            self.set_txd(high)

    def lines(self) -> dict[int, bool]:
        """Level of each pin that the board drives."""
        return {GPIO4: self.gpio4}

    def set_txd(self, high: bool) -> None:
        """Drive the node's TXD: high while it is up."""
        high = high or self.txd_held_high
        changed, self._txd = high != self._txd, high
        if not (changed and self._v.rail_on):
            return
        if high:
            self._v.listening_to_txd = True
        elif self._v.listening_to_txd and self._v.system_is_up:
            self._v.listening_to_txd = self._v.system_is_up = False
            self._v.turning_off = self._v.off_by_txd = True
            self._v.led_left_s = 0.0
            self._start_cut_timer()
            self._tell("halt_seen")

    def set_sys_up(self, high: bool) -> None:
        """Drive SYS_UP; its rise says that the node is up, unless the LED on the same pin shines."""
        rises, self._sys_up = high and not self._sys_up, high
        v = self._v
        if rises and v.rail_on and v.led_left_s <= 0.0 and not v.turning_off and not v.system_is_up:
            self.memory[Reg.LV_SHUTDOWN] = 0
            v.system_is_up = True
            self._tell("sys_up")

    def press(self) -> None:
        """Press the button, and keep it down."""
        if self._button or not self._powered:
            return
        self._button = True
        self.memory[Reg.REASON] = Reason.CLICK
        self._gpio4_changed(high=False)
        self._button_falls()

    def release(self) -> None:
        """Let the button go."""
        if self._button:
            self._button = False
            self._gpio4_changed(high=True)

    def power_on(self) -> None:
        """Start as if the input had just been connected with default-on set."""
        self._power_on(Reason.POWER_CONNECTED)

    def _power_on(self, reason: int | None = None) -> None:
        if reason is not None:
            self._give(reason)
        self._v.clear("led_left_s", "pulse_left_s", "to_tick_s", "alarm1_delayed")
        self._v.rail_on = True
        self._v.listening_to_txd = self._txd
        self._update_power_mode()
        self._tell("on")

    def _give(self, reason: int) -> None:
        if not (self.old_firmware and reason >= Reason.POWER_CONNECTED):
            self.memory[Reg.REASON] = reason

    def _update_power_mode(self) -> float:
        """Note which input feeds the board; return the voltage that decided it."""
        return self.analog.update_power_mode(self.memory)

    def _emulate_click(self) -> None:
        self._v.pulse_left_s = self.tunables.request_pulse_s
        self._gpio4_changed(high=False)
        self._button_falls()

    def _button_falls(self) -> None:
        v = self._v
        v.led_left_s = self.tunables.led_s
        if not v.rail_on:
            self._power_on()
        elif v.system_is_up:
            self._turn_off()
        self._start_cut_timer()

    def _request(self, reason: int) -> None:
        self.memory[Reg.REASON] = reason
        self._emulate_click()
        self._turn_off()

    def _turn_off(self) -> None:
        already, self._v.turning_off = self._v.turning_off, True
        self._v.system_is_up = False
        if not already:
            self._tell("request")

    def _start_cut_timer(self) -> None:
        self._v.cut_in_s = max(self.memory[Reg.CUT_DELAY] / 10.0, 2 * INSTANT_S)

    def _cut_timer_ends(self) -> None:
        v = self._v
        v.cut_in_s = None
        if self._button and v.rail_on:
            self._cut()
        elif v.turning_off and v.off_by_txd and self._txd:
            v.turning_off = v.off_by_txd = False
            v.led_left_s = self.tunables.led_s
            self._give(Reason.REBOOT)
            self._tell("reboot_seen")
        elif v.turning_off:
            self._cut()

    def _cut(self) -> None:
        self._v.clear("to_tick_s", "alarm1_delayed")
        self._sys_up = False
        self._txd = self.txd_held_high
        self._tell("cut")

    def _tell(self, kind: str) -> None:
        self._happened(kind, self.memory[Reg.REASON])

    def _gpio4_changed(self, *, high: bool) -> None:
        if self.on_line:
            self.on_line(GPIO4, high)
