"""The BME280's arithmetic: 64-bit integer compensation of its data sheet, and its inverse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Calibration", "Compensated", "RawSample", "compensate", "raw_for"]

RAW_BITS = 20
RAW_HUMIDITY_BITS = 16


@dataclass(frozen=True, slots=True)
class Calibration:
    """The words that Bosch burns into each part; the defaults are those of a real part."""

    t: tuple[int, int, int] = (28390, 26319, 50)
    p: tuple[int, ...] = (37115, -10921, 3024, 6890, -133, -7, 9900, -10230, 4285)
    h: tuple[int, int, int, int, int, int] = (75, 358, 0, 330, 0, 30)

    def first_bank(self) -> bytes:
        """Registers 0x88 to 0xA1."""
        words = b"".join((w & 0xFFFF).to_bytes(2, "little") for w in (*self.t, *self.p))
        return words + bytes((0, self.h[0]))

    def second_bank(self) -> bytes:
        """Registers 0xE1 to 0xE7."""
        _, h2, h3, h4, h5, h6 = self.h
        low = (h4 & 0x0F) | (h5 & 0x0F) << 4
        return (h2 & 0xFFFF).to_bytes(2, "little") + bytes(
            (h3 & 0xFF, h4 >> 4 & 0xFF, low, h5 >> 4 & 0xFF, h6 & 0xFF)
        )


class RawSample(NamedTuple):
    """What the converter counts."""

    temperature: int
    pressure: int
    humidity: int


class Compensated(NamedTuple):
    """What the counts mean."""

    temperature_c: float
    pressure_pa: float
    humidity_percent: float


def compensate(raw: RawSample, calibration: Calibration) -> Compensated:
    """Turn counts into units as the data sheet's 64-bit integer code does."""
    t_fine = _t_fine(raw.temperature, calibration)
    return Compensated(
        ((t_fine * 5 + 128) >> 8) / 100.0,
        _pressure_pa(raw.pressure, t_fine, calibration),
        _humidity_percent(raw.humidity, t_fine, calibration),
    )


def raw_for(wanted: Compensated, calibration: Calibration) -> RawSample:
    """Find the counts that mean these units, clamped to what the part can measure."""
    temperature = _search(
        lambda raw: _t_fine(raw, calibration) / 5120.0,
        min(max(wanted.temperature_c, -40.0), 85.0),
        RAW_BITS,
    )
    t_fine = _t_fine(temperature, calibration)
    pressure = _search(
        lambda raw: -_pressure_pa(raw, t_fine, calibration),
        -min(max(wanted.pressure_pa, 30000.0), 110000.0),
        RAW_BITS,
    )
    humidity = _search(
        lambda raw: _humidity_percent(raw, t_fine, calibration),
        min(max(wanted.humidity_percent, 0.0), 100.0),
        RAW_HUMIDITY_BITS,
    )
    return RawSample(temperature, pressure, humidity)


def _search(rising: Callable[[int], float], wanted: float, bits: int) -> int:
    low, high = 0, (1 << bits) - 1
    while low < high:
        middle = (low + high) // 2
        if rising(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    if low > 0 and wanted - rising(low - 1) < rising(low) - wanted:
        return low - 1
    return low


def _t_fine(raw: int, calibration: Calibration) -> int:
    t1, t2, t3 = calibration.t
    first = ((raw >> 3) - (t1 << 1)) * t2 >> 11
    second = (((raw >> 4) - t1) * ((raw >> 4) - t1) >> 12) * t3 >> 14
    return first + second


def _pressure_pa(raw: int, t_fine: int, calibration: Calibration) -> float:
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = calibration.p
    a = t_fine - 128000
    b = a * a * p6 + (a * p5 << 17) + (p4 << 35)
    c = ((a * a * p3 >> 8) + (a * p2 << 12)) + (1 << 47)
    c = c * p1 >> 33
    if c == 0:
        return 0.0
    pressure = ((((1048576 - raw) << 31) - b) * 3125) // c
    first = p9 * (pressure >> 13) * (pressure >> 13) >> 25
    second = p8 * pressure >> 19
    return ((pressure + first + second >> 8) + (p7 << 4)) / 256.0


def _humidity_percent(raw: int, t_fine: int, calibration: Calibration) -> float:
    h1, h2, h3, h4, h5, h6 = calibration.h
    a = t_fine - 76800
    left = ((raw << 14) - (h4 << 20) - h5 * a + 16384) >> 15
    right = (((a * h6 >> 10) * ((a * h3 >> 11) + 32768) >> 10) + 2097152) * h2 + 8192 >> 14
    value = left * right
    value -= ((value >> 15) * (value >> 15) >> 7) * h1 >> 4
    return (min(max(value, 0), 419430400) >> 12) / 1024.0
