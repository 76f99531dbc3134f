"""The Witty Pi 4 on the bus: measures, keeps time, holds settings. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from edgepi.errors import HardwareError, VerificationError
from edgepi.model import WakePlan, WakeReasonKind
from edgepi_wittypi import extras
from edgepi_wittypi.access import Access
from edgepi_wittypi.codes import decode_clock, encode_clock
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.family import NO_REASON, Armed, Reason, Telemetry, see_clock_set
from edgepi_wittypi.gen4 import waking
from edgepi_wittypi.gen4.codes import decode_temperature, encode_voltage
from edgepi_wittypi.gen4.health import MEMORY_LOST, ailments
from edgepi_wittypi.gen4.registers import EXTRAS, REASONS, Reg
from edgepi_wittypi.quirks import quirks_of

__all__ = ["Gen4Board"]

TRIES = 5
LARGEST_JUMP_V = 0.5
CUT_ANYWAY = timedelta(minutes=3)  # a service may take 90 s to stop
LEAST_INPUT_V = 4.0
NO_LATE_ALARM = 0x01
WAS_LOW = "it had gone down for low voltage"
HALT_UNSEEN = (
    "the wake alarm had come while the node still had power: if it had halted, the board did not see it; "
    "is the serial port off, or does another HAT hold TXD (GPIO14) high?"
)
FIVE_VOLTS = (
    "the board's input is 5 V, which it takes for USB; register 41 is set so that low voltage and recovery "
    "count nevertheless (some a Mini is known to ignore it)"
)
FACTORY_DEFAULT_ON_DELAY = 0
LIMITS = {"input": (0.0, 35.0, "V"), "output": (0.0, 7.0, "V"), "current": (0.0, 6.0, "A")}


class Gen4Board:
    """One board of the fourth generation; *identity* is what its register 0 holds."""

    def __init__(self, registers: Access, identity: int) -> None:
        self.registers = registers
        self.model = registers.name
        self.revision = registers.read(Reg.REVISION)
        self.firmware = f"revision {self.revision}"
        self.quirks = quirks_of(identity, (self.revision,))
        self._identity = identity
        self._last_input_v: float | None = None
        self._awake = False

    def measure(self) -> Telemetry:
        """Measure afresh; burns up to six EEPROM cells, so ask once a minute at most."""
        if (found := self.registers.read(Reg.ID)) != self._identity:
            said = f"the Witty Pi says its id is 0x{found:02x}, so its answers are not believed"
            raise HardwareError(said, hint=MEMORY_LOST if found in (0x00, 0xFF) else None)
        input_v = self._input_v()
        output_v = self._within("output", self._centi(Reg.VOUT))
        output_a = self._within("current", self._centi(Reg.IOUT))
        word = self.registers.bus.read_word_data(self.registers.address, Reg.TEMPERATURE)
        return Telemetry(input_v, output_v, output_a, decode_temperature(word), self._on_battery())

    def _on_battery(self) -> bool | None:
        mode = self.quirks.battery_mode
        return None if mode is None else self.registers.read(Reg.POWER_MODE) == mode

    def clock(self) -> datetime | None:
        """Time of the board's clock, None if it was lost; read again if a minute ends meanwhile."""
        for _ in range(TRIES):
            held = [self.registers.read(Reg.RTC_SECOND + i) for i in range(7)]
            if self.registers.read(Reg.RTC_SECOND) >= held[0]:
                return decode_clock(held)
        raise HardwareError("the clock of the Witty Pi cannot be read: its seconds jump")

    def set_clock(self, now: Callable[[], datetime]) -> None:
        """Set the clock to what *now* says; not to be called within the last seconds of a minute.

        Raises:
            VerificationError: it does not show that time afterwards.
        """
        self.registers.write(Reg.RTC_CONTROL1, 0)
        begun = now()
        for register, value in enumerate(encode_clock(begun), start=Reg.RTC_SECOND):
            self.registers.put(register, value)
        see_clock_set(self.clock(), begun, now())

    def reason(self) -> Reason:
        """What register 11 says; before `woken` also what else the board noted while the node was off."""
        number = self.registers.read(Reg.REASON)
        reason = REASONS.get(number, NO_REASON)
        if self._awake:
            return reason
        notes = [reason.text]
        if self.registers.read(Reg.LV_SHUTDOWN) == 1:
            notes.append(WAS_LOW)
        if self.registers.read(Reg.FLAG_ALARM1) == 1 and reason.kind is not WakeReasonKind.ALARM:
            notes.append(HALT_UNSEEN)
        return replace(reason, text="; ".join(notes))

    def configure(self, config: WittyPiConfig) -> tuple[str, ...]:
        """Let the clock run, the cut wait, a connected input start the node, and no old alarm cut it."""
        registers = self.registers
        registers.write(Reg.RTC_CONTROL1, 0)
        registers.write(Reg.CUT_DELAY, self.quirks.longest_cut_delay)
        if registers.read(Reg.DEFAULT_ON_DELAY) > self.quirks.longest_default_on_delay:
            registers.write(Reg.DEFAULT_ON_DELAY, FACTORY_DEFAULT_ON_DELAY)
        registers.write(Reg.DEFAULT_ON, 1)
        self._set_cut(None)  # also a shut-down that other software has planned
        missing = extras.apply(registers, config.extras, EXTRAS)
        return (*self._set_low_voltage(config.low_voltage), *self._look_at_five_volts(), *missing)

    def _set_low_voltage(self, volts: float | None) -> tuple[str, ...]:
        """Set the board's own cut-off, unless it would cut with any battery that fits the board."""
        if volts is None:
            return ()
        if volts > self.quirks.highest_low_voltage:
            said = f"`low_voltage` is {volts:g} V, which the single cell of this board hardly ever has"
            return (f"{said}; the board keeps what it holds",)
        self.registers.write(Reg.LOW_VOLTAGE, encode_voltage(volts))
        return ()

    def _look_at_five_volts(self) -> tuple[str, ...]:
        """Have voltages count where the input is wired to 5 V, which the board takes for its USB socket."""
        if self.quirks.battery_mode is not None or self.registers.read(Reg.POWER_MODE) != 0:
            return ()
        wired = self._input_v() >= LEAST_INPUT_V
        self.registers.write(Reg.IGNORE_POWER_MODE, int(wired))
        return (FIVE_VOLTS,) if wired else ()

    def arm(self, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
        """Set alarm, recovery voltage and guaranteed wake, and read all back."""
        return waking.arm(self, plan, now_utc, margin_s=margin_s)

    def disarm(self) -> None:
        """Take alarm and cut back; the fall-backs stay, for they hold without a plan."""
        self.allow_late_alarm(allowed=False)
        self._set_cut(None)
        self.set_alarm((0, 0, 0, 0, 0))

    def woken(self) -> None:
        """Clear the flags of both alarms; one that comes while the node is up anyway is to be ignored."""
        self._awake = True
        self.allow_late_alarm(allowed=False)
        self.registers.write(Reg.FLAG_ALARM1, 0)
        self.registers.write(Reg.FLAG_ALARM2, 0)

    def prepare_cut(self) -> None:
        """Have the board wait as long as it can, and cut in any case, also if it never sees the halt.

        It sees none while another HAT holds TXD high, if it never saw SYS_UP, or if the halt hangs.
        """
        self.registers.write(Reg.CUT_DELAY, self.quirks.longest_cut_delay)
        self.allow_late_alarm(allowed=True)
        shown = self.clock()
        if shown is None:
            self._set_cut(None)
            return
        waking.keep_clear_of(self, shown, shown + CUT_ANYWAY)
        self._set_cut(shown + CUT_ANYWAY)

    def _set_cut(self, at: datetime | None) -> None:
        """Set the shut-down alarm; the day goes first to nowhere, so that no half-written alarm can come."""
        second, minute, hour, day = (0, 0, 0, 0) if at is None else encode_clock(at)[:4]
        self.registers.write(Reg.ALARM2_DAY, 0)
        self.registers.write(Reg.ALARM2_SECOND, second)
        self.registers.write(Reg.ALARM2_MINUTE, minute)
        self.registers.write(Reg.ALARM2_HOUR, hour)
        self.registers.write(Reg.ALARM2_DAY, day)

    def heartbeat(self) -> Reason | None:
        """Nothing: this board has no watchdog."""
        return None

    def health(self) -> tuple[str, ...]:
        """What is the matter with clock, memory, firmware or settings."""
        return ailments(self)

    def allow_late_alarm(self, *, allowed: bool) -> None:
        """Whether an alarm that came while the node had power starts it right after the cut."""
        misc = self.registers.read(Reg.MISC)
        self.registers.write(Reg.MISC, misc & ~NO_LATE_ALARM if allowed else misc | NO_LATE_ALARM)

    def alarm(self) -> tuple[int, ...]:
        """Registers of the wake alarm as held: second, minute, hour, day, weekday."""
        return tuple(self.registers.read(Reg.ALARM1_SECOND + i) for i in range(5))

    def set_alarm(self, wanted: Sequence[int]) -> None:
        """Set the wake alarm; the day goes first to nowhere, so that no half-written alarm can fire."""
        if self.alarm() == tuple(wanted) and self.registers.read(Reg.ALARM1_TRIGGERED) == 0:
            return
        second, minute, hour, day, weekday = wanted
        self.registers.write(Reg.ALARM1_DAY, 0)
        self.registers.write(Reg.ALARM1_SECOND, second)
        self.registers.write(Reg.ALARM1_MINUTE, minute)
        self.registers.write(Reg.ALARM1_HOUR, hour)
        self.registers.write(Reg.ALARM1_WEEKDAY, weekday)
        self.registers.write(Reg.ALARM1_DAY, day)
        if self.alarm() != tuple(wanted) or self.registers.read(Reg.ALARM1_TRIGGERED) != 0:
            raise VerificationError("the Witty Pi does not hold the wake alarm that was written")

    def _input_v(self) -> float:
        value = self._within("input", self._centi(Reg.VIN))
        last = self._last_input_v
        if last is not None and abs(value - last) > LARGEST_JUMP_V:
            # the board refreshes both halves every second by itself, perhaps between our two reads
            value = self._within("input", self._centi(Reg.VIN))
        self._last_input_v = value
        return value

    def _centi(self, register: int) -> float:
        whole = self.registers.read(register)
        return round(whole + self.registers.read(register + 1) / 100.0, 2)

    @staticmethod
    def _within(what: str, value: float) -> float:
        low, high, unit = LIMITS[what]
        if not low <= value <= high:
            raise HardwareError(f"the Witty Pi answers nonsense for its {what}: {value:g} {unit}")
        return value
