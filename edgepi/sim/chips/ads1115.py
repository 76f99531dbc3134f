"""The ADS1115 at register level: four inputs, one converter of 16 bits; and its brother of 12 bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from edgepi.sim.chips.words import WordChip

__all__ = ["ADS1015", "ADS1115"]

CONVERSION, CONFIG, LOW_THRESHOLD, HIGH_THRESHOLD = range(4)
RESET_VALUES = (0x0000, 0x8583, 0x8000, 0x7FFF)
OS, SINGLE_SHOT = 0x8000, 0x0100
COMPARATOR_OFF = 0x0003
WINDOW, ACTIVE_HIGH, LATCHING = 0x0010, 0x0008, 0x0004
GROUND = None
PAIRS = ((0, 1), (0, 3), (1, 3), (2, 3), (0, GROUND), (1, GROUND), (2, GROUND), (3, GROUND))
FULL_SCALE_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
WAKE_UP_S = 25e-6
FULL_SCALE_COUNT = 0x8000


class ADS1115(WordChip):
    """The chip; *volts* says the voltage at an input 0 to 3, asked at the end of each conversion."""

    RATES_HZ: ClassVar[tuple[int, ...]] = (8, 16, 32, 64, 128, 250, 475, 860)
    UNUSED_BITS: ClassVar[int] = 0

    def __init__(self, volts: Callable[[int], float] | None = None) -> None:
        self.volts: Callable[[int], float] = volts or (lambda _: 0.0)
        self.conversions = 0
        self._registers = list(RESET_VALUES)
        self._alerting = False
        self._beyond = 0
        self._left_s = 0.0
        self._at_work_with = RESET_VALUES[CONFIG]

    @property
    def converting(self) -> bool:
        """Whether a conversion runs now; without one the chip sleeps."""
        return self._left_s > 0.0

    @property
    def alert_is_low(self) -> bool:
        """Level of the pin ALERT/RDY, which needs a pull-up; high while the comparator is off."""
        if self._registers[CONFIG] & COMPARATOR_OFF == COMPARATOR_OFF:
            return False
        return self._alerting != bool(self._registers[CONFIG] & ACTIVE_HIGH)

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take a register, high byte first; the conversion is read-only."""
        if len(data) < 2 or register & 3 == CONVERSION:
            return
        word = data[0] << 8 | data[1]
        self._registers[register & 3] = word
        if register & 3 == CONFIG:
            self._configure(word)

    def step(self, dt_s: float) -> None:
        """Let time pass; conversions end when theirs is over."""
        while self.converting and dt_s > 0.0:
            part_s = min(dt_s, self._left_s)
            self._left_s -= part_s
            dt_s -= part_s
            if self._left_s <= 1e-12:
                self._finish()

    def _word(self, register: int) -> int:
        register &= 3
        word = self._registers[register]
        if register == CONFIG:
            word = word & ~OS | (0 if self.converting else OS)
        if register == CONVERSION and self._registers[CONFIG] & LATCHING:
            self._alerting = False
        return word

    def _configure(self, word: int) -> None:
        # A conversion in progress ends as it began; a start asked for meanwhile is not heard.
        if not self.converting and (word & OS or not word & SINGLE_SHOT):
            self._begin(WAKE_UP_S)

    def _begin(self, wake_up_s: float = 0.0) -> None:
        self._at_work_with = self._registers[CONFIG]
        self._left_s = wake_up_s + 1.0 / self.RATES_HZ[self._at_work_with >> 5 & 7]

    def _finish(self) -> None:
        self._left_s = 0.0
        self.conversions += 1
        self._registers[CONVERSION] = self._count() & 0xFFFF
        self._compare()
        if not self._registers[CONFIG] & SINGLE_SHOT:
            self._begin()

    def _count(self) -> int:
        plus, minus = PAIRS[self._at_work_with >> 12 & 7]
        difference_v = self._input(plus) - self._input(minus)
        count = round(difference_v / FULL_SCALE_V[self._at_work_with >> 9 & 7] * FULL_SCALE_COUNT)
        count = min(max(count, -FULL_SCALE_COUNT), FULL_SCALE_COUNT - 1)
        return count >> self.UNUSED_BITS << self.UNUSED_BITS

    def _input(self, number: int | None) -> float:
        return 0.0 if number is GROUND else self.volts(number)

    def _compare(self) -> None:
        config = self._registers[CONFIG]
        count, low, high = (_signed(self._registers[r]) for r in (CONVERSION, LOW_THRESHOLD, HIGH_THRESHOLD))
        window = bool(config & WINDOW)
        beyond = count > high or (window and count < low)
        self._beyond = self._beyond + 1 if beyond else 0
        needed = (1, 2, 4, 1)[config & COMPARATOR_OFF]
        if self._beyond >= needed:
            self._alerting = True
        elif not config & LATCHING and (low <= count <= high if window else count < low):
            self._alerting = False


class ADS1015(ADS1115):
    """The brother of 12 bits: quicker, and the four lowest bits are zero."""

    RATES_HZ = (128, 250, 490, 920, 1600, 2400, 3300, 3300)
    UNUSED_BITS = 4


def _signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word
