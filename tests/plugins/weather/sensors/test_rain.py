from __future__ import annotations

import json
import logging

import pytest

from edgepi.errors import HardwareError
from edgepi_weather.config import RainConfig
from edgepi_weather.judging import limits_of
from edgepi_weather.sensors import RainSensor
from edgepi_weather.sensors.rain import FILE_NAME
from tests.plugins.weather.conftest import RAIN_PIN, FlakyHardware, Kit

TIP = 0.2794


async def minutes(kit: Kit, sensor: RainSensor, count: int, *, tips: int = 0) -> dict[str, float | None]:
    """Read once a minute, with so many tips in each."""
    read: dict[str, float | None] = {}
    for _ in range(count):
        await kit.clock.advance(60.0)
        kit.tip(tips)
        read = await kit.read(sensor)
    return read


async def test_tips_become_rate_hour_day_and_total(kit: Kit) -> None:
    kit.clock.step_wall(-14 * 3600.0)  # local midnight
    sensor = kit.rain()
    await kit.read(sensor)
    await minutes(kit, sensor, 55)
    read = await minutes(kit, sensor, 5, tips=2)
    assert read["rain_rate"] == pytest.approx(10 * TIP * 6, abs=0.01)
    assert read["rain_hour"] == read["rain_today"] == read["rain_total"] == pytest.approx(10 * TIP, abs=0.01)


async def test_a_day_that_began_before_the_node_is_unknown_not_dry(kit: Kit) -> None:
    sensor = kit.rain()
    await kit.read(sensor)
    read = await minutes(kit, sensor, 65)
    assert read == {"rain_rate": 0.0, "rain_hour": 0.0, "rain_today": None, "rain_total": 0.0}


async def test_before_anybody_counted_nothing_is_known_but_the_total(kit: Kit) -> None:
    assert await kit.read(kit.rain()) == {
        "rain_rate": None,
        "rain_hour": None,
        "rain_today": None,
        "rain_total": 0.0,
    }


async def test_the_total_survives_a_restart_and_the_time_between_is_a_gap(kit: Kit) -> None:
    station = kit.station()
    told: list[float | None] = []
    station.listeners.append(lambda values: told.append(values["rain"]))
    sensor = kit.rain(station)
    await kit.read(sensor)
    await minutes(kit, sensor, 61, tips=1)
    await kit.clock.advance(5.0)
    kit.tip(1)
    await sensor.stop()
    await kit.clock.advance(1200.0)
    again = kit.rain(station)
    read = await kit.read(again)
    assert read["rain_total"] == pytest.approx(62 * TIP, abs=0.01)
    assert read["rain_hour"] is None
    assert told[-1] is None
    read = await minutes(kit, again, 3)
    assert read["rain_rate"] == 0.0
    assert told[-1] == 0.0


async def test_listeners_hear_once_that_nobody_counted_before_a_start(kit: Kit) -> None:
    station = kit.station()
    told: list[float | None] = []
    station.listeners.append(lambda values: told.append(values["rain"]))
    sensor = kit.rain(station)
    await kit.run(sensor.start())
    await kit.clock.advance(0.001)
    await kit.read(sensor)
    assert told == [None, 0.0]


async def test_a_short_restart_keeps_the_hour(kit: Kit) -> None:
    sensor = kit.rain()
    await kit.read(sensor)
    await minutes(kit, sensor, 61, tips=1)
    await sensor.stop()
    await kit.clock.advance(60.0)
    read = await kit.read(kit.rain())
    assert read["rain_hour"] == pytest.approx(59 * TIP, abs=1.01 * TIP)


async def test_a_power_cut_forgets_no_more_than_the_last_minute(kit: Kit) -> None:
    sensor = kit.rain()
    await kit.read(sensor)
    await minutes(kit, sensor, 10, tips=1)
    read = await kit.read(kit.rain())
    assert read["rain_total"] == pytest.approx(10 * TIP, abs=0.01)


async def test_dry_weather_is_written_seldom(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgepi_weather.sensors import rain

    written: list[object] = []
    monkeypatch.setattr(rain, "atomic_write", lambda path, _: written.append(path))
    sensor = kit.rain()
    await kit.read(sensor)
    await minutes(kit, sensor, 60)
    assert 10 <= len(written) <= 13


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"total_mm": -1}', '{"total_mm": "3"}', "\x00\xff"])
async def test_a_broken_file_is_told_and_begun_anew(
    kit: Kit, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    station = kit.station()
    (station.context.state_dir / FILE_NAME).write_text(broken, encoding="latin-1")
    with caplog.at_level(logging.WARNING):
        read = await kit.read(kit.rain(station))
    assert read["rain_total"] == 0.0
    assert "cannot be read" in caplog.text
    assert json.loads((station.context.state_dir / FILE_NAME).read_text())["total_mm"] == 0.0


async def test_another_bucket_counts_by_its_own_size(kit: Kit) -> None:
    sensor = kit.rain(kit.station(rain=RainConfig(pin=RAIN_PIN, mm_per_tip=0.2)))
    await kit.read(sensor)
    assert (await minutes(kit, sensor, 5, tips=1))["rain_total"] == pytest.approx(1.0)


async def test_a_clock_that_is_not_trusted_leaves_the_day_unknown(kit: Kit) -> None:
    kit.clock.step_wall(-14 * 3600.0)
    kit.clock.trusted = False
    sensor = kit.rain()
    await kit.read(sensor)
    read = await minutes(kit, sensor, 10, tips=1)
    assert read["rain_today"] is None
    assert read["rain_total"] == pytest.approx(10 * TIP, abs=0.01)
    kit.clock.trusted = True
    assert (await minutes(kit, sensor, 1))["rain_today"] == pytest.approx(10 * TIP, abs=0.01)


async def test_a_counter_that_fails_is_told_and_its_time_is_a_gap(
    kit: Kit, fake_hardware: FlakyHardware
) -> None:
    station = kit.station()
    told: list[float | None] = []
    station.listeners.append(lambda values: told.append(values["rain"]))
    sensor = kit.rain(station)
    await kit.read(sensor)
    await minutes(kit, sensor, 3)
    fake_hardware.broken.add(RAIN_PIN)
    with pytest.raises(HardwareError, match="cannot be read"):
        await minutes(kit, sensor, 1)
    await sensor.stop()
    fake_hardware.broken.clear()
    await kit.clock.advance(60.0)
    await kit.read(sensor)
    assert told[-1] is None
    await minutes(kit, sensor, 1, tips=1)
    assert told[-1] == pytest.approx(TIP)


async def test_more_than_any_rain_is_told_and_left_out(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    sensor = kit.rain()
    await kit.read(sensor)
    with caplog.at_level(logging.WARNING):
        read = await minutes(kit, sensor, 2, tips=1000)
    assert read["rain_total"] == 0.0
    assert sum("more tips than any rain" in record.message for record in caplog.records) == 1


async def test_rain_that_is_not_believed_is_in_no_sum(kit: Kit) -> None:
    sensor = kit.rain(kit.station(quality=limits_of({"rain_rate": {"max": 100.0}})))
    await kit.read(sensor)
    await minutes(kit, sensor, 10, tips=1)
    read = await minutes(kit, sensor, 1, tips=100)
    assert read["rain_rate"] is None
    assert read["rain_total"] == pytest.approx(10 * TIP, abs=0.01)
    assert (await minutes(kit, sensor, 1, tips=1))["rain_total"] == pytest.approx(11 * TIP, abs=0.01)


async def test_a_full_disk_is_told_once_and_keeps_nobody_from_counting(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgepi_weather.sensors import rain

    def full(_path: object, _text: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rain, "atomic_write", full)
    sensor = kit.rain()
    await kit.read(sensor)
    read = await minutes(kit, sensor, 12, tips=1)
    await sensor.stop()
    assert read["rain_total"] == pytest.approx(12 * TIP, abs=0.01)
    assert sum("No space left" in record.message for record in caplog.records) == 1
