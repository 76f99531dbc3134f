"""The Witty Pi 3 as software, battery and pins see it, after its firmware 1.04."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from edgepi.sim.bus import SimulatedBus, bus_error
from edgepi.sim.chips.ds3231 import DS3231, FLAG1, FLAG2
from edgepi.sim.chips.wittypi3_registers import UNSET, Analog3, Memory3, Reg3
from edgepi.sim.chips.wittypi3_switch import INSTANT_S, Switch3, Variables3, WittyPi3Tunables
from edgepi.sim.chips.wittypi4_registers import Reason

__all__ = ["WittyPi3"]

LOWEST, HIGHEST = 0x08, 0x77
FACTORY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class WittyPi3(Switch3):
    """The board as `PowerBoard`: its controller at 0x69, and its clock for all to use at 0x68."""

    name: ClassVar[str] = "wittypi3"
    address: ClassVar[int] = 0x69
    clock_address: ClassVar[int] = 0x68

    def __init__(self, *, tunables: WittyPi3Tunables | None = None) -> None:
        super().__init__(tunables=tunables)
        self.rtc.set_sure(FACTORY_TIME)
        self._start_firmware()
        self._sleep()

    # -- as a power board ---------------------------------------------------------------------

    def attach(self, bus: SimulatedBus) -> None:
        """Hang on at the address that register 9 holds, and at the clock's."""
        held = self.memory[Reg3.ADDRESS]
        bus.attach(held if LOWEST <= held <= HIGHEST else self.address, self)
        bus.attach(self.clock_address, _ClockFace(self))

    def feed(
        self, *, input_v: float, output_v: float, output_a: float, temperature_c: float, usb_v: float = 0.0
    ) -> None:
        """Take over what is true at its terminals; 5 V that are no more than the output count as USB."""
        del usb_v
        self.analog.vin_v, self.analog.vout_v, self.analog.iout_a = input_v, output_v, output_a
        self.rtc.temperature_c = temperature_c

    def set_clock(self, time_utc: datetime) -> None:
        """Set the clock from outside."""
        self.rtc.set(time_utc)

    def lose_clock(self) -> None:
        """Forget the time and every alarm, as with an empty coin cell."""
        self.rtc.lose_power()

    def clock_utc(self) -> datetime | None:
        """What the clock shows; it starts at 2000 after losing power."""
        return self.rtc.shown_utc()

    def reason(self) -> str:
        """Why it really switched last; the board itself keeps no reason."""
        return Reason(self._v.reason).name.lower().replace("_", " ")

    # -- on the bus ---------------------------------------------------------------------------

    def read(self, register: int) -> int:
        """Return one register; reading the whole part of a quantity measures it afresh, and wears nothing."""
        self.must_answer(self.address)
        rail_on = self._v.rail_on
        if register == Reg3.VIN:
            self.analog.measure_vin(self.memory)
        elif register == Reg3.VOUT:
            self.analog.measure_vout(self.memory, rail_on=rail_on)
        elif register == Reg3.IOUT:
            self.analog.measure_iout(self.memory, rail_on=rail_on)
        elif register == Reg3.POWER_MODE:
            self.analog.update_power_mode(self.memory, rail_on=rail_on)
        return self.memory[register] if register < Reg3.COUNT else 0xFF

    def read_block(self, register: int, length: int) -> Sequence[int]:
        """Return one byte; what is read beyond is 0xff."""
        return ([self.read(register)] + [0xFF] * length)[:length]

    def write(self, register: int, value: int) -> None:
        """Take one register; none is protected."""
        self.write_block(register, (value,))

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take one register; what follows is ignored."""
        self.must_answer(self.address)
        if data and register < Reg3.COUNT:
            self.memory[register] = data[0]

    def clock_written(self, register: int, value: int) -> None:
        """Pass a byte on to the clock, whose line may change by it."""
        before = self.rtc.alarm_line
        self.rtc.write(register, value)
        if self.rtc.alarm_line != before:
            self._heed_alarm_line()

    def must_answer(self, address: int) -> None:
        """Raise what the bus reports while the board has no power."""
        if not self._powered:
            raise bus_error(errno.EREMOTEIO, address, "no answer, the board has no power")

    # -- time ---------------------------------------------------------------------------------

    def step(self, dt_s: float) -> None:
        """Let time pass, stopping at each of the firmware's own moments on the way."""
        self._follow_input()
        while dt_s > INSTANT_S:
            part_s = min(dt_s, *self._moments())
            dt_s -= part_s
            self.elapsed_s += part_s
            self._keep_time(part_s)
            if self._powered:
                self._advance(part_s)

    def _moments(self) -> list[float]:
        v = self._v
        waits = (v.counting_s, v.pulse_left_s, v.to_watchdog_s if v.asleep else v.to_loop_s)
        return [1.0, *(wait for wait in waits if wait is not None and wait > INSTANT_S)]

    def _keep_time(self, part_s: float) -> None:
        if not (self._powered or self.tunables.coin_cell):
            return
        misses = FLAG1 | FLAG2 if self.alarms_to_miss > 0 and not self._v.rail_on else 0
        before = self.rtc.alarm_line
        if self.rtc.count_on(part_s, on_battery=not self._powered, misses=misses) & misses:
            self.alarms_to_miss -= 1
            self._tell("alarm_lost")
        if self._powered and self.rtc.alarm_line != before:
            self._heed_alarm_line()

    def _advance(self, part_s: float) -> None:
        v = self._v
        if v.pulse_left_s > 0.0:
            v.pulse_left_s = max(0.0, v.pulse_left_s - part_s)
            if v.pulse_left_s <= INSTANT_S:
                v.pulse_left_s = 0.0
                self._line_changed(high=self.gpio4)
        if v.counting_s is not None:
            v.counting_s -= part_s
            if v.counting_s <= INSTANT_S:
                self._counted()
        if v.asleep:
            v.to_watchdog_s -= part_s
            if v.to_watchdog_s <= INSTANT_S:
                v.to_watchdog_s = self._pulse_interval_s()
                self._look_around()
        else:
            v.to_loop_s -= part_s
            if v.to_loop_s <= INSTANT_S:
                v.to_loop_s = 1.0
                self._check_low_voltage()

    def _check_low_voltage(self) -> None:
        m, v = self.memory, self._v
        on = m[Reg3.POWER_MODE] == 1 and v.rail_on and v.listening_to_txd
        if not on or m[Reg3.LV_SHUTDOWN] != 0 or m[Reg3.LOW_VOLTAGE] == UNSET:
            return
        if self.analog.measure_vin(m) < m[Reg3.LOW_VOLTAGE] / 10.0:
            m[Reg3.LV_SHUTDOWN] = 1
            self._pull(Reason.LOW_VOLTAGE)

    def _look_around(self) -> None:
        """Do what is done at each pulse while the node is off: alarm, dummy load, recovery."""
        self._heed_alarm_line()
        m, v = self.memory, self._v
        if not v.asleep:
            return
        if m[Reg3.DUMMY_LOAD] > 0:
            v.dummy_loads += 1
        by_flag = m[Reg3.LV_SHUTDOWN] == 1 or m[Reg3.LOW_VOLTAGE] == UNSET
        if m[Reg3.POWER_MODE] != 1 or not by_flag or m[Reg3.RECOVERY_VOLTAGE] == UNSET:
            return
        if self.analog.measure_vin(m) >= m[Reg3.RECOVERY_VOLTAGE] / 10.0:
            self._wake(Reason.VOLTAGE_RESTORED)

    def _follow_input(self) -> None:
        has_input = self.analog.vin_v >= self.tunables.brown_out_v
        if self._powered and not has_input:
            self._tell("power_lost")
            self._powered = self._txd = self._sys_up = False
            self._v.clear()
            if not self.tunables.coin_cell:
                self.rtc.lose_power()
        elif has_input and not self._powered:
            self._start_firmware()
            self._tell("power_back")
            if self.memory[Reg3.DEFAULT_ON] == 1:
                self.power_on()
            else:
                self._sleep()

    def _start_firmware(self) -> None:
        self._powered = True
        self._v.clear()
        self.memory.load()

    # -- files --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "tunables": asdict(self.tunables),
            "analog": asdict(self.analog),
            "memory": self.memory.to_dict(),
            "rtc": self.rtc.to_dict(),
            "variables": asdict(self._v),
            "lines": [self._txd, self._sys_up, self._button, self.txd_held_high],
            "powered": self._powered,
            "elapsed_s": self.elapsed_s,
            "alarms_to_miss": self.alarms_to_miss,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The board that `to_dict` described; its callbacks are to be set again."""
        board = cls(tunables=WittyPi3Tunables(**data["tunables"]))
        board.analog, board.memory = Analog3(**data["analog"]), Memory3(**data["memory"])
        board.rtc, board._v = DS3231(**data["rtc"]), Variables3(**data["variables"])
        board._txd, board._sys_up, board._button, board.txd_held_high = data["lines"]
        board._powered, board.elapsed_s = data["powered"], data["elapsed_s"]
        board.alarms_to_miss = data["alarms_to_miss"]
        return board


class _ClockFace:
    """The clock as the node's bus sees it; the board lets its time pass."""

    def __init__(self, board: WittyPi3) -> None:
        self._board = board

    def read(self, register: int) -> int:
        self._board.must_answer(self._board.clock_address)
        return self._board.rtc.read(register)

    def write(self, register: int, value: int) -> None:
        self._board.must_answer(self._board.clock_address)
        self._board.clock_written(register, value)

    def step(self, dt_s: float) -> None:
        """Pass nothing on: the board has its own step."""
