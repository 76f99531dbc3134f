"""The Witty Pi 4 as software, battery and pins see it, after its firmware of revision 7."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from edgepi.sim.bus import bus_error
from edgepi.sim.chips.pcf85063 import PCF85063, from_bcd
from edgepi.sim.chips.wittypi4_memory import Analog, Memory
from edgepi.sim.chips.wittypi4_registers import Reason, Reg

__all__ = ["BoardEvent", "WittyPi4", "WittyPi4Tunables"]

DISABLED = 255
SHUT_DOWN, START_UP = 1, 2
DELAYED_START_TICKS = 4
EVENTS_KEPT = 256
INSTANT_S = 1e-9


@dataclass(frozen=True, slots=True)
class WittyPi4Tunables:
    """What differs between boards, or what a test wants quicker."""

    low_voltage_grace_s: int = 180
    temperature_grace_s: int = 120
    led_s: float = 3.0
    request_pulse_s: float = 0.05
    brown_out_v: float = 3.0
    coin_cell: bool = True


@dataclass(frozen=True, slots=True)
class BoardEvent:
    """Something the board did at a time counted from its making.

    *kind* is ``on``, ``request`` (it asks the node to go), ``halt_seen``, ``reboot_seen``, ``cut``,
    ``sys_up``, ``alarm_lost``, ``power_lost`` or ``power_back``; *reason* is register 11 then.
    """

    kind: str
    reason: int
    at_s: float


@dataclass(slots=True)
class _Variables:
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
    pulse_ticks: int = 0
    on_s: int = 0
    asleep_s: int = 0

    def clear(self, *kept: str) -> None:
        """Go back to the start values, but for the names *kept*."""
        for each in fields(self):
            if each.name not in kept:
                setattr(self, each.name, each.default)


class WittyPi4:
    """The board. Set *analog* before each `step`; the lines are `set_txd`, `set_sys_up`, `press`, `release`.

    *on_event* hears each `BoardEvent`, *on_gpio4* each change of the line that asks for shut-down.
    *txd_held_high* is another HAT that holds the line, so that the board never sees the halt.
    """

    def __init__(
        self,
        *,
        tunables: WittyPi4Tunables | None = None,
        on_event: Callable[[BoardEvent], None] | None = None,
        on_gpio4: Callable[[bool], None] | None = None,
    ) -> None:
        self.tunables = tunables or WittyPi4Tunables()
        self.on_event = on_event
        self.on_gpio4 = on_gpio4
        self.analog = Analog()
        self.memory = Memory()
        self.rtc = PCF85063()
        self.txd_held_high = False
        self.events: deque[BoardEvent] = deque(maxlen=EVENTS_KEPT)
        self.elapsed_s = 0.0
        self._lm75b = {1: 0, 2: 0, 3: 0}
        self._v = _Variables()
        self._txd = self._sys_up = self._button = False
        self._powered = False
        self._start_firmware()

    # -- what the world sees ------------------------------------------------------------------

    @property
    def rail_on(self) -> bool:
        """Whether the node has power."""
        return self._v.rail_on

    @property
    def powered(self) -> bool:
        """Whether the board itself has power."""
        return self._powered

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

    def click(self) -> None:
        """Press the button and let it go."""
        self.press()
        self.release()

    # -- what the bus sees --------------------------------------------------------------------

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
            self.analog.update_power_mode(self.memory)
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

    # -- time ---------------------------------------------------------------------------------

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
        self.memory.load()
        self._lm75b[2] = self.memory[Reg.BELOW_POINT] << 8
        self._lm75b[3] = self.memory[Reg.OVER_POINT] << 8
        self.rtc.write(2, self.memory[Reg.RTC_OFFSET])
        if self.memory[Reg.DEFAULT_ON] == 1:
            self._v.default_on_in_s = _default_on_delay_s(self.memory[Reg.DEFAULT_ON_DELAY])

    # -- the switch ---------------------------------------------------------------------------

    def power_on(self) -> None:
        """Start as if the input had just been connected with default-on set."""
        self._power_on(Reason.POWER_CONNECTED)

    def _power_on(self, reason: int | None = None) -> None:
        if reason is not None:
            self.memory[Reg.REASON] = reason
        self._v.clear("led_left_s", "pulse_left_s", "to_tick_s", "alarm1_delayed")
        self._v.rail_on = True
        self._v.listening_to_txd = self._txd
        self.analog.update_power_mode(self.memory)
        self._tell("on")

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
            self.memory[Reg.REASON] = Reason.REBOOT
            self._tell("reboot_seen")
        elif v.turning_off:
            self._cut()

    def _cut(self) -> None:
        self._v.clear("to_tick_s", "alarm1_delayed")
        self._sys_up = False
        self._txd = self.txd_held_high
        self._tell("cut")

    # -- the checks of every second -----------------------------------------------------------

    def _tick(self) -> None:
        if self._v.rail_on:
            self._v.on_s += 1
        self._check_low_voltage()
        self._check_temperature()
        self._check_alarms()
        self._check_delayed_alarm()
        if not self._v.rail_on and self._v.default_on_in_s is None:
            self._sleep_second()

    def _check_low_voltage(self) -> None:
        m, v = self.memory, self._v
        if v.on_s < self.tunables.low_voltage_grace_s or not (v.rail_on and v.system_is_up):
            return
        by_mode = m[Reg.POWER_MODE] == 1 or m[Reg.IGNORE_POWER_MODE] == 1
        by_flag = m[Reg.LV_SHUTDOWN] == 0 or m[Reg.IGNORE_LV_SHUTDOWN] == 1
        if not (by_mode and by_flag) or m[Reg.LOW_VOLTAGE] == DISABLED:
            return
        if self.analog.measured_vin_v(m) < m[Reg.LOW_VOLTAGE] / 10.0:
            m[Reg.LV_SHUTDOWN] = 1
            self._request(Reason.LOW_VOLTAGE)

    def _check_temperature(self) -> None:
        m = self.memory
        whole_c = _signed(self.analog.lm75b_word() >> 8)
        if whole_c > _signed(m[Reg.OVER_POINT]):
            self._temperature_action(m[Reg.OVER_ACTION], Reason.OVER_TEMPERATURE)
        elif whole_c < _signed(m[Reg.BELOW_POINT]):
            self._temperature_action(m[Reg.BELOW_ACTION], Reason.BELOW_TEMPERATURE)

    def _temperature_action(self, action: int, reason: Reason) -> None:
        if action not in (SHUT_DOWN, START_UP):
            return
        self.memory[Reg.REASON] = reason
        if action == START_UP and not self._v.rail_on:
            self._emulate_click()
        elif action == SHUT_DOWN and self._may_shut_down_for_heat():
            self._request(reason)

    def _may_shut_down_for_heat(self) -> bool:
        v = self._v
        return v.rail_on and not v.turning_off and v.on_s >= self.tunables.temperature_grace_s

    def _check_alarms(self) -> None:
        m = self.memory
        can = self._can_trigger()
        if self._due(Reg.ALARM1, Reg.ALARM1_TRIGGERED):
            if not can:
                self._tell("alarm_lost")
                return
            m[Reg.ALARM1_TRIGGERED] = m[Reg.FLAG_ALARM1] = 1
            if not self._v.rail_on:
                m[Reg.REASON] = Reason.ALARM1
                self._emulate_click()
            elif not m[Reg.MISC] & 1:
                self._v.alarm1_delayed = 1
        elif can and self._due(Reg.ALARM2, Reg.ALARM2_TRIGGERED):
            m[Reg.ALARM2_TRIGGERED] = m[Reg.FLAG_ALARM2] = 1
            if self._v.rail_on and not self._v.turning_off:
                self._request(Reason.ALARM2)

    def _due(self, alarm: Reg, triggered: Reg) -> bool:
        second, minute, hour, day = (from_bcd(self.memory[alarm + i]) for i in range(4))
        stamp = day * 86400 + hour * 3600 + minute * 60 + second
        return stamp != 0 and self.memory[triggered] == 0 and 0 <= self.rtc.stamp - stamp < 2

    def _can_trigger(self) -> bool:
        m = self.memory
        if self._v.rail_on or m[Reg.POWER_MODE] == 0:
            return True
        vin_v = self.analog.measured_vin_v(m)
        above_low = vin_v > m[Reg.LOW_VOLTAGE] / 10.0
        if m[Reg.LV_SHUTDOWN] == 1:
            recovery = m[Reg.RECOVERY_VOLTAGE]
            return above_low and (recovery == DISABLED or vin_v > recovery / 10.0)
        if above_low or m[Reg.LOW_VOLTAGE] == DISABLED:
            return True
        m[Reg.LV_SHUTDOWN] = 1
        return False

    def _check_delayed_alarm(self) -> None:
        if self._v.rail_on or self._v.alarm1_delayed == 0:
            return
        self._v.alarm1_delayed += 1
        if self._v.alarm1_delayed == DELAYED_START_TICKS:
            self._v.alarm1_delayed = 0
            self.memory[Reg.REASON] = Reason.ALARM1_DELAYED
            self._emulate_click()

    def _sleep_second(self) -> None:
        m, v = self.memory, self._v
        v.asleep_s += 1
        v.pulse_ticks += 1
        wake_s = _guaranteed_wake_s(m[Reg.GUARANTEED_WAKE])
        if wake_s and v.asleep_s >= wake_s and self._enough_to_wake():
            self._power_on(Reason.GUARANTEED_WAKE)
        elif v.pulse_ticks >= m[Reg.PULSE_INTERVAL]:
            v.pulse_ticks = 0
            vin_v = self.analog.update_power_mode(m)
            by_mode = m[Reg.POWER_MODE] == 1 or m[Reg.IGNORE_POWER_MODE] == 1
            by_flag = m[Reg.LOW_VOLTAGE] == DISABLED or 1 in (m[Reg.LV_SHUTDOWN], m[Reg.IGNORE_LV_SHUTDOWN])
            recovery = m[Reg.RECOVERY_VOLTAGE]
            if by_mode and by_flag and recovery != DISABLED and vin_v >= recovery / 10.0:
                self._power_on(Reason.VOLTAGE_RESTORED)

    def _enough_to_wake(self) -> bool:
        recovery = self.memory[Reg.RECOVERY_VOLTAGE]
        return recovery == DISABLED or self.analog.raw_vin_v() >= recovery / 10.0

    # -- telling and keeping ------------------------------------------------------------------

    def _tell(self, kind: str) -> None:
        event = BoardEvent(kind, self.memory[Reg.REASON], self.elapsed_s)
        self.events.append(event)
        if self.on_event:
            self.on_event(event)

    def _gpio4_changed(self, *, high: bool) -> None:
        if self.on_gpio4:
            self.on_gpio4(high)

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
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WittyPi4:
        """The board that `to_dict` described; its callbacks are to be set again."""
        board = cls(tunables=WittyPi4Tunables(**data["tunables"]))
        board.analog = Analog(**data["analog"])
        board.memory = Memory(**data["memory"])
        board.rtc = PCF85063(**data["rtc"])
        board._lm75b = dict(zip((1, 2, 3), data["lm75b"], strict=True))
        board._v = _Variables(**data["variables"])
        board._txd, board._sys_up, board._button, board.txd_held_high = data["lines"]
        board._powered, board.elapsed_s = data["powered"], data["elapsed_s"]
        return board


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def _guaranteed_wake_s(register: int) -> int:
    return (register & 0x7F) * (86400 if register & 0x80 else 3600)


def _default_on_delay_s(register: int) -> float:
    """Delay as the firmware computes it: above 32 s its 16-bit product overflows, to weeks or to nothing."""
    product = register * 1000 & 0xFFFF
    if product & 0x8000:
        product += 0xFFFF0000
    return max(product / 1000.0, 2 * INSTANT_S)
