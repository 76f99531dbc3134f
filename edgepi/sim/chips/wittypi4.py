"""The Witty Pi 4 as software, battery and pins see it, after its firmware of revision 7."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Self

from edgepi.sim.bus import SimulatedBus, bus_error
from edgepi.sim.chips.pcf85063 import PCF85063
from edgepi.sim.chips.powerboard import BoardEvent
from edgepi.sim.chips.wittypi4_memory import Analog, Memory
from edgepi.sim.chips.wittypi4_registers import FACTORY, Reason, Reg
from edgepi.sim.chips.wittypi4_switch import INSTANT_S, Variables, WittyPi4Tunables
from edgepi.sim.chips.wittypi4_watch import Watch

__all__ = ["WittyPi4", "WittyPi4Mini"]

LOWEST, HIGHEST = 0x08, 0x77


class WittyPi4(Watch):
    """The board as `PowerBoard`; *analog* is what `feed` sets, *memory* its registers, *rtc* its clock."""

    name: ClassVar[str] = "wittypi4"
    address: ClassVar[int] = 0x08
    factory: ClassVar[Mapping[int, int]] = FACTORY

    def __init__(
        self,
        *,
        tunables: WittyPi4Tunables | None = None,
        on_event: Callable[[BoardEvent], None] | None = None,
        on_line: Callable[[int, bool], None] | None = None,
    ) -> None:
        super().__init__(tunables=tunables, on_event=on_event, on_line=on_line)
        self._lm75b = {1: 0, 2: 0, 3: 0}
        self._start_firmware()

    def attach(self, bus: SimulatedBus) -> None:
        """Hang on at the address that register 16 holds; the firmware takes no other than a usual one."""
        held = self.memory[Reg.ADDRESS]
        bus.attach(held if LOWEST <= held <= HIGHEST else self.address, self)

    def feed(
        self, *, input_v: float, output_v: float, output_a: float, temperature_c: float, usb_v: float = 0.0
    ) -> None:
        """Take over what is true at its terminals; a charger at its USB socket is not modelled."""
        del usb_v
        analog = self.analog
        analog.vin_v, analog.vout_v, analog.iout_a = input_v, output_v, output_a
        analog.temperature_c = temperature_c

    def set_clock(self, time_utc: datetime) -> None:
        """Set the clock from outside."""
        self.rtc.set(time_utc)

    def lose_clock(self) -> None:
        """Forget the time, as with an empty coin cell."""
        self.rtc.lose_power()

    def clock_utc(self) -> datetime | None:
        """What the clock shows; None in the year 0, in which it starts after losing power."""
        return self.rtc.shown_utc()

    def reason(self) -> str:
        """Words of register 11."""
        number = self.memory[Reg.REASON]
        try:
            return Reason(number).name.lower().replace("_", " ")
        except ValueError:
            return f"reason {number}"

    def read(self, register: int) -> int:
        """Return one register; reading a whole part measures afresh, which burns EEPROM."""
        self._must_answer()
        if register == Reg.VIN:
            self.analog.measured_vin_v(self.memory)
        elif register == Reg.VOUT:
            self.analog.measure_vout(self.memory, rail_on=self.rail_on)
        elif register == Reg.IOUT:
            self.analog.measure_iout(self.memory, rail_on=self.rail_on)
        elif register == Reg.POWER_MODE:
            self._update_power_mode()
        if register < Reg.COUNT:
            return self.memory[register]
        if register < Reg.RTC:
            return self._lm75b_bytes(register)[0]
        return self.rtc.read(register - Reg.RTC) if register <= Reg.LAST else 0xFF

    def read_block(self, register: int, length: int) -> Sequence[int]:
        """Return one byte, or the two of an LM75B word; what is read beyond is 0xff."""
        answer = [self.read(register)]
        if Reg.LM75B <= register < Reg.RTC:
            answer = self._lm75b_bytes(register)
        return (answer + [0xFF] * length)[:length]

    def write(self, register: int, value: int) -> None:
        """Take one register; below 16 they are read-only."""
        self.write_block(register, (value,))

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take one register (two bytes for a word of the LM75B); what follows is ignored."""
        self._must_answer()
        if not data:
            return
        if Reg.ADDRESS <= register < Reg.COUNT:
            self._configure(register, data[0])
        elif Reg.LM75B < register < Reg.RTC:
            word = data[0] << 8 | (data[1] if len(data) > 1 else 0)
            self._lm75b[register - Reg.LM75B] = data[0] if register == Reg.LM75B + 1 else word
        elif Reg.RTC <= register <= Reg.LAST:
            self.rtc.write(register - Reg.RTC, data[0])

    def _configure(self, register: int, value: int) -> None:
        if Reg.ALARM1 <= register < Reg.ALARM2:
            self.memory[Reg.ALARM1_TRIGGERED] = 0
        elif Reg.ALARM2 <= register < Reg.RTC_OFFSET:
            self.memory[Reg.ALARM2_TRIGGERED] = 0
        elif register == Reg.RTC_OFFSET:
            self.rtc.write(2, value)
        self.memory[register] = value

    def _lm75b_bytes(self, register: int) -> list[int]:
        if register == Reg.LM75B + 1:
            return [self._lm75b[1]]
        index = register - Reg.LM75B
        word = self._lm75b[index] if index else self.analog.lm75b_word()
        return [word >> 8, word & 0xFF]

    def _must_answer(self) -> None:
        if not self._powered:
            raise bus_error(errno.EREMOTEIO, 0x08, "no answer, the board has no power")

    def step(self, dt_s: float) -> None:
        """Let time pass, stopping at each of the firmware's own moments on the way."""
        self._follow_input()
        while dt_s > INSTANT_S:
            part_s = min(dt_s, *self._moments())
            dt_s -= part_s
            self.elapsed_s += part_s
            if self._powered or self.tunables.coin_cell:
                self.rtc.step(part_s)
            if self._powered:
                self._advance(part_s)

    def _moments(self) -> list[float]:
        v = self._v
        waits = (v.cut_in_s, v.default_on_in_s, v.led_left_s, v.pulse_left_s, v.to_tick_s)
        return [wait for wait in waits if wait is not None and wait > INSTANT_S]

    def _advance(self, part_s: float) -> None:
        v = self._v
        v.led_left_s = max(0.0, v.led_left_s - part_s)
        if v.pulse_left_s > 0.0:
            v.pulse_left_s -= part_s
            if v.pulse_left_s <= INSTANT_S:
                v.pulse_left_s = 0.0
                self._gpio4_changed(high=self.gpio4)
        if v.default_on_in_s is not None:
            v.default_on_in_s -= part_s
            if v.default_on_in_s <= INSTANT_S:
                v.default_on_in_s = None
                self._power_on(Reason.POWER_CONNECTED)
        if v.cut_in_s is not None:
            v.cut_in_s -= part_s
            if v.cut_in_s <= INSTANT_S:
                self._cut_timer_ends()
        v.to_tick_s -= part_s
        if v.to_tick_s <= INSTANT_S:
            v.to_tick_s = 1.0
            self._tick()

    def _follow_input(self) -> None:
        has_input = self.analog.vin_v >= self.tunables.brown_out_v
        if self._powered and not has_input:
            self._tell("power_lost")
            self._powered = False
            self._v.clear()
            self._txd = self._sys_up = False
            if not self.tunables.coin_cell:
                self.rtc.lose_power()
        elif has_input and not self._powered:
            self._start_firmware()
            self._tell("power_back")

    def _start_firmware(self) -> None:
        self._powered = True
        self._v.clear()
        self.memory.load(self.factory)
        self.memory.values[Reg.REVISION] = self.tunables.revision
        self._lm75b[2] = self.memory[Reg.BELOW_POINT] << 8
        self._lm75b[3] = self.memory[Reg.OVER_POINT] << 8
        self.rtc.write(2, self.memory[Reg.RTC_OFFSET])
        if self.memory[Reg.DEFAULT_ON] == 1:
            self._v.default_on_in_s = _default_on_delay_s(self.memory[Reg.DEFAULT_ON_DELAY])

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "tunables": asdict(self.tunables),
            "analog": asdict(self.analog),
            "memory": self.memory.to_dict(),
            "rtc": self.rtc.to_dict(),
            "lm75b": [self._lm75b[i] for i in (1, 2, 3)],
            "variables": asdict(self._v),
            "lines": [self._txd, self._sys_up, self._button, self.txd_held_high],
            "powered": self._powered,
            "elapsed_s": self.elapsed_s,
            "alarms_to_miss": self.alarms_to_miss,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The board that `to_dict` described; its callbacks are to be set again."""
        board = cls(tunables=WittyPi4Tunables(**data["tunables"]))
        board.analog = Analog(**data["analog"])
        board.memory = Memory(**data["memory"])
        board.rtc = PCF85063(**data["rtc"])
        board._lm75b = dict(zip((1, 2, 3), data["lm75b"], strict=True))
        board._v = Variables(**data["variables"])
        board._txd, board._sys_up, board._button, board.txd_held_high = data["lines"]
        board._powered, board.elapsed_s = data["powered"], data["elapsed_s"]
        board.alarms_to_miss = data.get("alarms_to_miss", 0)
        return board


class WittyPi4Mini(WittyPi4):
    """The small board: the same firmware, fed through pads by 5 V or more."""

    name = "wittypi4mini"


def _default_on_delay_s(register: int) -> float:
    """Delay as the firmware computes it: above 32 s its 16-bit product overflows, to weeks or to nothing."""
    product = register * 1000 & 0xFFFF
    if product & 0x8000:
        product += 0xFFFF0000
    return max(product / 1000.0, 2 * INSTANT_S)
