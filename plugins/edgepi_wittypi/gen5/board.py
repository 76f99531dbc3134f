"""The Witty Pi 5 on the bus: measures, keeps time and settings, lets the node go. All of it blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from edgepi.errors import DeviceNotFoundError, HardwareError, VerificationError
from edgepi.model import WakePlan
from edgepi_wittypi.access import Access
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.family import NO_REASON, Armed, Reason, Telemetry, see_clock_set
from edgepi_wittypi.gen5.codes import decode_clock, decode_temperature, encode_clock, encode_misses
from edgepi_wittypi.gen5.registers import OWN_REQUESTS, WENT, Reg, State, woke
from edgepi_wittypi.gen5.settings import ailments, configure
from edgepi_wittypi.gen5.steady import SteadyAccess
from edgepi_wittypi.gen5.waking import Waking
from edgepi_wittypi.quirks import quirks_of

__all__ = ["Gen5Board"]

TRIES = 5
ASKS_TO_GO, POWERS_OFF = 1, 2
KNOWN_MAJORS = range(1, 10)
CLOCK_LOST_FLAG = 0x02
LEAST_INPUT_V = 1.0
LIMITS = {"input": (0.0, 37.0, "V"), "output": (0.0, 7.0, "V"), "current": (0.0, 7.0, "A")}
BEATS_TO_HALT = 30
STILL_HERE = Reason(WENT[11].kind, "it was told that the node powers off, and cuts", asks_to_go=True)


class Gen5Board:
    """One Witty Pi 5; *identity* is what its register 0 holds.

    Raises:
        DeviceNotFoundError: something else has that number there.
    """

    def __init__(self, registers: Access, identity: int) -> None:
        self.registers = SteadyAccess(registers.bus, registers.address, registers.name)
        self.model = registers.name
        self.version = (self.registers.read(Reg.MAJOR), self.registers.read(Reg.MINOR))
        if self.version[0] not in KNOWN_MAJORS or self.registers.read(Reg.STATE) not in set(State):
            raise DeviceNotFoundError(
                f"the chip at 0x{registers.address:02x} has the id of a {self.model} and nothing else of it",
                hint="a clock chip of the PCF8563 kind uses the same address",
            )
        self.firmware = f"{self.version[0]}.{self.version[1]}"
        self.quirks = quirks_of(identity, self.version)
        self._identity = identity
        self._waking = Waking(self.registers, self.quirks, self.clock)
        self._beats_since_cut = 0
        self._misses: int | None = None

    def measure(self) -> Telemetry:
        """Measure afresh; what feeds the node counts as its input."""
        if (found := self.registers.read(Reg.ID)) != self._identity:
            raise HardwareError(f"the Witty Pi says its id is 0x{found:02x}, so its answers are not believed")
        input_v = self._milli("input", Reg.VIN)
        on_battery = None
        if input_v < LEAST_INPUT_V:
            input_v, on_battery = self._milli("input", Reg.VUSB), False
        word = self.registers.measured(Reg.TEMPERATURE)
        return Telemetry(
            input_v,
            self._milli("output", Reg.VOUT),
            self._milli("current", Reg.IOUT),
            decode_temperature(word >> 8, word & 0xFF),
            on_battery,
        )

    def clock(self) -> datetime | None:
        """Time of the board's clock, None if it was lost; read again if a minute ends meanwhile."""
        for _ in range(TRIES):
            second = (
                self.registers.once(Reg.RTC_SECOND) & 0x7F
            )  # it changes too often to be read twice the same
            held = (second, *(self.registers.read(Reg.RTC_SECOND + i) for i in range(1, 7)))
            if self.registers.once(Reg.RTC_SECOND) & 0x7F >= second:
                lost = self.registers.read(Reg.RTC_FLAG) & CLOCK_LOST_FLAG
                return None if lost else decode_clock(held)
        raise HardwareError("the clock of the Witty Pi cannot be read: its seconds jump")

    def set_clock(self, now: Callable[[], datetime]) -> None:
        """Set the clock to what *now* says; not to be called within the last seconds of a minute.

        Raises:
            VerificationError: it does not show that time afterwards.
        """
        begun = now()
        for register, value in enumerate(encode_clock(begun), start=Reg.RTC_SECOND):
            self.registers.put(register, value)
        flags = self.registers.read(Reg.RTC_FLAG)
        if flags & CLOCK_LOST_FLAG:
            self.registers.put(Reg.RTC_FLAG, flags & ~CLOCK_LOST_FLAG)
        see_clock_set(self.clock(), begun, now())

    def reason(self) -> Reason:
        """The high half of register 14; while a cut is coming, the low one."""
        held = self.registers.read(Reg.REASON)
        if self.registers.read(Reg.STATE) == State.STOPPING:
            return WENT.get(held & 0x0F, NO_REASON)
        return woke(held)

    def configure(self, config: WittyPiConfig) -> tuple[str, ...]:
        """Bring the settings in order, and have a wake stand by should the node go unplanned."""
        notes = configure(self.registers, config, self.quirks)
        self._misses = encode_misses(config.watchdog)
        self._waking.look()
        return notes

    def arm(self, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
        """Set alarm and recovery voltage, and read all back."""
        return self._waking.arm(plan, now_utc, margin_s=margin_s)

    def disarm(self) -> None:
        """Take the planned wake back; one stands by all the same, for a cut that nobody planned."""
        self._waking.stand_by()

    def woken(self) -> None:
        """Forget the alarm that woke the node."""
        self._waking.stand_by()

    def prepare_cut(self) -> None:
        """Tell the board that the node powers off, as the vendor's unit does when it does.

        The cut comes after the delay of register 18 from now, whatever the node does.

        Raises:
            VerificationError: the board takes no notice.
        """
        self._waking.keep_ahead()
        for _ in range(TRIES):
            if self.registers.read(Reg.STATE) == State.STOPPING:
                self._beats_since_cut = 0
                self._waking.repeat()
                return
            self.registers.once(Reg.SHUTDOWN)  # a node that is still starting is not let go
            self.registers.put(Reg.SHUTDOWN, POWERS_OFF)
        raise VerificationError(
            "the Witty Pi takes no notice that the node powers off",
            hint="it would stay on for good: does other software use the board?",
        )

    def heartbeat(self) -> Reason | None:
        """Poll register 71, which feeds the watchdog and says whether the board asks the node to go."""
        polled = self.registers.once(Reg.SHUTDOWN) & 0x7F
        if self._misses is not None:  # not before: a command that only looks at the board feeds no watchdog
            self.registers.write(Reg.WATCHDOG, self._misses)
            self._misses = None
        if polled not in (ASKS_TO_GO, POWERS_OFF):
            self._beats_since_cut = 0
            self._waking.beat()
            return None
        self._waking.repeat()
        why = self.registers.read(Reg.REASON) & 0x0F
        if why not in OWN_REQUESTS:
            return WENT.get(why, NO_REASON)
        self._beats_since_cut += 1
        return STILL_HERE if self._beats_since_cut > BEATS_TO_HALT else None

    def let_go(self) -> None:
        """Stop the watchdog, for nobody will feed it; not if a cut is coming."""
        if self.registers.read(Reg.STATE) != State.STOPPING:
            self.registers.write(Reg.WATCHDOG, 0)
            self._misses = None

    def health(self) -> tuple[str, ...]:
        """What is wrong with clock, firmware, settings or the node's heart."""
        lost = () if self.clock() else ("the board has lost the time: its coin cell may be empty",)
        return lost + ailments(self.registers, self.version)

    def _milli(self, what: str, register: Reg) -> float:
        value = self.registers.measured(register) / 1000.0
        low, high, unit = LIMITS[what]
        if not low <= value <= high:
            raise HardwareError(f"the Witty Pi answers nonsense for its {what}: {value:g} {unit}")
        return value
