"""What the devices measure arrives in the records, whichever of them there are."""

from __future__ import annotations

from typing import Any

import pytest

from edgepi.errors import RequestError
from edgepi.plugin import PluginContext, Request, Sensor
from edgepi.sim.chips import Air
from edgepi_weather import plugin
from edgepi_weather.config import WeatherConfig
from edgepi_weather.recording import records_of
from edgepi_weather.records.records import SAVE_EACH_S
from tests.plugins.weather.conftest import Kit

TIMER = "weather records"


async def asked(context: PluginContext[WeatherConfig], **query: str) -> Any:
    (route,) = plugin.routes(context)
    assert (route.method, route.path, route.writes) == ("GET", "records", False)
    return (await route.handler(Request(path={}, query=query))).data


async def read_all(kit: Kit, sensors: list[Sensor]) -> None:
    for sensor in sensors:
        await kit.read(sensor)  # type: ignore[arg-type]  # each is a sensor


async def test_a_whole_station_records_what_it_measures_and_what_follows(kit: Kit) -> None:
    context = kit.context()
    sensors = list(plugin.sensors(context))
    await read_all(kit, sensors)
    kit.tip(3)
    await kit.blow(630.0, closures=12)
    await read_all(kit, sensors)
    await kit.run(kit.timers[TIMER].fire())
    (day,) = (await asked(context))["days"]
    values = day["values"]
    assert values["temperature"]["max"] == pytest.approx(21.5, abs=0.05)
    assert values["dew_point"]["min"] == pytest.approx(8.4, abs=0.2)
    assert values["wind_gust"]["max"] == pytest.approx(12 / 3 * 2.4 / 3.6, abs=0.1)
    assert values["rain"]["sum"] == pytest.approx(3 * 0.2794, abs=0.001)
    assert {"pressure", "pressure_sea_level", "humidity", "wind_speed", "rain_rate"} <= set(values)


async def test_an_anemometer_alone_is_recorded_too(kit: Kit) -> None:
    context = kit.context(air="none", vane=None, rain=None)
    (sensor,) = plugin.sensors(context)
    await read_all(kit, [sensor])
    await kit.blow(630.0, closures=6)
    await read_all(kit, [sensor])
    await kit.run(kit.timers[TIMER].fire())
    (day,) = (await asked(context))["days"]
    assert set(day["values"]) == {"wind_speed", "wind_gust"}


async def test_the_end_of_a_device_writes_what_is_not_written_and_the_timer_rests(kit: Kit) -> None:
    context = kit.context(wind=None, vane=None)
    sensors = list(plugin.sensors(context))
    await read_all(kit, sensors)
    timer = kit.timers[TIMER]
    assert timer.seconds == SAVE_EACH_S
    for sensor in sensors:
        await kit.run(sensor.stop())
    assert timer.cancelled
    (tally,) = [
        tally
        for (_, key), tally in (await context.run_blocking(records_of(context).store.read)).items()
        if key == "temperature"
    ]
    assert tally.count == 1


async def test_rain_that_fell_between_the_last_reading_and_the_end_is_recorded(kit: Kit) -> None:
    context = kit.context(wind=None, vane=None, air="none")
    (sensor,) = plugin.sensors(context)
    await read_all(kit, [sensor])
    await kit.clock.advance(60.0)
    kit.tip(2)
    await kit.run(sensor.stop())
    assert (await asked(context))["total"]["rain"]["sum"] == pytest.approx(2 * 0.2794, abs=0.001)


async def test_a_doubtful_reading_is_no_record(kit: Kit) -> None:
    context = kit.context(wind=None, vane=None, rain=None)
    (sensor,) = plugin.sensors(context)
    for temperature_c in (21.5, 60.0, 21.6):
        kit.bme280.air = Air(temperature_c, 987.6, 43.0)
        await read_all(kit, [sensor])
        await kit.clock.advance(60.0)
    await kit.run(sensor.stop())
    temperature = (await asked(context))["total"]["temperature"]
    assert temperature["max"] == pytest.approx(21.6, abs=0.05)
    assert temperature["count"] == 2


async def test_a_month_that_is_none_is_refused(kit: Kit) -> None:
    with pytest.raises(RequestError, match="not a month"):
        await asked(kit.context(), month="2026-13")
    assert await asked(kit.context(), month="2019-01") | {"quantities": {}} == {
        "month": "2019-01",
        "months": [],
        "quantities": {},
        "days": [],
        "total": {},
        "all_time": {},
    }
