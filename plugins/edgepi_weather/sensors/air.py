"""The BME280 or BMP280 as a sensor, and what follows from air and wind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from edgepi.errors import HardwareError
from edgepi.model import Reading, ReadingDescription
from edgepi.plugin import Sensor
from edgepi_weather.chips.air import CONVERSION_S, AirChip, Identity, Sample, answering
from edgepi_weather.config import WeatherConfig
from edgepi_weather.met import Observation, derive
from edgepi_weather.met.outlook import outlook
from edgepi_weather.sensors.barometer import Barometer
from edgepi_weather.sensors.described import AIR
from edgepi_weather.station import Station

__all__ = ["AirSensor", "keys_of"]

EXTRA_WAITS = 3
WORDS = ("pressure_trend", "outlook")
MODELS = {"auto": ("BME280", "BMP280"), "bme280": ("BME280",), "bmp280": ("BMP280",)}


def keys_of(config: WeatherConfig) -> tuple[str, ...]:
    """List what a station with these devices can know of the air."""
    keys = ["temperature", "pressure", "pressure_sea_level", "pressure_tendency", *WORDS]
    if config.humidity:
        keys += ["humidity", "dew_point", "heat_index"]
    if config.wind is not None:
        keys += ["wind_chill"]
    if config.humidity and config.wind is not None:
        keys += ["apparent_temperature"]
    return tuple(key for key in AIR if key in keys)


class AirSensor(Sensor):
    """Temperature, humidity and pressure, and all that is derived from them."""

    name = "air"
    # Once a minute the chip itself takes less than 1 uW (data sheet: 3.6 uA at one measurement a second,
    # 0.1 uA asleep); the rest is the computer, awake for some milliseconds of one core at about 1 W.
    power_w = 0.0001

    def __init__(self, station: Station) -> None:
        self._station = station
        self._context = station.context
        self._keys = keys_of(self._context.config)
        self._barometer = Barometer(station.context)
        self._address = self._context.config.address
        self._chip: AirChip | None = None
        self._known: Identity | None = None
        self._dry_said = False
        self.interval_s = self._context.config.interval

    def describe(self) -> Sequence[ReadingDescription]:
        """List what the devices of the configuration measure, and what follows from it."""
        return tuple(AIR[key] for key in self._keys)

    async def start(self) -> None:
        """Find the chip and read its calibration."""
        await self._station.prepare()
        await self._barometer.restore()
        chip = self._chip = await self._context.run_blocking(self._open)
        if self._known is None:
            self._context.log.info("%s found at 0x%02x", chip.identity.model, chip.address)
        self._recognise(chip)

    async def read(self) -> Sequence[Reading]:
        """Measure once; takes some 10 ms."""
        if self._chip is None:
            await self.start()
        assert self._chip is not None
        try:
            sample = await self._measure(self._chip)
        except HardwareError:
            self._chip = None
            raise
        seen = self._station.observe(
            temperature=sample.temperature_c, humidity=sample.humidity_percent, pressure=sample.pressure_hpa
        )
        values, words = self._all(seen)
        self._station.tell(values)
        await self._barometer.save()
        return tuple(Reading(key, value) for key, value in (*values.items(), *words.items()))

    async def stop(self) -> None:
        """Forget the chip, which sleeps by itself, but not which one it was."""
        self._chip = None
        await self._barometer.save(at_once=True)
        await self._station.stopped("temperature", "humidity", "pressure")

    def _open(self) -> AirChip:
        config = self._context.config
        bus, models = self._context.hardware.i2c(config.bus), MODELS[config.air]
        chip = AirChip(bus, self._address, models)
        if self._address is None and len(found := answering(bus, models)) > 1:
            # A fault of one must not turn it into the other, which may hang elsewhere.
            self._address = chip.address
            self._context.log.warning(
                "two sensors answer, at %s; that at 0x%02x is used: say which by `address`",
                " and ".join(f"0x{each:02x}" for each in found),
                chip.address,
            )
        return chip

    async def _measure(self, chip: AirChip) -> Sample:
        await self._context.run_blocking(chip.trigger)
        self._recognise(chip)
        for _ in range(1 + EXTRA_WAITS):
            await self._context.clock.sleep(CONVERSION_S)
            if (sample := await self._context.run_blocking(chip.result)) is not None:
                return sample
        raise HardwareError(
            f"the sensor at 0x{chip.address:02x} never finishes a measurement",
            hint="check the wiring; long cables garble the bus",
        )

    def _recognise(self, chip: AirChip) -> None:
        """Say when it is another chip than before, or one without the humidity that was promised."""
        before, self._known = self._known, chip.identity
        self._barometer.recognise(chip.identity)
        if before is not None and before != chip.identity:
            another = "another " if before.model == chip.identity.model else "a "
            self._context.log.warning(
                "the sensor at 0x%02x was swapped: a %s before, %s%s now, with its own calibration",
                chip.address,
                before.model,
                another,
                chip.identity.model,
            )
        if self._context.config.humidity and chip.identity.model == "BMP280" and not self._dry_said:
            self._dry_said = True
            self._context.log.warning(
                "the sensor at 0x%02x is a BMP280, which measures no humidity: what needs it stays unknown; "
                "`air: bmp280` leaves it out",
                chip.address,
            )

    def _all(self, seen: Observation) -> tuple[dict[str, float | None], dict[str, str | None]]:
        """Return all that is known of the air, in numbers and in words; what is None stays unknown."""
        latest = self._station.latest()
        whole = replace(latest, temperature=seen.temperature, humidity=seen.humidity, pressure=seen.pressure)
        derived = derive(whole, self._station.elevation_m)
        tendency = self._barometer.tendency(seen.pressure)
        change_hpa = None if tendency is None else tendency.change_hpa
        known = {**asdict(seen), **asdict(derived), "pressure_tendency": change_hpa}
        values = {key: _rounded(known[key]) for key in self._keys if key not in WORDS}
        outlook = self._outlook(derived.pressure_sea_level, change_hpa, latest.wind_direction)
        return values, {"pressure_trend": None if tendency is None else tendency.words, "outlook": outlook}

    def _outlook(
        self, sea_level_hpa: float | None, change_hpa: float | None, wind_direction_deg: float | None
    ) -> str | None:
        if sea_level_hpa is None or change_hpa is None:
            return None
        local = self._station.local_now()
        return outlook(
            sea_level_hpa,
            change_hpa,
            month=None if local is None else local.month,
            latitude_deg=self._context.node.latitude,
            wind_direction_deg=wind_direction_deg,
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
