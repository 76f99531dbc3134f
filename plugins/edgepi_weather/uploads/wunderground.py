"""Weather Underground: one report is one request.

Source: "PWS Upload Protocol" of Weather Underground (updateweatherstation.php); *baromin* is the altimeter
setting, *rainin* the last hour, *dailyrainin* since local midnight. A report is known by its *dateutc*: sent
again, it is the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
)

from edgepi.errors import UploadError
from edgepi_weather.uploads.config import WundergroundConfig
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Rule, StationRefusedError, WrongReportError
from edgepi_weather.uploads.units import fahrenheit, inches, inches_of_mercury, miles_per_hour

__all__ = ["Wunderground", "parameters"]

CONNECT_S, TOTAL_S = 10.0, 30.0
MOST_BYTES = 4_000
# A week of reports each five minutes.
MOST, STALE_S = 2016, 7 * 86400.0
SOFTWARE = "EdgePi"

_FIELDS: tuple[tuple[str, str, Callable[[float], float], int], ...] = (
    ("tempf", "temperature", fahrenheit, 1),
    ("humidity", "humidity", float, 0),
    ("dewptf", "dew_point", fahrenheit, 1),
    ("baromin", "altimeter", inches_of_mercury, 3),
    ("windspeedmph", "wind_speed", miles_per_hour, 1),
    ("windgustmph", "wind_gust", miles_per_hour, 1),
    ("winddir", "wind_direction", float, 0),
    ("rainin", "rain_hour", inches, 3),
    ("dailyrainin", "rain_today", inches, 3),
)


class Wunderground:
    """One station of Weather Underground."""

    name: ClassVar[str] = "wunderground"
    title: ClassVar[str] = "Weather Underground"

    def __init__(
        self, config: WundergroundConfig, http_client: Callable[[], Awaitable[ClientSession]], offset_s: float
    ) -> None:
        self._config = config
        self._http_client = http_client
        self.rule = Rule(every_s=config.every, stale_s=STALE_S, most=MOST, offset_s=offset_s)

    async def send(self, report: Report) -> None:
        """Send one report; the key stands in no error."""
        session = await self._http_client()
        query = {"ID": self._config.station, "PASSWORD": self._config.key, **parameters(report)}
        try:
            async with session.get(
                self._config.url,
                params=query,
                timeout=ClientTimeout(total=TOTAL_S, connect=CONNECT_S),
                allow_redirects=False,
                # A small answer needs no compression, and what is not unpacked cannot grow.
                auto_decompress=False,
                headers={"Accept-Encoding": "identity"},
            ) as response:
                _judge(response, await _said(response))
        except TimeoutError:
            raise UploadError(f"no whole answer within {TOTAL_S:.0f} s") from None
        except (ClientError, ValueError) as error:
            # The error's own text may hold the address with the key in it.
            wrong = isinstance(error, ValueError)
            hint = "look at `url`" if wrong else "is the node online?"
            raise UploadError(_why(error), hint=hint) from None


def parameters(report: Report) -> Mapping[str, str]:
    """Return what is told of a report; what is not known is left out."""
    told = {"dateutc": f"{report.at_utc:%Y-%m-%d %H:%M:%S}", "action": "updateraw", "softwaretype": SOFTWARE}
    for name, key, turn, digits in _FIELDS:
        value = getattr(report, key)
        if value is not None:
            told[name] = f"{turn(value):.{digits}f}"
    return told


def _why(error: Exception) -> str:
    if isinstance(error, ClientConnectorCertificateError):
        return f"{error.host} shows a certificate that is not trusted"
    if isinstance(error, ClientConnectorError):
        return f"{error.host} cannot be reached: {error.os_error}"
    return f"no answer: {type(error).__name__}"


async def _said(response: ClientResponse) -> str:
    """Return the first words of the answer, printable."""
    text = (await response.content.read(MOST_BYTES)).decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:80]


def _judge(response: ClientResponse, said: str) -> None:
    status, word = response.status, said.casefold()
    if status == 401 or "invalidpassword" in word or "password or key" in word:
        raise StationRefusedError("it does not know this station and key", hint="look at `station` and `key`")
    if status == 200 and word.startswith("success"):
        return
    if status == 429 or status >= 500:
        wait_s = _seconds(response.headers.get("Retry-After"))
        raise UploadError(f"it is busy or out of order (HTTP {status})", retry_after_s=wait_s)
    if status == 400:
        raise WrongReportError("it does not take the report (HTTP 400)")
    raise UploadError(
        f"it answers neither success nor an error that is known (HTTP {status})", hint="look at `url`"
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() and len(text) < 7 else None
