"""Weather reports as packets of APRS; pure.

Source: APRS Protocol Reference 1.0.1, chapters 6, 8 and 12, and what CWOP says of it: the pressure is the
altimeter setting, and what a station does not measure is dots.
"""

from __future__ import annotations

from datetime import datetime

from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.units import fahrenheit, inches, miles_per_hour

__all__ = ["login_line", "packet", "position"]

SOFTWARE = "EdgePi"


def login_line(station: str, passcode: int, version: str) -> str:
    """Return the line that a client of APRS-IS begins with."""
    return f"user {station} pass {passcode} vers {SOFTWARE} {version}"


def packet(station: str, latitude: float, longitude: float, report: Report) -> str:
    """Return one report as a packet, without the end of its line."""
    place = position(latitude, longitude)
    return f"{station}>APRS,TCPIP*:@{_time(report.at_utc)}{place}{_weather(report)}{SOFTWARE}"


def position(latitude: float, longitude: float) -> str:
    """Return degrees and hundredths of minutes, with the symbol of a weather station."""
    north, east = _degrees(latitude, 2), _degrees(longitude, 3)
    return f"{north}{'N' if latitude >= 0 else 'S'}/{east}{'E' if longitude >= 0 else 'W'}_"


def _degrees(angle: float, width: int) -> str:
    hundredths = round(abs(angle) * 6000.0)
    return f"{hundredths // 6000:0{width}d}{hundredths % 6000 / 100.0:05.2f}"


def _time(at: datetime) -> str:
    return f"{at:%d%H%M}z"


def _weather(report: Report) -> str:
    rain = (None if mm is None else inches(mm) * 100.0 for mm in (report.rain_hour, None, report.rain_today))
    speed, gust, warmth = (
        None if value is None else turn(value)
        for value, turn in (
            (report.wind_speed, miles_per_hour),
            (report.wind_gust, miles_per_hour),
            (report.temperature, fahrenheit),
        )
    )
    parts = (
        f"{_direction(report)}/{_field(speed, 3)}",
        f"g{_field(gust, 3)}",
        f"t{_field(warmth, 3)}",
        *(f"{letter}{_field(hundredths, 3)}" for letter, hundredths in zip("rpP", rain, strict=True)),
        f"h{_humidity(report.humidity)}",
        f"b{_field(None if report.altimeter is None else report.altimeter * 10.0, 5)}",
    )
    return "".join(parts)


def _direction(report: Report) -> str:
    """Return 001 to 360; 000 stands for the direction of a calm."""
    if report.wind_direction is None:
        calm = report.wind_speed is not None and round(miles_per_hour(report.wind_speed)) == 0
        return "000" if calm else "..."
    return f"{round(report.wind_direction) % 360 or 360:03d}"


def _humidity(percent: float | None) -> str:
    """Return two digits: 00 is a hundred, and what is less than one counts as one."""
    return ".." if percent is None else f"{max(round(percent), 1) % 100:02d}"


def _field(value: float | None, width: int) -> str:
    """Return so many digits, the minus among them; dots if nothing is known, or it does not fit."""
    text = "" if value is None else f"{round(value):0{width}d}"
    return text if len(text) == width else "." * width
