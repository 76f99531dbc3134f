"""From the devices of a station to the networks, by way of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edgepi.plugin import PluginContext
from edgepi.testing.clock import START
from edgepi_weather import plugin
from edgepi_weather.config import WeatherConfig
from edgepi_weather.station import station_of
from edgepi_weather.uploads.config import CwopConfig, UploadsConfig, WundergroundConfig
from edgepi_weather.uploads.duty import UploadsDuty
from edgepi_weather.uploads.reporting import uploads_of_station
from tests.plugins.weather.conftest import Kit

QUEUEING, SENDING = "weather reports", "uploads"


class Network:
    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return web.Response(status=self.status, text="success")


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    double = Network()
    app = web.Application()
    app.router.add_get("/", double.handle)
    async with TestServer(app, host="127.0.0.1") as listening:
        double.url = str(listening.make_url("/"))
        yield double


@pytest.fixture
async def context(
    kit: Kit, network: Network, plugin_context: Any
) -> AsyncIterator[PluginContext[WeatherConfig]]:
    uploads = UploadsConfig(wunderground=WundergroundConfig(station="ITEST1", key="secret", url=network.url))
    made = kit.context(uploads=uploads)
    async with ClientSession() as session:

        async def client() -> ClientSession:
            return session

        object.__setattr__(made, "http_client", client)
        yield made


async def read(kit: Kit, sensors: list[Any]) -> None:
    for sensor in sensors:
        await kit.read(sensor)


async def measure(kit: Kit, context: PluginContext[WeatherConfig]) -> list[Any]:
    sensors = list(plugin.sensors(context))
    await kit.run(sensors[-1].start())
    await read(kit, sensors)
    return sensors


async def status(context: PluginContext[WeatherConfig]) -> dict[str, Any]:
    sensor = list(plugin.sensors(context))[-1]
    assert [each.key for each in sensor.describe()] == ["uploads_waiting", "uploads_sent", "uploads_trouble"]
    return {each.key: each.value for each in await sensor.read()}


async def test_what_the_station_measures_arrives(
    kit: Kit, network: Network, context: PluginContext[WeatherConfig]
) -> None:
    sensors = await measure(kit, context)
    kit.tip(3)
    await kit.blow(630.0, closures=12)
    await read(kit, sensors)
    (duty,) = plugin.duties(context)
    await duty.apply("on")
    await kit.run(kit.timers[QUEUEING].fire())
    assert (await status(context))["uploads_waiting"] == 1
    await kit.run(kit.timers[SENDING].fire())
    (asked,) = network.asked
    assert asked["tempf"] == "70.7"
    assert asked["humidity"] == "43"
    assert float(asked["windgustmph"]) == pytest.approx(12 / 3 * 2.4 / 1.609344, abs=0.1)
    assert asked["winddir"] == "270"
    assert "rainin" not in asked  # nobody has counted for an hour yet
    assert await status(context) == {
        "uploads_waiting": 0,
        "uploads_sent": kit.clock.now().replace(microsecond=0),
        "uploads_trouble": "none",
    }


async def test_sums_of_rain_are_sent_as_far_as_they_are_known(
    kit: Kit, network: Network, context: PluginContext[WeatherConfig]
) -> None:
    uploads = uploads_of_station(context)
    station_of(context).tell({"rain_hour": 2.54, "rain_today": None})
    uploads.send(True)
    await kit.run(kit.timers[QUEUEING].fire())
    await kit.run(kit.timers[SENDING].fire())
    assert network.asked[0]["rainin"] == "0.100"
    assert "dailyrainin" not in network.asked[0]


async def test_what_fell_yesterday_is_not_sent_as_the_rain_of_today(
    kit: Kit, network: Network, context: PluginContext[WeatherConfig]
) -> None:
    kit.clock.step_wall(10 * 3600.0 - 10.0)  # ten seconds before local midnight
    uploads, station = uploads_of_station(context), station_of(context)
    await station.prepare()
    station.tell({"rain_hour": 2.54, "rain_today": 2.54})
    uploads.send(True)
    await kit.clock.advance(20.0)
    await kit.run(kit.timers[QUEUEING].fire())
    await kit.run(kit.timers[SENDING].fire())
    assert network.asked[0]["rainin"] == "0.100"
    assert "dailyrainin" not in network.asked[0]


async def test_one_report_is_made_each_interval_however_often_it_is_looked(
    kit: Kit, context: PluginContext[WeatherConfig]
) -> None:
    sensors = await measure(kit, context)
    for _ in range(40):
        await kit.run(kit.timers[QUEUEING].fire())
        await kit.clock.advance(30.0)
        await kit.read(sensors[-2])
    assert (await status(context))["uploads_waiting"] in {4, 5}


async def test_a_restart_in_the_same_interval_makes_no_second_report(
    kit: Kit, context: PluginContext[WeatherConfig]
) -> None:
    await measure(kit, context)
    await kit.run(kit.timers[QUEUEING].fire())
    again = kit.context(uploads=context.config.uploads)
    await measure(kit, again)
    await kit.run(kit.timers[QUEUEING].fire())
    assert (await status(again))["uploads_waiting"] == 1


async def test_nothing_is_queued_before_the_clock_is_right(
    kit: Kit, context: PluginContext[WeatherConfig]
) -> None:
    kit.clock.trusted = False
    await measure(kit, context)
    await kit.run(kit.timers[QUEUEING].fire())
    assert (await status(context))["uploads_waiting"] == 0


async def test_nothing_is_reported_that_is_old(kit: Kit, context: PluginContext[WeatherConfig]) -> None:
    await measure(kit, context)
    await kit.clock.advance(3600.0)
    await kit.run(kit.timers[QUEUEING].fire())
    assert (await status(context))["uploads_waiting"] == 0


async def test_while_energy_is_saved_reports_wait_and_go_out_later(
    kit: Kit, network: Network, context: PluginContext[WeatherConfig]
) -> None:
    (duty,) = plugin.duties(context)
    await duty.apply("on")
    await duty.apply("off")
    assert kit.timers[SENDING].cancelled
    await measure(kit, context)
    await kit.run(kit.timers[QUEUEING].fire())
    assert network.asked == []
    await kit.clock.advance(7200.0)
    await duty.apply("on")
    await kit.run(kit.timers[SENDING].fire())
    (asked,) = network.asked
    assert asked["dateutc"] == f"{START + timedelta(seconds=1):%Y-%m-%d %H:%M}" + asked["dateutc"][-3:]


async def test_trouble_is_told(kit: Kit, network: Network, context: PluginContext[WeatherConfig]) -> None:
    network.status = 401
    await measure(kit, context)
    await kit.run(kit.timers[QUEUEING].fire())
    uploads_of_station(context).send(True)
    await kit.run(kit.timers[SENDING].fire())
    found = await status(context)
    assert found["uploads_waiting"] == 1
    assert found["uploads_trouble"].startswith("Weather Underground: it does not know this station and key")
    assert "secret" not in found["uploads_trouble"]


async def test_a_damaged_queue_is_begun_anew(
    kit: Kit, context: PluginContext[WeatherConfig], caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread((context.state_dir / "uploads.db").write_bytes, b"nonsense" * 4000)
    await measure(kit, context)
    await kit.run(kit.timers[QUEUEING].fire())
    assert (await status(context))["uploads_waiting"] == 1
    assert "damaged" in caplog.text


def test_a_station_that_sends_nowhere_has_no_duty_and_no_entities(kit: Kit) -> None:
    context = kit.context()
    assert list(plugin.duties(context)) == []
    keys = [each.key for sensor in plugin.sensors(context) for each in sensor.describe()]
    assert not any(key.startswith("uploads") for key in keys)


def test_power_is_what_the_reports_take(kit: Kit) -> None:
    uploads = UploadsConfig(
        wunderground=WundergroundConfig(station="ITEST1", key="secret"), cwop=CwopConfig(station="CW0003")
    )
    duty = UploadsDuty(uploads_of_station(kit.context(uploads=uploads)))
    assert [level.name for level in duty.levels()] == ["off", "on"]
    assert duty.levels()[1].power_w == pytest.approx(3.0 / 300.0 + 3.0 / 600.0)
