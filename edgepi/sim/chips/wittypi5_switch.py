"""The Witty Pi 5's switch: the node's states, its two inputs, the watchdog and the cut."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from edgepi.sim.chips.board import SwitchingBoard
from edgepi.sim.chips.powerboard import BoardEvent
from edgepi.sim.chips.rx8025 import RX8025, TMP112
from edgepi.sim.chips.wittypi5_memory import Analog5, Configuration
from edgepi.sim.chips.wittypi5_registers import PowerMode, Reason5, Reg5, State

__all__ = [
    "ASKS_TO_GO",
    "HEARTBEAT_S",
    "MIN_VIN_MV",
    "MIN_VUSB_MV",
    "Switch5",
    "Variables5",
    "WittyPi5Tunables",
]

MIN_VUSB_MV = 4750
MIN_VIN_MV = 5000
HEARTBEAT_S = 60.0
SYSTEM_UP_S = 30.0
BETWEEN_CUT_AND_RESTART_S = 1.0
ASKS_TO_GO = 1  # in register 71
NEVER_EMPTY_S = 1e-6
TOLD = {
    Reason5.EXTERNAL_SHUTDOWN: "halt_seen",
    Reason5.EXTERNAL_REBOOT: "reboot_seen",
    Reason5.MISSED_HEARTBEAT: "watchdog",
}


@dataclass(frozen=True, slots=True)
class WittyPi5Tunables:
    """What differs between boards and versions of the firmware.

    *judges_vin_when_off* False: a wake alarm does not see that the input is below the low voltage, since
    nothing feeds a node that is off; read in the source of 1.4, against what its log text promises.
    *hibernates*: asleep between pulses while the node is off, deaf on the bus, forgetting why it went off.
    """

    judges_vin_when_off: bool = True
    hibernates: bool = True
    brown_out_v: float = 3.0
    coin_cell: bool = True


@dataclass(slots=True)
class Variables5:
    """The firmware's variables, lost when both inputs go; *timers* are seconds to each thing to come."""

    state: State = State.OFF
    switched_on: bool = False
    power_mode: PowerMode = PowerMode.NONE
    converter_on: bool = False
    reason: int = 0
    missed: int = 0
    vin_recoverable: bool = False
    restarts: bool = False
    alarm_type: str | None = None
    request: int = 0
    heartbeat: int = 0
    since_heartbeat_s: float = 1e9
    up_s: float = 0.0
    off_s: float = 0.0
    script_in_use: bool = False
    timers: dict[str, float] = field(default_factory=dict)


class Switch5(SwitchingBoard):
    """State machine of the node's power; the base of `edgepi.sim.chips.WittyPi5`."""

    def __init__(
        self,
        *,
        tunables: WittyPi5Tunables | None = None,
        on_event: Callable[[BoardEvent], None] | None = None,
        on_line: Callable[[int, bool], None] | None = None,
    ) -> None:
        super().__init__(on_event=on_event, on_line=on_line)
        self.tunables = tunables or WittyPi5Tunables()
        self.analog = Analog5()
        self.memory = Configuration()
        self.rtc = RX8025()
        self.tmp112 = TMP112()
        self._v = Variables5()

    @property
    def state(self) -> State:
        """What the board thinks of the node."""
        return self._v.state

    @property
    def rail_on(self) -> bool:
        """Whether the node has power: switched on, and from an input that is there."""
        v, a = self._v, self.analog
        fed = a.vusb_mv >= MIN_VUSB_MV or (v.converter_on and a.vin_v >= self.tunables.brown_out_v)
        return self._powered and v.switched_on and fed

    @property
    def asks_to_go(self) -> bool:
        """Whether a cut is coming, asked for by the board or by the node."""
        return self._v.state is State.STOPPING

    @property
    def cut_in_s(self) -> float | None:
        """Seconds until the cut, if one is coming."""
        return self._v.timers.get("cut")

    @property
    def eeprom_writes(self) -> int:
        """How often the configuration was written to flash."""
        return self.memory.saves

    def _start(self, reason: Reason5) -> bool:
        """Switch the node on; refused unless it is off and an input is high enough."""
        v = self._v
        if v.state is not State.OFF:
            return v.state is State.ON
        v.reason = reason << 4 | v.reason & 0x0F
        self._apply_summer_time()
        mode = self._feeding()
        if mode is PowerMode.NONE:
            return False
        v.power_mode, v.converter_on = mode, self._converter_wanted(mode)
        v.switched_on, v.state, v.missed, v.off_s = True, State.STARTING, 0, 0.0
        v.timers["heartbeat"] = HEARTBEAT_S
        v.timers["up"] = SYSTEM_UP_S
        if reason is Reason5.VIN_RECOVERED:
            v.vin_recoverable = False
        self._schedule(startup=False)
        self._tell("on", reason)
        return True

    def _request(self, reason: Reason5, *, restart: bool = False) -> bool:
        """Begin the way to the cut; refused while the node is starting."""
        v = self._v
        if v.state is not State.ON:
            return v.state is not State.STARTING
        v.reason = v.reason & 0xF0 | reason
        v.request, v.state, v.restarts = ASKS_TO_GO, State.STOPPING, restart
        v.timers["cut"] = max(float(self.memory[Reg5.CUT_DELAY]), NEVER_EMPTY_S)
        if not restart:
            self._schedule(startup=True)
        self._tell(TOLD.get(reason, "request"), reason)
        return True

    def _cut(self) -> None:
        v = self._v
        v.request, v.switched_on, v.state, v.power_mode = 0, False, State.OFF, PowerMode.NONE
        v.converter_on = self.memory[Reg5.PRIORITY] == 1
        for name in ("heartbeat", "up", "shutdown"):
            v.timers.pop(name, None)
        self._tell("cut", Reason5(v.reason & 0x0F))
        if v.restarts:
            v.restarts = False
            v.timers["restart"] = BETWEEN_CUT_AND_RESTART_S

    def _heartbeat(self) -> None:
        """The node is alive: the watchdog starts afresh, and a node that was starting is up."""
        v = self._v
        v.missed = 0
        v.timers["heartbeat"] = HEARTBEAT_S
        if v.timers.pop("up", None) is not None:
            self._is_up()

    def _is_up(self) -> None:
        self._v.state = State.ON
        self._tell("sys_up", Reason5(self._v.reason >> 4))

    def _heartbeat_missed(self) -> None:
        v = self._v
        allowed = self.memory[Reg5.WATCHDOG]
        if v.state in (State.OFF, State.STOPPING) or allowed == 0:
            return
        v.missed += 1
        if v.missed > allowed:
            self._request(Reason5.MISSED_HEARTBEAT, restart=True)
            v.missed = 0
        if v.state in (State.STARTING, State.ON):
            v.timers["heartbeat"] = HEARTBEAT_S

    def _feeding(self) -> PowerMode:
        """Which input would feed the node now; the low voltage does not matter here."""
        usb, vin = self.analog.vusb_mv >= MIN_VUSB_MV, self.analog.vin_mv >= MIN_VIN_MV
        if self.memory[Reg5.PRIORITY] == 1:
            return PowerMode.VIN if vin else PowerMode.USB if usb else PowerMode.NONE
        return PowerMode.USB if usb else PowerMode.VIN if vin else PowerMode.NONE

    def _converter_wanted(self, mode: PowerMode) -> bool:
        if mode is PowerMode.VIN or self.memory[Reg5.PRIORITY] == 1:
            return True
        return self.memory[Reg5.HOT_STANDBY] == 1 and self.analog.vin_mv >= MIN_VIN_MV

    def _watch_inputs(self) -> None:
        """Each second while the node has power: choose the input, ask the node to go when there is none."""
        v, vin_mv = self._v, self.analog.vin_mv
        usb_ok = self.analog.vusb_mv >= MIN_VUSB_MV
        if usb_ok and (self.memory[Reg5.PRIORITY] == 0 or vin_mv < MIN_VIN_MV):
            v.power_mode = PowerMode.USB
            v.converter_on = self._converter_wanted(PowerMode.USB)
            return
        v.power_mode, v.converter_on = PowerMode.VIN, True
        low = self.memory[Reg5.LOW_VOLTAGE] * 100
        too_low = vin_mv < low or (self.memory[Reg5.PRIORITY] == 0 and vin_mv < MIN_VIN_MV)
        if too_low:
            v.vin_recoverable = True
            self._request(Reason5.VIN_DROP)

    def _vin_too_low(self) -> bool:
        """Whether the input would have the board ask a node to go at once."""
        fed_by_vin = self._feeding() is not PowerMode.USB and self.tunables.judges_vin_when_off
        if self._v.power_mode is not PowerMode.VIN and not fed_by_vin:
            return False
        return self.analog.vin_mv < self.memory[Reg5.LOW_VOLTAGE] * 100

    @abstractmethod
    def _schedule(self, *, startup: bool) -> None: ...

    @abstractmethod
    def _apply_summer_time(self) -> None: ...

    def _tell(self, kind: str, reason: Reason5 | None = None) -> None:
        self._happened(kind, int(reason or 0))
