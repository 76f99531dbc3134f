"""The Witty Pi 3 on the bus: measures, keeps time, holds settings. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from edgepi.errors import BusError, DeviceNotFoundError, HardwareError
from edgepi.model import WakePlan
from edgepi_wittypi import extras
from edgepi_wittypi.access import Access
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.family import Armed, Reason, Telemetry
from edgepi_wittypi.gen3 import reasons, waking
from edgepi_wittypi.gen3.clock import Clock
from edgepi_wittypi.gen3.codes import encode_voltage
from edgepi_wittypi.gen3.registers import EXTRAS, Reg
from edgepi_wittypi.quirks import quirks_of

__all__ = ["Gen3Board"]

LOWEST, HIGHEST = 0x08, 0x77
FACTORY_ADDRESS = 0x69
LARGEST_JUMP_V = 0.5
NOT_WIRED_V = 1.0
LIMITS = {"input": (0.0, 35.0, "V"), "output": (0.0, 7.0, "V"), "current": (0.0, 6.0, "A")}
FIVE_VOLTS = (
    "the board is fed by 5 V past its converter: it heeds neither low nor recovery voltage, "
    "and starts the node at an alarm whatever the voltage"
)


class Gen3Board:
    """One Witty Pi 3; *identity* is what its register 0 holds.

    Raises:
        DeviceNotFoundError: something else has that number there.
    """

    def __init__(self, registers: Access, identity: int) -> None:
        self.registers = registers
        self.model = registers.name
        self.firmware = "1.04"  # no register tells more than the identity does
        self.quirks = quirks_of(identity, (identity,))
        self._identity = identity
        self._last_input_v: float | None = None
        self._awake = self._armed = False
        held = registers.read(Reg.ADDRESS)
        if registers.address != (held if LOWEST <= held <= HIGHEST else FACTORY_ADDRESS):
            raise DeviceNotFoundError(
                f"the chip at 0x{registers.address:02x} has the id of a {self.model} and nothing else of it",
                hint="a motion sensor uses the same address; or its address was changed: "
                "take its power away once",
            )
        self.rtc = Clock(registers.bus)

    def measure(self) -> Telemetry:
        """Measure afresh, which wears nothing; temperature is that of the clock, at most a minute old."""
        if (found := self.registers.read(Reg.ID)) != self._identity:
            raise HardwareError(f"the Witty Pi says its id is 0x{found:02x}, so its answers are not believed")
        input_v = self._input_v()
        output_v = self._measured("output", Reg.VOUT)
        output_a = self._measured("current", Reg.IOUT)
        on_battery = None
        if input_v < NOT_WIRED_V:
            input_v, on_battery = output_v, False
        return Telemetry(input_v, output_v, output_a, self._temperature_c(), on_battery)

    def _temperature_c(self) -> float | None:
        try:
            return self.rtc.temperature_c()
        except BusError:
            return None  # voltages are worth more, and come from another chip

    def clock(self) -> datetime | None:
        """Time of the board's clock, None if it was lost."""
        return self.rtc.time()

    def set_clock(self, now: Callable[[], datetime]) -> None:
        """Set the clock to what *now* says and read it back; not within the last seconds of a minute."""
        self.rtc.set(now)

    def reason(self) -> Reason:
        """What can be known: why it woke the node; once the node is up, why it may ask it to go."""
        return (reasons.asked if self._awake else reasons.woke)(self.registers, self.rtc)

    def configure(self, config: WittyPiConfig) -> tuple[str, ...]:
        """Let only wake alarms reach the board, the cut wait, and a connected input start the node."""
        self.rtc.switch_alarms(second=self._armed)  # unless it is ours, the second is a planned shut-down
        self.rtc.clear()
        self.registers.write(Reg.CUT_DELAY, self.quirks.longest_cut_delay)
        self.registers.write(Reg.DEFAULT_ON, 1)
        if config.low_voltage is not None:
            self.registers.write(Reg.LOW_VOLTAGE, encode_voltage(config.low_voltage))
        missing = extras.apply(self.registers, config.extras, EXTRAS)
        return missing if self.heeds_voltage() or config.low_voltage is None else (FIVE_VOLTS, *missing)

    def heeds_voltage(self) -> bool:
        """Whether its input is above its output, without which no voltage counts."""
        return self.registers.read(Reg.POWER_MODE) != 0

    def arm(self, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
        """Set both alarms and the recovery voltage, and read all back."""
        armed = waking.arm(self, plan, now_utc, margin_s=margin_s)
        self._armed = True
        return armed

    def disarm(self) -> None:
        """Take both alarms back; recovery voltage and connected input stay, for they hold without a plan."""
        waking.disarm(self.rtc)
        self._armed = False

    def woken(self) -> None:
        """Take the flags of the alarms down, with which each change of TXD would pull the request line."""
        self._awake, self._armed = True, False
        self.rtc.switch_alarms(second=False)
        self.rtc.clear()

    def prepare_cut(self) -> None:
        """Have the board wait as long as it can; it cuts only if it sees the halt."""
        self.registers.write(Reg.CUT_DELAY, self.quirks.longest_cut_delay)

    def heartbeat(self) -> Reason | None:
        """Nothing: this board has no watchdog."""
        return None

    def health(self) -> tuple[str, ...]:
        """What is the matter with its clock."""
        if self.clock() is None:
            return ("the board has lost its clock, and with it every alarm: is its battery empty?",)
        return ()

    def _input_v(self) -> float:
        value = self._measured("input", Reg.VIN)
        last = self._last_input_v
        if last is not None and abs(value - last) > LARGEST_JUMP_V:
            # the board refreshes both halves every second by itself, perhaps between our two reads
            value = self._measured("input", Reg.VIN)
        self._last_input_v = value
        return value

    def _measured(self, what: str, register: int) -> float:
        whole = self.registers.read(register)
        value = round(whole + self.registers.read(register + 1) / 100.0, 2)
        low, high, unit = LIMITS[what]
        if not low <= value <= high:
            raise HardwareError(f"the Witty Pi answers nonsense for its {what}: {value:g} {unit}")
        return value
