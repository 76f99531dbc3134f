from __future__ import annotations

import logging

import pytest

from edgepi.errors import HardwareError
from tests.plugins.weather.conftest import WIND_PIN, FlakyHardware, Kit

KIT_M_S = 2.4 / 3.6


async def test_wind_is_the_mean_of_ten_minutes_and_a_gust_of_three_seconds(kit: Kit) -> None:
    sensor = kit.wind()
    await sensor.start()
    await kit.blow(300.0, closures=9)
    await kit.blow(3.0, closures=30)
    await kit.blow(297.0, closures=9)
    read = await kit.read(sensor)
    assert read["wind_speed"] == pytest.approx(3.0 * KIT_M_S, rel=0.02)
    assert read["wind_gust"] == pytest.approx(10.0 * KIT_M_S, abs=0.01)


async def test_a_gust_that_lies_in_two_looks_is_seen_whole(kit: Kit) -> None:
    sensor = kit.wind()
    await sensor.start()
    await kit.blow(180.0, closures=9)
    kit.hardware.counters[WIND_PIN].most_closures = 30
    await kit.blow(3.0, closures=15)
    kit.hardware.counters[WIND_PIN].most_closures = None
    await kit.blow(3.0, closures=15)
    assert (await kit.read(sensor))["wind_gust"] == pytest.approx(10.0 * KIT_M_S, abs=0.01)


async def test_records_get_each_gust_once_so_that_none_of_before_midnight_counts_after_it(kit: Kit) -> None:
    station = kit.station()
    told: list[float | None] = []
    station.listeners.append(lambda values: told.append(values["wind_gust"]))
    sensor = kit.wind(station)
    await sensor.start()
    await kit.blow(297.0, closures=9)
    await kit.blow(3.0, closures=30)
    gust = pytest.approx(10.0 * KIT_M_S, abs=0.01)
    assert (await kit.read(sensor))["wind_gust"] == gust
    await kit.blow(60.0, closures=9)
    assert (await kit.read(sensor))["wind_gust"] == gust
    assert told == [gust, pytest.approx(3.0 * KIT_M_S, abs=0.01)]


async def test_a_calm_is_told_only_once_it_was_counted(kit: Kit) -> None:
    sensor = kit.wind()
    assert await kit.read(sensor) == {"wind_speed": None, "wind_gust": None}
    await kit.blow(120.0)
    assert await kit.read(sensor) == {"wind_speed": 0.0, "wind_gust": 0.0}


async def test_time_in_which_the_sensor_was_stopped_is_no_calm(kit: Kit) -> None:
    sensor = kit.wind()
    await sensor.start()
    await kit.blow(180.0, closures=9)
    await sensor.stop()
    assert kit.hardware.counters[WIND_PIN].closed
    await kit.clock.advance(300.0)
    await sensor.start()
    await kit.blow(60.0, closures=9)
    assert (await kit.read(sensor))["wind_speed"] == pytest.approx(3.0 * KIT_M_S, rel=0.02)


async def test_one_timer_looks_while_the_sensor_runs_and_none_after(kit: Kit) -> None:
    station = kit.station()
    wind, vane = kit.wind(station), kit.vane(station)
    await wind.start()
    await vane.start()
    (timer,) = kit.timers.all
    assert timer.seconds == 3.0
    await wind.stop()
    assert not timer.cancelled
    await vane.stop()
    assert timer.cancelled


async def test_a_failed_look_at_the_counter_is_no_calm_and_told_by_the_reading(
    kit: Kit, fake_hardware: FlakyHardware
) -> None:
    sensor = kit.wind()
    await sensor.start()
    await kit.blow(180.0, closures=9)
    fake_hardware.broken.add(WIND_PIN)
    await kit.blow(120.0)
    with pytest.raises(HardwareError, match="cannot be read"):
        await kit.read(sensor)
    fake_hardware.broken.clear()
    await kit.blow(60.0, closures=9)
    assert (await kit.read(sensor))["wind_speed"] == pytest.approx(3.0 * KIT_M_S, rel=0.02)


async def test_a_pin_that_is_taken_is_told_and_used_once_it_is_free(
    kit: Kit, fake_hardware: FlakyHardware
) -> None:
    fake_hardware.taken.add(WIND_PIN)
    sensor = kit.wind()
    with pytest.raises(HardwareError, match=r"GPIO5 cannot be used.*gpioinfo"):
        await kit.read(sensor)
    await sensor.stop()
    fake_hardware.taken.clear()
    await kit.run(sensor.start())
    await kit.blow(120.0, closures=3)
    assert (await kit.read(sensor))["wind_speed"] == pytest.approx(KIT_M_S, rel=0.02)


async def test_more_than_any_wind_is_told_once_and_left_out(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = kit.wind()
    await sensor.start()
    await kit.blow(180.0, closures=9)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await kit.blow(3.0, closures=9000)
            await kit.blow(3.0, closures=9)
            await kit.read(sensor)
    assert (await kit.read(sensor))["wind_gust"] == pytest.approx(3.0 * KIT_M_S, rel=0.02)
    assert sum("GPIO5 counted more" in record.message for record in caplog.records) == 1
