"""The Witty Pi 5 HAT+ as software, battery and button see it, after its firmware 1.4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Self

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.rx8025 import RX8025, TMP112
from edgepi.sim.chips.wittypi5_memory import Analog5, Configuration
from edgepi.sim.chips.wittypi5_registers import PowerMode, Reason5, Reg5, State
from edgepi.sim.chips.wittypi5_slave import Slave5
from edgepi.sim.chips.wittypi5_switch import Variables5, WittyPi5Tunables
from edgepi.sim.chips.wittypi5_watch import FACTORY_RESET_S

__all__ = ["WittyPi5"]

INSTANT_S = 1e-9


class WittyPi5(Slave5):
    """The board as `PowerBoard`; it has no lines, all goes over the bus."""

    name: ClassVar[str] = "wittypi5"

    def __init__(self, *, tunables: WittyPi5Tunables | None = None) -> None:
        super().__init__(tunables=tunables)
        self._start_firmware()

    # -- as a power board ---------------------------------------------------------------------

    def attach(self, bus: SimulatedBus) -> None:
        """Hang on at 0x51; what register 16 holds changes nothing."""
        bus.attach(self.address, self)

    def feed(
        self, *, input_v: float, output_v: float, output_a: float, temperature_c: float, usb_v: float = 0.0
    ) -> None:
        """Take over what is true at its terminals."""
        self.analog = Analog5(input_v, usb_v, output_v, output_a, temperature_c)

    def set_line(self, pin: int, high: bool) -> None:
        """Do nothing: no pin of the node is wired to it."""

    def lines(self) -> dict[int, bool]:
        """None."""
        return {}

    def power_on(self) -> None:
        """Start the node as if the input had just been connected with default-on set."""
        self._start(Reason5.POWER_CONNECTED)

    def press(self) -> None:
        """Press the button; what it does comes when it is let go."""
        self._button = self._powered

    def release(self) -> None:
        """Let the button go: start the node, or ask it to go; with BOOTSEL held before, factory reset."""
        if not self._button:
            return
        self._button = False
        if self._v.timers.pop("factory reset", None) is not None:
            self.script = ()
            self.memory.file = None
            self.memory.load()
        elif self._v.switched_on:
            self._request(Reason5.CLICK)
        else:
            self._start(Reason5.CLICK)

    def hold_bootsel(self) -> None:
        """Hold the BOOTSEL button long: a click of the other within 5 s is a factory reset, if allowed."""
        if self.memory[Reg5.FACTORY_RESET]:
            self._v.timers["factory reset"] = FACTORY_RESET_S

    def set_clock(self, time_utc: datetime) -> None:
        """Set the clock from outside."""
        self.rtc.set(time_utc)

    def lose_clock(self) -> None:
        """Forget the time, as with an empty coin cell."""
        self.rtc.lose_time()

    def clock_utc(self) -> datetime | None:
        """What the clock shows; None in the year 0, in which it starts after losing power."""
        return self.rtc.counter.shown_utc()

    def reason(self) -> str:
        """Words of the half of register 14 that counts now."""
        half = self._v.reason & 0x0F if self._v.state is State.STOPPING else self._v.reason >> 4
        return Reason5(half).name.lower().replace("_", " ") if half in set(Reason5) else f"reason {half}"

    # -- time ---------------------------------------------------------------------------------

    def step(self, dt_s: float) -> None:
        """Let time pass, stopping at each of the firmware's own moments on the way."""
        self._follow_input()
        while dt_s > INSTANT_S:
            part_s = min(dt_s, max(min(self._v.timers.values(), default=1.0), INSTANT_S))
            dt_s -= part_s
            self.elapsed_s += part_s
            alarm = (self._powered or self.tunables.coin_cell) and self.rtc.step(part_s)
            if self._powered:
                self._advance(part_s, alarm=alarm)

    def _advance(self, part_s: float, *, alarm: bool) -> None:
        v = self._v
        v.up_s += part_s
        v.since_heartbeat_s += part_s
        ended = []
        for name in v.timers:
            v.timers[name] -= part_s
            if v.timers[name] <= INSTANT_S:
                ended.append(name)
        if alarm:
            self._rtc_alarm()
        for name in ended:
            if v.timers.get(name, 1.0) <= INSTANT_S:
                del v.timers[name]
                self._ended(name)

    def _ended(self, name: str) -> None:
        if name == "tick":
            self._v.timers[name] = 1.0
            self._tick()
            return
        does: Mapping[str, Callable[[], object]] = {
            "up": self._is_up,
            "heartbeat": self._heartbeat_missed,
            "cut": self._cut,
            "restart": lambda: self._start(Reason5.REBOOT),
            "startup": self._startup_due,
            "shutdown": lambda: self._request(Reason5.ALARM2),
            "temperature": self._temperature_retried,
            "apply ALARM1": lambda: self._set_alarm(Reg5.ALARM1, keep_if_none=False),
            "apply ALARM2": lambda: self._set_alarm(Reg5.ALARM2, keep_if_none=False),
            "default_on": self._default_on,
            "command": self._command,
            "factory reset": lambda: None,
        }
        does[name]()

    def _follow_input(self) -> None:
        has_input = max(self.analog.vin_v, self.analog.vusb_v) >= self.tunables.brown_out_v
        if self._powered and not has_input:
            self._powered = self._button = False
            self._v = Variables5()
            self._tell("power_lost")
            if not self.tunables.coin_cell:
                self.rtc.lose_power()
        elif has_input and not self._powered:
            self._start_firmware()
            self._tell("power_back")

    def _start_firmware(self) -> None:
        self._powered = True
        self._v = Variables5()
        self._admin = [0] * 16
        self.memory.load()
        self.rtc.start_alarms()
        self._v.power_mode = PowerMode.NONE
        self._v.converter_on = self.memory[Reg5.PRIORITY] == 1
        self._v.timers["tick"] = 1.0
        delay = self.memory[Reg5.DEFAULT_ON_DELAY]
        if delay == 255:
            self._schedule(startup=True)
        else:
            self._v.timers["default_on"] = max(float(delay), 2 * INSTANT_S)

    def _default_on(self) -> None:
        self._start(Reason5.POWER_CONNECTED)
        self._schedule(startup=self._v.state is State.OFF)

    # -- files --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "tunables": asdict(self.tunables),
            "analog": asdict(self.analog),
            "memory": self.memory.to_dict(),
            "rtc": self.rtc.to_dict(),
            "tmp112": asdict(self.tmp112),
            "variables": asdict(self._v),
            "admin": list(self._admin),
            "script": [[up, at.isoformat()] for up, at in self.script],
            "hot": self._hot,
            "powered": self._powered,
            "elapsed_s": self.elapsed_s,
            "alarms_to_miss": self.alarms_to_miss,
            "txd_held_high": self.txd_held_high,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The board that `to_dict` described; its callbacks are to be set again."""
        board = cls(tunables=WittyPi5Tunables(**data["tunables"]))
        board.analog = Analog5(**data["analog"])
        board.memory = Configuration(**data["memory"])
        board.rtc = RX8025.from_dict(data["rtc"])
        board.tmp112 = TMP112(**data["tmp112"])
        variables = Variables5(**data["variables"])
        variables.state, variables.power_mode = State(variables.state), PowerMode(variables.power_mode)
        board._v = variables
        board._admin = list(data["admin"])
        board.script = tuple((bool(up), datetime.fromisoformat(at)) for up, at in data["script"])
        board._hot, board._powered = bool(data["hot"]), bool(data["powered"])
        board.elapsed_s, board.alarms_to_miss = float(data["elapsed_s"]), int(data["alarms_to_miss"])
        board.txd_held_high = bool(data["txd_held_high"])
        return board
