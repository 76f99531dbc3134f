"""What a station promises to measure."""

from __future__ import annotations

from edgepi.model import DeviceClass, ReadingDescription, StateClass

__all__ = ["AIR", "RAIN", "WIND_DIRECTION", "WIND_GUST", "WIND_SPEED"]


def _number(
    key: str,
    name: str,
    unit: str,
    device_class: DeviceClass | None,
    *,
    precision: int = 1,
    limits: tuple[float | None, float | None] = (None, None),
    state_class: StateClass = StateClass.MEASUREMENT,
) -> ReadingDescription:
    low, high = limits
    return ReadingDescription(
        key=key,
        name=name,
        unit=unit,
        device_class=device_class,
        state_class=state_class,
        precision=precision,
        valid_min=low,
        valid_max=high,
    )


def _warmth(key: str, name: str, low: float, high: float) -> ReadingDescription:
    return _number(key, name, "°C", DeviceClass.TEMPERATURE, limits=(low, high))


PRESSURE, PERCENT = DeviceClass.ATMOSPHERIC_PRESSURE, DeviceClass.HUMIDITY
SPEED, WATER = DeviceClass.WIND_SPEED, DeviceClass.PRECIPITATION
RATE = DeviceClass.PRECIPITATION_INTENSITY

AIR = {
    each.key: each
    for each in (
        _warmth("temperature", "Temperature", -40.0, 85.0),
        _number("humidity", "Humidity", "%", PERCENT, precision=0, limits=(0.0, 100.0)),
        _number("pressure", "Air pressure", "hPa", PRESSURE, limits=(300.0, 1100.0)),
        _number("pressure_sea_level", "Air pressure at sea level", "hPa", PRESSURE, limits=(300.0, 2000.0)),
        _number("pressure_tendency", "Change of air pressure in 3 h", "hPa", None, limits=(-800.0, 800.0)),
        _warmth("dew_point", "Dew point", -100.0, 85.0),
        _warmth("wind_chill", "Wind chill", -150.0, 85.0),
        _warmth("heat_index", "Heat index", -40.0, 200.0),
        _warmth("apparent_temperature", "Apparent temperature", -150.0, 200.0),
        ReadingDescription(key="pressure_trend", name="Trend of air pressure"),
        ReadingDescription(key="outlook", name="Outlook"),
    )
}
WIND_SPEED = _number("wind_speed", "Wind", "m/s", SPEED, limits=(0.0, 150.0))
WIND_GUST = _number("wind_gust", "Gusts", "m/s", SPEED, limits=(0.0, 150.0))
WIND_DIRECTION = _number(
    "wind_direction",
    "Wind direction",
    "°",
    DeviceClass.WIND_DIRECTION,
    precision=0,
    limits=(0.0, 360.0),
    state_class=StateClass.MEASUREMENT_ANGLE,
)
RAIN = (
    _number("rain_rate", "Rain", "mm/h", RATE, limits=(0.0, 2000.0)),
    _number("rain_hour", "Rain in the last hour", "mm", WATER, limits=(0.0, 2000.0)),
    _number("rain_today", "Rain today", "mm", WATER, limits=(0.0, 5000.0)),
    _number(
        "rain_total", "Rain ever", "mm", WATER, limits=(0.0, None), state_class=StateClass.TOTAL_INCREASING
    ),
)
