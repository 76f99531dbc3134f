"""What the owner of a weather station says in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import voluptuous as vol

from edgepi.plugin import ConfigSchema
from edgepi.plugin.fields import Choice, FieldError, I2CAddress, Integer, Number, TimeSpan
from edgepi_weather.chips.adc import AdcModel
from edgepi_weather.chips.vane import KIT_OHM, Vane
from edgepi_weather.judging import QUALITY, limits_of
from edgepi_weather.met.limits import LIMITS, Limits
from edgepi_weather.uploads.config import SECRETS, UPLOADS, UploadsConfig, uploads_of

__all__ = ["RainConfig", "VaneConfig", "WeatherConfig", "WindConfig", "config_schema"]

I2C_PINS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindConfig:
    """Section ``wind``: a cup anemometer that closes a switch; factors are those of SparkFun's kit."""

    pin: int
    km_h_per_hz: float = 2.4
    bounce: float = 0.002

    @property
    def m_s_per_hz(self) -> float:
        """Metres per second at one closure a second."""
        return self.km_h_per_hz / 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class VaneConfig:
    """Section ``vane``: resistors behind a converter; *supply_channel* measures what else is *supply_v*."""

    chip: AdcModel = "ads1115"
    address: int = 0x48
    channel: int = 0
    supply_v: float = 3.3
    supply_channel: int | None = None
    pull_up_ohm: float = 10000.0
    north_deg: float = 0.0
    table: Mapping[float, float] = field(default_factory=lambda: dict(KIT_OHM))

    @property
    def vane(self) -> Vane:
        """What turns a voltage into a direction."""
        return Vane(self.table, self.pull_up_ohm, self.north_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class RainConfig:
    """Section ``rain``: a tipping bucket; *most_gap* is how much of a day may be uncounted."""

    pin: int
    mm_per_tip: float = 0.2794
    bounce: float = 0.01
    most_gap: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherConfig:
    """Section ``weather``; *address* None tries both, *elevation* None is the node's."""

    bus: int = 1
    address: int | None = None
    air: Literal["auto", "bme280", "bmp280", "none"] = "auto"
    interval: float = 60.0
    elevation: float | None = None
    wind: WindConfig | None = None
    vane: VaneConfig | None = None
    rain: RainConfig | None = None
    quality: Mapping[str, Limits] = field(default_factory=lambda: LIMITS)
    uploads: UploadsConfig = field(default_factory=UploadsConfig)

    @property
    def humidity(self) -> bool:
        """Whether humidity is promised."""
        return self.air in {"auto", "bme280"}


@dataclass(frozen=True, slots=True)
class Resistors:
    """Degrees from north, and the ohms of the vane there."""

    def __call__(self, value: object) -> dict[float, float]:
        """Return them as numbers."""
        if not isinstance(value, dict) or len(value) < 2:
            raise FieldError("expected degrees and ohms of at least two positions, such as `22.5: 6570`")
        return {_degrees(at): Number(above=0.0, max=1e8)(ohm) for at, ohm in value.items()}

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        ohm = {"type": "number", "exclusiveMinimum": 0}
        degrees = {"pattern": r"^[0-9]{1,3}(\.[0-9]+)?$"}
        return {"type": "object", "minProperties": 2, "propertyNames": degrees, "additionalProperties": ohm}


def _degrees(key: object) -> float:
    """Return the number that a key of the file is; keys are read as texts."""
    try:
        number = float(str(key))
    except ValueError:
        raise FieldError(f"{str(key)!r} is not a number of degrees") from None
    return Number(min=0.0, max=359.99)(number)


PIN = Integer(min=0, max=27)
BOUNCE = TimeSpan(max_s=0.1)
CHANNEL = Integer(min=0, max=3)

WIND = {
    vol.Required("pin"): PIN,
    vol.Optional("km_h_per_hz"): Number(above=0.0, max=100.0),
    vol.Optional("bounce"): BOUNCE,
}
VANE = {
    vol.Optional("chip"): Choice(("ads1115", "ads1015")),
    vol.Optional("address"): I2CAddress(min=0x48, max=0x4B),
    vol.Optional("channel"): CHANNEL,
    vol.Optional("supply_v"): Number(min=1.0, max=5.5),
    vol.Optional("supply_channel"): CHANNEL,
    vol.Optional("pull_up_ohm"): Number(min=10.0, max=1e7),
    vol.Optional("north_deg"): Number(min=-360.0, max=360.0),
    vol.Optional("table"): Resistors(),
}
RAIN = {
    vol.Required("pin"): PIN,
    vol.Optional("mm_per_tip"): Number(above=0.0, max=10.0),
    vol.Optional("bounce"): BOUNCE,
    vol.Optional("most_gap"): TimeSpan(max_s=86400.0),
}
FIELDS: dict[Any, Any] = {
    vol.Optional("bus"): Integer(min=0, max=255),
    vol.Optional("address"): I2CAddress(min=0x76, max=0x77),
    vol.Optional("air"): Choice(("auto", "bme280", "bmp280", "none")),
    vol.Optional("interval"): TimeSpan(min_s=1.0, max_s=86400.0),
    vol.Optional("elevation"): Number(min=-500.0, max=9000.0),
    vol.Optional("wind"): WIND,
    vol.Optional("vane"): VANE,
    vol.Optional("rain"): RAIN,
    vol.Optional("quality"): QUALITY,
    vol.Optional("uploads"): UPLOADS,
}


def config_schema() -> ConfigSchema[WeatherConfig]:
    """Return the keys of a station."""
    return ConfigSchema(fields=FIELDS, build=_build, secrets=SECRETS)


def _build(**values: Any) -> WeatherConfig:
    parts: dict[str, Any] = {"wind": WindConfig, "vane": VaneConfig, "rain": RainConfig}
    built = {key: make(**values.pop(key)) for key, make in parts.items() if key in values}
    if "quality" in values:
        values["quality"] = limits_of(values["quality"])
    if "uploads" in values:
        values["uploads"] = uploads_of(values["uploads"])
    config = WeatherConfig(**values, **built)
    _check_devices(config)
    _check_pins(config)
    if config.vane is not None:
        _check_vane(config.vane)
    return config


def _check_devices(config: WeatherConfig) -> None:
    if config.air != "none":
        return
    if config.address is not None:
        raise vol.Invalid("`air: none` has no address", path=["address"])
    if config.wind is None and config.vane is None and config.rain is None:
        raise vol.Invalid("without `wind`, `vane` or `rain` there is nothing to measure", path=["air"])


def _check_pins(config: WeatherConfig) -> None:
    pins = {key: part.pin for key, part in (("wind", config.wind), ("rain", config.rain)) if part is not None}
    for key, pin in pins.items():
        if pin in I2C_PINS:
            raise vol.Invalid(f"GPIO{pin} is a wire of the I2C bus", path=[key, "pin"])
    if len(set(pins.values())) < len(pins):
        raise vol.Invalid(f"`wind` and `rain` cannot share GPIO{pins['rain']}", path=["rain", "pin"])


def _check_vane(config: VaneConfig) -> None:
    if config.supply_channel == config.channel:
        raise vol.Invalid("the vane itself is on this input", path=["vane", "supply_channel"])
    if (pair := config.vane.confusable()) is not None:
        one, other = pair
        raise vol.Invalid(
            f"with a pull-up of {config.pull_up_ohm:g} ohms {one:g} and {other:g} degrees look the same",
            path=["vane"],
        )
