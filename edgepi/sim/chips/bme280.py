"""The BME280 at register level: temperature, pressure and humidity; and the BMP280, without humidity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgepi.sim.chips.compensation import Calibration, Compensated, RawSample, raw_for

__all__ = ["BME280", "BME280_ID", "BMP280", "BMP280_ID", "Air"]

BME280_ID = 0x60
BMP280_ID = 0x58
RESET_WORD = 0xB6
CALIBRATION_A, CALIBRATION_B = 0x88, 0xE1
ID, RESET, CTRL_HUM, STATUS, CTRL_MEAS, CONFIG, DATA = 0xD0, 0xE0, 0xF2, 0xF3, 0xF4, 0xF5, 0xF7
MEASURING, NVM_COPY = 0x08, 0x01
SKIPPED, SKIPPED_HUMIDITY = 0x80000, 0x8000
SLEEP, NORMAL = 0, 3
NVM_COPY_S = 0.002
STANDBY_S = (0.0005, 0.0625, 0.125, 0.25, 0.5, 1.0, 0.01, 0.02)
BMP280_STANDBY_S = (*STANDBY_S[:6], 2.0, 4.0)
HUMIDITY_CALIBRATION = 0xA1
FILTER = (1, 2, 4, 8, 16, 16, 16, 16)


@dataclass(frozen=True, slots=True)
class Air:
    """What the chip is surrounded by."""

    temperature_c: float = 20.0
    pressure_hpa: float = 1013.25
    humidity_percent: float = 50.0


class BME280:
    """The chip; *air* is asked at the end of each conversion, or set as an attribute.

    *chip_id* `BMP280_ID` makes a BMP280, which knows no humidity.
    """

    def __init__(
        self,
        air: Callable[[], Air] | Air | None = None,
        *,
        calibration: Calibration | None = None,
        chip_id: int = BME280_ID,
    ) -> None:
        self.air: Callable[[], Air] | Air = air or Air()
        self.calibration = calibration or Calibration()
        self.chip_id = chip_id
        self.conversions = 0
        self.forced_raw: RawSample | None = None
        self._reset()

    def _reset(self) -> None:
        self._ctrl_hum = self._latched_hum = 0
        self._ctrl_meas = self._config = 0
        self._raw = RawSample(SKIPPED, SKIPPED, SKIPPED_HUMIDITY)
        self._filtered: tuple[float, float] | None = None
        self._left_s = 0.0
        self._standby_s = 0.0
        self._copying_s = NVM_COPY_S

    @property
    def mode(self) -> int:
        """0 sleep, 1 or 2 forced, 3 normal."""
        return self._ctrl_meas & 3

    @property
    def measuring(self) -> bool:
        """Whether a conversion runs now."""
        return self._left_s > 0.0

    def read(self, register: int) -> int:
        """Return a register."""
        bank_a = self.calibration.first_bank()
        if register == HUMIDITY_CALIBRATION and not self._has_humidity:
            return 0
        if CALIBRATION_A <= register < CALIBRATION_A + len(bank_a):
            return bank_a[register - CALIBRATION_A]
        bank_b = self.calibration.second_bank()
        if CALIBRATION_B <= register < CALIBRATION_B + len(bank_b) and self._has_humidity:
            return bank_b[register - CALIBRATION_B]
        if DATA <= register < DATA + 8:
            return self._data()[register - DATA]
        return {
            ID: self.chip_id,
            CTRL_HUM: self._ctrl_hum,
            STATUS: MEASURING * self.measuring | NVM_COPY * (self._copying_s > 0),
            CTRL_MEAS: self._ctrl_meas,
            CONFIG: self._config,
        }.get(register, 0)

    def read_block(self, register: int, length: int) -> Sequence[int]:
        """Read on through the registers."""
        return [self.read((register + i) & 0xFF) for i in range(length)]

    def write(self, register: int, value: int) -> None:
        """Take a register; all others are read-only."""
        if register == RESET and value == RESET_WORD:
            self._reset()
        elif register == CTRL_HUM and self._has_humidity:
            self._ctrl_hum = value & 7
        elif register == CONFIG:
            self._config = value & 0xFD
        elif register == CTRL_MEAS:
            self._ctrl_meas = value
            self._latched_hum = self._ctrl_hum
            self._left_s = self._conversion_s() if self.mode != SLEEP else 0.0

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take the first byte, then pairs of register and value, for writing does not go on by itself."""
        if data:
            self.write(register, data[0])
        for pair in range(1, len(data) - 1, 2):
            self.write(data[pair], data[pair + 1])

    def step(self, dt_s: float) -> None:
        """Let time pass; conversions end when theirs is over."""
        self._copying_s = max(0.0, self._copying_s - dt_s)
        while dt_s > 0.0 and self.mode != SLEEP:
            if self._left_s > 0.0:
                part_s = min(dt_s, self._left_s)
                self._left_s -= part_s
                if self._left_s <= 1e-9:
                    self._finish()
            else:
                part_s = min(dt_s, self._standby_s)
                self._standby_s -= part_s
                if self._standby_s <= 1e-9:
                    self._left_s = self._conversion_s()
            dt_s -= part_s

    @property
    def _has_humidity(self) -> bool:
        return self.chip_id == BME280_ID

    def _oversampling(self) -> tuple[int, int, int]:
        codes = (self._ctrl_meas >> 5, self._ctrl_meas >> 2 & 7, self._latched_hum)
        temperature, pressure, humidity = (0 if c == 0 else 1 << min(c - 1, 4) for c in codes)
        return temperature, pressure, humidity

    def _conversion_s(self) -> float:
        temperature, pressure, humidity = self._oversampling()
        duration_us = 1250 + 2300 * temperature
        duration_us += (2300 * pressure + 575) if pressure else 0
        duration_us += (2300 * humidity + 575) if humidity else 0
        return duration_us / 1e6

    def _finish(self) -> None:
        self._left_s = 0.0
        self._raw = self._convert()
        self.conversions += 1
        if self.mode == NORMAL:
            self._standby_s = (STANDBY_S if self._has_humidity else BMP280_STANDBY_S)[self._config >> 5]
        else:
            self._ctrl_meas &= 0xFC

    def _convert(self) -> RawSample:
        raw = self._filter(self.forced_raw or self._true_raw())
        temperature, pressure, humidity = self._oversampling()
        return RawSample(
            raw.temperature if temperature else SKIPPED,
            raw.pressure if pressure and temperature else SKIPPED,
            raw.humidity if humidity and temperature and self._has_humidity else SKIPPED_HUMIDITY,
        )

    def _true_raw(self) -> RawSample:
        air = self.air() if callable(self.air) else self.air
        wanted = Compensated(air.temperature_c, air.pressure_hpa * 100.0, air.humidity_percent)
        return raw_for(wanted, self.calibration)

    def _filter(self, raw: RawSample) -> RawSample:
        strength = FILTER[self._config >> 2 & 7]
        if self._filtered is None:
            self._filtered = (float(raw.temperature), float(raw.pressure))
        old_t, old_p = self._filtered
        self._filtered = (
            old_t + (raw.temperature - old_t) / strength,
            old_p + (raw.pressure - old_p) / strength,
        )
        return RawSample(round(self._filtered[0]), round(self._filtered[1]), raw.humidity)

    def _data(self) -> bytes:
        raw = self._raw
        return (
            (raw.pressure << 4).to_bytes(3, "big")
            + (raw.temperature << 4).to_bytes(3, "big")
            + raw.humidity.to_bytes(2, "big")
        )


class BMP280(BME280):
    """The smaller brother: no humidity registers, an id of its own, longer pauses in normal mode."""

    def __init__(
        self, air: Callable[[], Air] | Air | None = None, *, calibration: Calibration | None = None
    ) -> None:
        super().__init__(air, calibration=calibration, chip_id=BMP280_ID)
