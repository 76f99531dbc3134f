"""The board on the bus: detection, single-byte reads, verified writes. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi.errors import BusError, DeviceNotFoundError, HardwareError, VerificationError
from edgepi.plugin import I2CBus
from edgepi_wittypi.codes import decode_clock, decode_temperature, encode_clock
from edgepi_wittypi.registers import FIRMWARE_IDS, Quirks, Reg, quirks_of

__all__ = ["CLOCK_TOLERANCE", "Board", "Telemetry"]

OURS = 0x26
TRIES = 5
READ_TRIES = 3
LARGEST_JUMP_V = 0.5
CLOCK_TOLERANCE = timedelta(seconds=2)
MEMORY_LOST = "0x00 or 0xff means that the board lost its memory in a brown-out: flash its firmware"
LIMITS = {"input": (0.0, 35.0, "V"), "output": (0.0, 7.0, "V"), "current": (0.0, 6.0, "A")}


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the board measures."""

    input_v: float
    output_v: float
    output_a: float
    temperature_c: float


class Board:
    """One Witty Pi 4. Making it looks for the board.

    Raises:
        DeviceNotFoundError: nothing answers, or something else does.
    """

    def __init__(self, bus: I2CBus, address: int = 0x08) -> None:
        self._bus = bus
        self.address = address
        self._last_input_v: float | None = None
        self._detect()
        self.revision = self.read(Reg.REVISION)
        self.quirks: Quirks = quirks_of(self.revision)

    def read(self, register: int) -> int:
        """Read one register; tried again, for the board's controller is at times too busy to answer."""
        for left in reversed(range(READ_TRIES)):
            try:
                return self._bus.read_byte_data(self.address, register)
            except BusError:
                if not left:
                    raise
        raise AssertionError

    def write(self, register: int, value: int) -> None:
        """Write one register unless it holds the value, and read it back.

        Raises:
            VerificationError: after several tries it still holds something else.
        """
        held = self.read(register)
        for _ in range(TRIES):
            if held == value:
                return
            self._bus.write_byte_data(self.address, register, value)
            held = self.read(register)
        if held != value:
            raise VerificationError(
                f"register {int(register)} of the Witty Pi holds {held} where {value} was written",
                hint="does other software use the board, or is the bus disturbed?",
            )

    def measure(self) -> Telemetry:
        """Measure afresh; burns up to six EEPROM cells, so ask once a minute at most."""
        if (found := self.read(Reg.ID)) != OURS:
            raise HardwareError(f"the Witty Pi says its id is 0x{found:02x}, so its answers are not believed")
        input_v = self._input_v()
        output_v = self._within("output", self._centi(Reg.VOUT))
        output_a = self._within("current", self._centi(Reg.IOUT))
        word = self._bus.read_word_data(self.address, Reg.TEMPERATURE)
        return Telemetry(input_v, output_v, output_a, decode_temperature(word))

    def clock(self) -> datetime | None:
        """Time of the board's clock, None if it was lost; read again if a minute ends meanwhile."""
        for _ in range(TRIES):
            registers = [self.read(Reg.RTC_SECOND + i) for i in range(7)]
            if self.read(Reg.RTC_SECOND) >= registers[0]:
                return decode_clock(registers)
        raise HardwareError("the clock of the Witty Pi cannot be read: its seconds jump")

    def set_clock(self, now: Callable[[], datetime]) -> None:
        """Set the clock to what *now* says; not to be called within the last seconds of a minute.

        Raises:
            VerificationError: it does not show that time afterwards.
        """
        self.write(Reg.RTC_CONTROL1, 0)
        begun = now()
        for register, value in enumerate(encode_clock(begun), start=Reg.RTC_SECOND):
            self._bus.write_byte_data(self.address, register, value)
        held = self.clock()
        if held is None or not begun - CLOCK_TOLERANCE <= held <= now() + CLOCK_TOLERANCE:
            raise VerificationError(
                f"the clock of the Witty Pi shows {held} after it was set to {begun}",
                hint="its battery may be empty or its clock chip broken",
            )

    def alarm(self) -> tuple[int, ...]:
        """Registers of the wake alarm as held: second, minute, hour, day, weekday."""
        return tuple(self.read(Reg.ALARM1_SECOND + i) for i in range(5))

    def set_alarm(self, registers: Sequence[int]) -> None:
        """Set the wake alarm; the day goes first to nowhere, so that no half-written alarm can fire."""
        if self.alarm() == tuple(registers) and self.read(Reg.ALARM1_TRIGGERED) == 0:
            return
        second, minute, hour, day, weekday = registers
        self.write(Reg.ALARM1_DAY, 0)
        self.write(Reg.ALARM1_SECOND, second)
        self.write(Reg.ALARM1_MINUTE, minute)
        self.write(Reg.ALARM1_HOUR, hour)
        self.write(Reg.ALARM1_WEEKDAY, weekday)
        self.write(Reg.ALARM1_DAY, day)
        if self.alarm() != tuple(registers) or self.read(Reg.ALARM1_TRIGGERED) != 0:
            raise VerificationError("the Witty Pi does not hold the wake alarm that was written")

    def _detect(self) -> None:
        found: int | None = None
        failure: BusError | None = None
        for _ in range(TRIES):
            try:
                found = self._bus.read_byte_data(self.address, Reg.ID)
            except BusError as error:
                failure = error
            else:
                if found == OURS:
                    return
        if found is None:
            raise DeviceNotFoundError(
                f"no Witty Pi answers at 0x{self.address:02x}",
                hint="is it seated on the header, and is I2C switched on?",
            ) from failure
        name = FIRMWARE_IDS.get(found)
        what = f"is a {name}" if name else f"says its id is 0x{found:02x}"
        raise DeviceNotFoundError(
            f"the board at 0x{self.address:02x} {what}; this plugin knows the Witty Pi 4 (0x26)",
            hint=MEMORY_LOST if found in (0x00, 0xFF) else None,
        )

    def _input_v(self) -> float:
        value = self._within("input", self._centi(Reg.VIN))
        last = self._last_input_v
        if last is not None and abs(value - last) > LARGEST_JUMP_V:
            # the board refreshes both halves every second by itself, perhaps between our two reads
            value = self._within("input", self._centi(Reg.VIN))
        self._last_input_v = value
        return value

    def _centi(self, register: int) -> float:
        whole = self.read(register)
        return round(whole + self.read(register + 1) / 100.0, 2)

    @staticmethod
    def _within(what: str, value: float) -> float:
        low, high, unit = LIMITS[what]
        if not low <= value <= high:
            raise HardwareError(f"the Witty Pi answers nonsense for its {what}: {value:g} {unit}")
        return value
