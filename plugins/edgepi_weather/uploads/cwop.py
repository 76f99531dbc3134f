"""CWOP: one report is one short visit to a server of APRS-IS.

Source: "Connecting to APRS-IS" (aprs-is.net): the server greets, the client logs in, the server answers with
a comment, and takes packets from then on. It confirms none, so whether one arrived is not known: none is sent
twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import ClassVar

from edgepi.errors import UploadError
from edgepi.plugin import API_VERSION
from edgepi_weather.uploads.aprs import login_line, packet
from edgepi_weather.uploads.config import NO_PASSCODE, CwopConfig
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Rule, StationRefusedError

__all__ = ["Cwop"]

TOTAL_S = 30.0
MOST_LINES, MOST_BYTES = 20, 1024
# Whoever looks at CWOP wants to know the weather now.
STALE_S = 600.0
_FULL = re.compile(r"\b(port|server) (is )?full\b", re.IGNORECASE)
_REFUSED = re.compile(r"\b(invalid|login required|not allowed)\b", re.IGNORECASE)


class Cwop:
    """One station of the Citizen Weather Observer Program."""

    name: ClassVar[str] = "cwop"
    title: ClassVar[str] = "CWOP"

    def __init__(self, config: CwopConfig, latitude: float, longitude: float, offset_s: float) -> None:
        self._config = config
        self._place = latitude, longitude
        self.rule = Rule(
            every_s=config.every,
            stale_s=STALE_S,
            most=1,
            offset_s=offset_s,
            oldest_first=False,
            repeatable=False,
        )

    async def send(self, report: Report) -> None:
        """Log in, send one packet, and leave."""
        line = packet(self._config.station, *self._place, report)
        try:
            async with asyncio.timeout(TOTAL_S), self._connected() as (reader, writer):
                login = login_line(self._config.station, self._config.passcode, str(API_VERSION))
                await _write(writer, login)
                self._judge(await _answer(reader))
                await _write(writer, line)
        except TimeoutError:
            raise UploadError(f"{self._config.server} did not answer within {TOTAL_S:.0f} s") from None
        except (OSError, asyncio.LimitOverrunError, ValueError) as error:
            if isinstance(error, UploadError):
                raise
            raise UploadError(
                f"{self._config.server} cannot be reached: {error}", hint="is the node online?"
            ) from error

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(self._config.host, self._config.port, limit=MOST_BYTES)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _judge(self, answer: str) -> None:
        """An id of CWOP is never verified; a call sign that is not has the wrong passcode."""
        if _FULL.search(answer):
            raise UploadError("the server is full", hint="it is tried again later")
        if _REFUSED.search(answer) or (self._config.passcode != NO_PASSCODE and " unverified" in answer):
            raise StationRefusedError(
                f"the server does not accept {self._config.station}", hint="look at `station` and `passcode`"
            )


async def _write(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(f"{line}\r\n".encode("ascii"))
    await writer.drain()


async def _answer(reader: asyncio.StreamReader) -> str:
    """Return the server's comment on the login; before it come its greeting and the packets of others."""
    for _ in range(MOST_LINES):
        line = (await reader.readline()).decode("ascii", "replace").strip()
        if not line:
            break
        if line.startswith("#") and ("logresp" in line or _FULL.search(line) or _REFUSED.search(line)):
            return line
    raise UploadError("the server ended the visit before the login")
