"""Against a server that checks what it is sent, as those of APRS-IS do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from edgepi.errors import UploadError
from edgepi_weather.uploads import StationRefusedError
from edgepi_weather.uploads.config import CwopConfig
from edgepi_weather.uploads.cwop import Cwop
from edgepi_weather.uploads.report import Report

REPORT = Report(at_utc=datetime(2026, 11, 27, 9, 5, tzinfo=UTC), temperature=-20.6, humidity=100.0)
PACKET = re.compile(
    r"(?P<call>[A-Z0-9-]{3,9})>APRS,TCPIP\*:@\d{6}z\d{4}\.\d\d[NS]/\d{5}\.\d\d[EW]_"
    r"(\d{3}|\.{3})/(\d{3}|\.{3})g(\d{3}|\.{3})t([-\d]\d\d|\.{3})r(\d{3}|\.{3})p(\d{3}|\.{3})P(\d{3}|\.{3})"
    r"h(\d\d|\.\.)b(\d{5}|\.{5})EdgePi"
)


class Server:
    """Takes packets after a login; *verified* are passcodes that it knows, *mood* what it does instead."""

    def __init__(self) -> None:
        self.packets: list[str] = []
        self.logins: list[str] = []
        self.verified = {"N0CALL": "13023"}
        self.mood = ""
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mood == "hangs up":
            return
        if self.mood == "port full":
            writer.write(b"# Port full\r\n")
            return
        writer.write(b"# aprsc 2.1.19\r\n")
        if self.mood == "garbage":
            writer.write(b"x" * 5000 + b"\r\n")
        login = (await reader.readline()).decode()
        self.logins.append(login)
        found = re.fullmatch(r"user (\S+) pass (-?\d+) vers \S+ \S+\r\n", login)
        assert found is not None
        known = "verified" if self.verified.get(found[1]) == found[2] else "unverified"
        if self.mood == "invalid":
            writer.write(b"# invalid login\r\n")
            return
        writer.write(b"CW1>APRS,TCPIP*:>a packet of another\r\n")
        writer.write(f"# logresp {found[1]} {known}, server FULLHAM\r\n".encode())
        line = (await reader.readline()).decode()
        packet = PACKET.fullmatch(line.removesuffix("\r\n"))
        if packet is not None and packet["call"] == found[1]:
            self.packets.append(line)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    double = Server()
    listening = await asyncio.start_server(double.handle, "127.0.0.1", 0)
    double.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield double


def cwop(server: Server, station: str = "CW0003", passcode: int = -1) -> Cwop:
    config = CwopConfig(station=station, passcode=passcode, server=f"127.0.0.1:{server.port}")
    return Cwop(config, 48.5, 9.0, offset_s=0.0)


async def arrived(server: Server) -> list[str]:
    for _ in range(200):
        if server.packets:
            break
        await asyncio.sleep(0.005)
    return server.packets


async def test_a_report_is_taken_by_a_server_that_checks_it(server: Server) -> None:
    await cwop(server).send(REPORT)
    assert await arrived(server) == [
        "CW0003>APRS,TCPIP*:@270905z4830.00N/00900.00E_.../...g...t-05r...p...P...h00b.....EdgePi\r\n"
    ]
    assert server.logins == ["user CW0003 pass -1 vers EdgePi 1\r\n"]


async def test_a_call_sign_comes_with_its_passcode(server: Server) -> None:
    await cwop(server, "N0CALL", 13023).send(REPORT)
    assert len(await arrived(server)) == 1


async def test_a_wrong_passcode_is_said_and_nothing_is_sent(server: Server) -> None:
    with pytest.raises(StationRefusedError, match="N0CALL") as raised:
        await cwop(server, "N0CALL", 4711).send(REPORT)
    assert "4711" not in str(raised.value)
    assert server.packets == []


async def test_a_login_that_is_refused_is_told_from_a_server_that_is_down(server: Server) -> None:
    server.mood = "invalid"
    with pytest.raises(StationRefusedError):
        await cwop(server).send(REPORT)


@pytest.mark.parametrize("mood", ["hangs up", "port full", "garbage"])
async def test_a_server_that_cannot_now_is_asked_again_later(server: Server, mood: str) -> None:
    server.mood = mood
    with pytest.raises(UploadError) as raised:
        await cwop(server).send(REPORT)
    assert not isinstance(raised.value, StationRefusedError)


async def test_without_a_server_it_is_said(server: Server) -> None:
    double = Server()
    listening = await asyncio.start_server(double.handle, "127.0.0.1", 0)
    double.port = listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()
    with pytest.raises(UploadError, match="cannot be reached"):
        await cwop(double).send(REPORT)


async def test_a_silent_server_is_not_waited_for_for_ever(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepi_weather.uploads.cwop.TOTAL_S", 0.05)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        with pytest.raises(UploadError, match="did not answer"):
            await cwop(server).send(REPORT)
