"""What the owner says about uploads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import voluptuous as vol

from edgepi.plugin.fields import Integer, Text, TimeSpan

__all__ = ["SECRETS", "UPLOADS", "CwopConfig", "UploadsConfig", "WundergroundConfig", "uploads_of"]

WUNDERGROUND_URL = "https://weatherstation.wunderground.com/weatherstation/updateweatherstation.php"
CWOP_SERVER = "cwop.aprs.net:14580"
NO_PASSCODE = -1
# What CWOP gives to those who are no radio amateurs, such as CW1234; a call sign ends with letters.
_CWOP_ID = re.compile(r"[A-Z]{2}\d{3,4}")
SECRETS = frozenset({"key", "passcode"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WundergroundConfig:
    """Section ``wunderground``: id and key of the station there; seconds between reports."""

    station: str
    key: str
    every: float = 300.0
    url: str = WUNDERGROUND_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class CwopConfig:
    """Section ``cwop``: the id from CWOP, or a call sign with its passcode; seconds between reports."""

    station: str
    passcode: int = NO_PASSCODE
    server: str = CWOP_SERVER
    every: float = 600.0

    @property
    def host(self) -> str:
        """The server's name or address."""
        return self.server.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The server's port."""
        return int(self.server.rpartition(":")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadsConfig:
    """Section ``uploads``."""

    wunderground: WundergroundConfig | None = None
    cwop: CwopConfig | None = None

    def __bool__(self) -> bool:
        """Whether there is anywhere to send to."""
        return self.wunderground is not None or self.cwop is not None


EVERY = TimeSpan(min_s=60.0, max_s=86400.0)
CWOP_EVERY = TimeSpan(min_s=300.0, max_s=86400.0)  # CWOP asks for five minutes at least

UPLOADS = {
    vol.Optional("wunderground"): {
        vol.Required("station"): Text(r"[A-Za-z0-9]{3,20}", "the id of the station, such as KCASANFR5"),
        vol.Required("key"): Text(),
        vol.Optional("every"): EVERY,
        vol.Optional("url"): Text(r"https?://[^\s?#]+", "an address such as https://host/path"),
    },
    vol.Optional("cwop"): {
        vol.Required("station"): Text(
            r"[A-Z0-9]{3,7}(-[A-Z0-9]{1,2})?", "an id such as CW1234 or a call sign, in capitals"
        ),
        vol.Optional("passcode"): Integer(min=-1, max=32767),
        vol.Optional("server"): Text(
            r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", "a server such as host:14580"
        ),
        vol.Optional("every"): CWOP_EVERY,
    },
}


def uploads_of(section: Mapping[str, Mapping[str, Any]]) -> UploadsConfig:
    """Return the section; raises vol.Invalid where a call sign comes without its passcode."""
    cwop = CwopConfig(**section["cwop"]) if "cwop" in section else None
    if cwop is not None:
        if cwop.passcode == NO_PASSCODE and not _CWOP_ID.fullmatch(cwop.station):
            raise vol.Invalid(
                f"{cwop.station} is no id of CWOP such as CW1234; a call sign needs its `passcode`",
                path=["uploads", "cwop", "station"],
            )
        if not 0 < cwop.port < 65536:
            raise vol.Invalid(f"there is no port {cwop.port}", path=["uploads", "cwop", "server"])
    known = section.get("wunderground")
    return UploadsConfig(wunderground=None if known is None else WundergroundConfig(**known), cwop=cwop)
