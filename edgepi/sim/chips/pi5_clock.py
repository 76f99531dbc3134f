"""A Pi 5 without a board: its own clock, power button and power chip switch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, ClassVar, Self

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pi5_files import WAKEALARM, Pi5State, setting, text_of
from edgepi.sim.chips.pi5_rtc import Pi5Rtc, kernel_error
from edgepi.sim.chips.powerboard import KEY_POWER, TXD, BoardEvent

__all__ = ["SETTINGS", "Pi5Clock", "WokenBy"]

EACCES = 13
DIES_V, COMES_BACK_V = 4.63, 4.75  # at the 5 V pins; documented as 4.63 V, five per cent either way
CHIP_FORGETS_V = 3.0
CONVERTER_NEEDS_V = 2.5
OFF_AFTER_HALT_S = 2.0  # the boot loader runs once more, sees that it is to halt, and switches off
HARD_CUT_S = 5.0
RESTART_S = 0.5
POWER_ON_RESET, FULL_RESET, UNDER_VOLTAGE = 1 << 12, 1 << 5, 1 << 1
SETTINGS = "[all]\nBOOT_UART=1\nPOWER_OFF_ON_HALT=1\nWAKE_ON_GPIO=0\nBOOT_ORDER=0xf461\n"
_WORDS = {1: "the supply was connected", 2: "its alarm", 3: "its button", 4: "a restart"}


class WokenBy(IntEnum):
    """Why it started, as the simulation numbers it; the real one does not say."""

    SUPPLY = 1
    ALARM = 2
    BUTTON = 3
    RESTART = 4


class Pi5Clock:
    """The machine with a cell at J5 and its boot loader set to switch off at a halt; *state* changes that."""

    name: ClassVar[str] = "pi5"

    def __init__(self) -> None:
        self.on_event: Callable[[BoardEvent], None] | None = None
        self.on_line: Callable[[int, bool], None] | None = None
        self.on_key: Callable[[int], None] | None = None
        self.txd_held_high = False  # a halt goes through the firmware, whatever holds the line
        self.alarms_to_miss = 0
        self.rtc = Pi5Rtc()
        self.state = Pi5State(settings=SETTINGS, cell_v=3.0)
        self.elapsed_s = 0.0
        self.supply_v, self._lowest_v = 5.1, 5.1
        self._powered, self._on, self._up, self._halted = True, False, False, False
        self._woken_by = WokenBy.SUPPLY
        self._off_in_s: float | None = None
        self._on_in_s: float | None = None
        self._pressed_s: float | None = None

    @property
    def rail_on(self) -> bool:
        """Whether the processor has power."""
        return self._on

    @property
    def powered(self) -> bool:
        """Whether there are 5 V at its pins."""
        return self._powered

    @property
    def asks_to_go(self) -> bool:
        """Whether it saw the halt and will switch off."""
        return self._off_in_s is not None

    @property
    def cut_in_s(self) -> float | None:
        """Seconds until it switches off, if it will."""
        return self._off_in_s

    @property
    def eeprom_writes(self) -> int:
        """None: nothing here wears."""
        return 0

    def attach(self, bus: SimulatedBus) -> None:
        """Take the bus's time; there is no chip on it."""
        bus.carry(self)

    def feed(
        self, *, input_v: float, output_v: float, output_a: float, temperature_c: float, usb_v: float = 0.0
    ) -> None:
        """Take over the battery's voltage, which a converter makes *output_v* of while it is high enough."""
        del output_a, temperature_c, usb_v
        self.supply_v = output_v if input_v >= CONVERTER_NEEDS_V else 0.0

    def step(self, dt_s: float) -> None:
        """Let at most a second go by."""
        self.elapsed_s += dt_s
        due = self.rtc.step(dt_s)
        self._follow_supply()
        if not self._powered:
            return
        if due:
            self._alarm()
        self._follow_button(dt_s)
        self._off_in_s = self._count(self._off_in_s, dt_s, self._off)
        self._on_in_s = self._count(self._on_in_s, dt_s, self._start)

    def _count(self, left_s: float | None, dt_s: float, then: Callable[[], None]) -> float | None:
        if left_s is None:
            return None
        if left_s > dt_s:
            return left_s - dt_s
        then()
        return None

    def _follow_supply(self) -> None:
        if not self._powered:
            self._lowest_v = min(self._lowest_v, self.supply_v)
            if self._lowest_v < CHIP_FORGETS_V and self.state.cell_v <= 0.0:
                self.rtc.lose()
            if self.supply_v >= COMES_BACK_V:
                self._supply_is_back()
        elif self.supply_v < DIES_V:
            self._powered, self._lowest_v = False, self.supply_v
            self._on_in_s = None
            self._off("power_lost")

    def _supply_is_back(self) -> None:
        self._powered = True
        self.state.power_reset = UNDER_VOLTAGE if self._lowest_v >= CHIP_FORGETS_V else 0
        self._tell("power_back")
        if setting(self.state.settings, "WAIT_FOR_POWER_BUTTON") != "1":
            self._boot(WokenBy.SUPPLY)

    def _alarm(self) -> None:
        if self.alarms_to_miss > 0:
            self.alarms_to_miss -= 1
            self._tell("alarm_lost")
        elif not self._on and self._switches_off:
            self.state.power_reset = 0
            self._boot(WokenBy.ALARM)

    @property
    def _switches_off(self) -> bool:
        held = self.state.settings
        return setting(held, "POWER_OFF_ON_HALT") == "1" and setting(held, "WAKE_ON_GPIO") == "0"

    def _boot(self, why: WokenBy) -> None:
        self._woken_by = why
        self.state.rsts = FULL_RESET if why is WokenBy.RESTART else POWER_ON_RESET
        self._start()

    def _start(self) -> None:
        self.state.boots += 1
        self.rtc.booted()
        self._on, self._up, self._halted = True, False, False
        self._tell("on")

    def _off(self, kind: str = "cut") -> None:
        was_on, self._on = self._on, False
        self._up = self._halted = False
        self._off_in_s = None
        if was_on or kind != "cut":
            self._tell(kind)

    def set_line(self, pin: int, high: bool) -> None:
        """Follow TXD, which stands for the system here: high while it runs, low once it has halted."""
        if pin != TXD or not self._on:
            return
        if high and self._halted:
            self._off_in_s, self._woken_by = None, WokenBy.RESTART
            self._tell("reboot_seen")
        elif not high and self._up:
            self._tell("halt_seen")
            self._off_in_s = OFF_AFTER_HALT_S if self._switches_off else None
        self._halted = not high and (self._up or self._halted)
        self._up = high

    def lines(self) -> dict[int, bool]:
        """It drives none."""
        return {}

    def power_on(self) -> None:
        """Start as if the supply had just been connected."""
        self.state.power_reset = 0
        self._boot(WokenBy.SUPPLY)

    def press(self) -> None:
        """Press the button: a key for a running system, a start for one that is off or halted."""
        if self._pressed_s is not None or not self._powered:
            return
        self._pressed_s = 0.0
        if not self._on:
            self._boot(WokenBy.BUTTON)
        elif self._halted:
            self._restart_by_button()
        elif self._up and self.on_key:
            self.on_key(KEY_POWER)

    def _restart_by_button(self) -> None:
        self._off()
        self._woken_by, self.state.rsts, self._on_in_s = WokenBy.BUTTON, FULL_RESET, RESTART_S

    def release(self) -> None:
        """Let the button go."""
        self._pressed_s = None

    def _follow_button(self, dt_s: float) -> None:
        if self._pressed_s is None:
            return
        before_s, self._pressed_s = self._pressed_s, self._pressed_s + dt_s
        if before_s < HARD_CUT_S <= self._pressed_s and self._on:
            self._off()

    def set_clock(self, time_utc: datetime) -> None:
        """Set the clock from outside; an alarm stays as it is."""
        self.rtc.now_s = time_utc.astimezone(UTC).timestamp()

    def lose_clock(self) -> None:
        """Forget the time, and with it the alarm."""
        self.rtc.lose()

    def clock_utc(self) -> datetime | None:
        """What the clock shows; it starts at 1970 where it has lost the time."""
        return datetime.fromtimestamp(self.rtc.now_s, UTC)

    def reason(self) -> str:
        """Why it last started."""
        return _WORDS[self._woken_by]

    def attribute(self, path: str) -> str:
        """Return the text of a file of the kernel; raises HardwareError."""
        return text_of(path, self.rtc, self.state)

    def set_attribute(self, path: str, text: str) -> None:
        """Take the text for the one file that may be written; raises HardwareError."""
        if path == WAKEALARM:
            self.rtc.set_wakealarm(path, text)
            return
        self.attribute(path)
        raise kernel_error(path, EACCES)

    def set_rtc(self, time_utc: datetime) -> None:
        """Set the clock as the kernel does."""
        self.rtc.set_time(time_utc)

    def _tell(self, kind: str) -> None:
        if self.on_event:
            self.on_event(BoardEvent(kind, int(self._woken_by), self.elapsed_s))

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        kept = {name: getattr(self, name) for name in _KEPT}
        return kept | {
            "rtc": self.rtc.to_dict(),
            "state": asdict(self.state),
            "woken_by": int(self._woken_by),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The machine that `to_dict` described; its callbacks are to be set again."""
        board = cls()
        for name in _KEPT:
            setattr(board, name, data[name])
        board.rtc = Pi5Rtc.from_dict(data["rtc"])
        board.state = Pi5State(**data["state"])
        board._woken_by = WokenBy(data["woken_by"])
        return board


_KEPT = (
    *("txd_held_high", "alarms_to_miss", "elapsed_s", "supply_v", "_lowest_v", "_powered"),
    *("_on", "_up", "_halted", "_off_in_s", "_on_in_s", "_pressed_s"),
)
