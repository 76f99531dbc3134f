"""Against a server that answers like Weather Underground."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edgepi.errors import UploadError
from edgepi_weather.uploads import StationRefusedError, WrongReportError
from edgepi_weather.uploads.config import WundergroundConfig
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.wunderground import Wunderground, parameters

PATH = "/weatherstation/updateweatherstation.php"
KEY = "s3cr3t&key"
AT = datetime(2026, 11, 27, 9, 5, 59, tzinfo=UTC)


class Double:
    """Knows one station; *status* and *body* are what it answers instead."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.status: int | None = None
        self.body = ""
        self.headers: dict[str, str] = {}
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        if self.status is not None:
            return web.Response(status=self.status, text=self.body, headers=self.headers)
        if (query.get("ID"), query.get("PASSWORD")) != ("KCASANFR5", KEY):
            return web.Response(status=401, text="unauthorized")
        return web.Response(text="success\n")


@pytest.fixture
async def server() -> AsyncIterator[Double]:
    double = Double()
    app = web.Application()
    app.router.add_get(PATH, double.handle)
    async with TestServer(app, host="127.0.0.1") as listening:
        double.url = str(listening.make_url(PATH))
        yield double


async def send(server: Double, report: Report, *, key: str = KEY) -> None:
    config = WundergroundConfig(station="KCASANFR5", key=key, url=server.url)
    async with ClientSession() as session:

        async def client() -> ClientSession:
            return session

        await Wunderground(config, client, offset_s=0.0).send(report)


def test_units_are_those_of_the_protocol() -> None:
    report = Report(
        at_utc=AT,
        temperature=20.0,
        humidity=50.4,
        dew_point=9.27,
        altimeter=1013.25,
        wind_speed=4.4704,
        wind_gust=8.9408,
        wind_direction=224.6,
        rain_hour=2.54,
        rain_today=25.4,
    )
    assert parameters(report) == {
        "dateutc": "2026-11-27 09:05:59",
        "action": "updateraw",
        "softwaretype": "EdgePi",
        "tempf": "68.0",
        "humidity": "50",
        "dewptf": "48.7",
        "baromin": "29.921",
        "windspeedmph": "10.0",
        "windgustmph": "20.0",
        "winddir": "225",
        "rainin": "0.100",
        "dailyrainin": "1.000",
    }


def test_what_is_not_known_is_left_out() -> None:
    assert set(parameters(Report(at_utc=AT, temperature=-40.0))) == {
        "dateutc",
        "action",
        "softwaretype",
        "tempf",
    }


async def test_a_report_is_taken(server: Double) -> None:
    await send(server, Report(at_utc=AT, temperature=20.0))
    (asked,) = server.asked
    assert asked == {
        "ID": "KCASANFR5",
        "PASSWORD": KEY,
        "dateutc": "2026-11-27 09:05:59",
        "action": "updateraw",
        "tempf": "68.0",
        "softwaretype": "EdgePi",
    }


async def test_a_wrong_key_is_a_refusal(server: Double) -> None:
    with pytest.raises(StationRefusedError, match="station and key"):
        await send(server, Report(at_utc=AT), key="wrong")


async def test_the_older_way_to_refuse_is_known_too(server: Double) -> None:
    server.status, server.body = 200, "INVALIDPASSWORDID|Password or key and/or id are incorrect\n"
    with pytest.raises(StationRefusedError):
        await send(server, Report(at_utc=AT))


async def test_a_report_that_is_not_understood_is_told_from_a_server_that_is_down(server: Double) -> None:
    server.status, server.body = 400, "bad request"
    with pytest.raises(WrongReportError):
        await send(server, Report(at_utc=AT))


@pytest.mark.parametrize(
    ("status", "body"), [(503, "down"), (429, ""), (200, "<html>log in to the hotel: password"), (302, "")]
)
async def test_whatever_else_it_answers_the_report_stays(server: Double, status: int, body: str) -> None:
    server.status, server.body = status, body
    server.headers = {"Location": "/elsewhere", "Retry-After": "120"}
    with pytest.raises(UploadError) as raised:
        await send(server, Report(at_utc=AT))
    assert not isinstance(raised.value, StationRefusedError | WrongReportError)
    assert raised.value.retry_after_s == (120.0 if status in {429, 503} else None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/x", "http://a..b/", "http://[bad/x", "http:///x"])
async def test_an_address_that_cannot_be_is_told(url: str) -> None:
    config = WundergroundConfig(station="KCASANFR5", key=KEY, url=url)
    async with ClientSession() as session:

        async def client() -> ClientSession:
            return session

        with pytest.raises(UploadError) as raised:
            await Wunderground(config, client, 0.0).send(Report(at_utc=AT))
    assert raised.value.hint == "look at `url`"
    assert KEY not in str(raised.value)


async def test_a_server_that_cannot_be_reached_is_named() -> None:
    config = WundergroundConfig(station="KCASANFR5", key=KEY, url="http://127.0.0.1:1/x")
    async with ClientSession() as session:

        async def client() -> ClientSession:
            return session

        with pytest.raises(UploadError, match=r"^127\.0\.0\.1 cannot be reached: .*Connect call failed"):
            await Wunderground(config, client, 0.0).send(Report(at_utc=AT))


async def test_the_key_stands_in_no_error_and_no_log(
    server: Double, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = WundergroundConfig(station="KCASANFR5", key=KEY, url="http://127.0.0.1:1/x")
    async with ClientSession() as session:

        async def client() -> ClientSession:
            return session

        with pytest.raises(UploadError) as raised:
            await Wunderground(config, client, offset_s=0.0).send(Report(at_utc=AT))
    assert "s3cr3t" not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.hint}"
    server.status, server.body = 500, f"no such key {KEY}"
    with pytest.raises(UploadError) as raised:
        await send(server, Report(at_utc=AT))
    assert "s3cr3t" not in str(raised.value)
    own = [
        record for record in caplog.records if record.name != "aiohttp.access"
    ]  # the server's is another's
    assert not any("s3cr3t" in record.getMessage() for record in own)
