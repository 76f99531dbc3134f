from __future__ import annotations

import logging

import pytest

from edgepi.errors import DeviceNotFoundError, EdgePiError, HardwareError
from edgepi.sim.chips import BME280, BMP280, Air, Calibration
from edgepi.sim.chips.compensation import RawSample
from edgepi.testing.faults import bus_garbage, bus_silent, bus_stuck
from tests.plugins.weather.conftest import Kit

OTHER = Calibration(
    t=(27504, 26435, -1000),
    p=(36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    h=(75, 362, 0, 327, 50, 30),
)


async def test_what_is_read_is_what_surrounds_the_sensor_and_what_follows(kit: Kit) -> None:
    read = await kit.read(kit.air())
    assert read["temperature"] == pytest.approx(21.5, abs=0.02)
    assert read["humidity"] == pytest.approx(43.0, abs=0.05)
    assert read["pressure"] == pytest.approx(987.6, abs=0.05)
    assert read["dew_point"] == pytest.approx(8.4, abs=0.1)
    assert read["heat_index"] == pytest.approx(21.1, abs=0.2)
    assert read["pressure_sea_level"] == pytest.approx(1048.8, abs=1.0)  # 520 m


async def test_the_owner_may_state_another_height(kit: Kit) -> None:
    read = await kit.read(kit.air(kit.station(elevation=0.0)))
    assert read["pressure_sea_level"] == read["pressure"]


async def test_wind_makes_it_feel_colder_once_it_is_known(kit: Kit) -> None:
    kit.bme280.air = Air(2.0, 990.0, 60.0)
    station = kit.station()
    wind, air = kit.wind(station), kit.air(station)
    before = await kit.read(air)
    assert (before["wind_chill"], before["apparent_temperature"]) == (None, None)
    await wind.start()
    await kit.blow(180.0, closures=30)
    await kit.read(wind)
    after = await kit.read(air)
    assert after["wind_chill"] == pytest.approx(-3.1, abs=0.3)
    assert after["apparent_temperature"] < 0.0
    await wind.stop()
    assert (await kit.read(air))["wind_chill"] is None


async def test_wind_of_long_ago_is_no_wind(kit: Kit) -> None:
    kit.bme280.air = Air(2.0, 990.0, 60.0)
    station = kit.station()
    wind, air = kit.wind(station), kit.air(station)
    await wind.start()
    await kit.blow(180.0, closures=30)
    await kit.read(wind)
    await kit.clock.advance(361.0)
    assert (await kit.read(air))["wind_chill"] is None


async def test_three_hours_of_pressure_make_a_tendency_and_an_outlook(kit: Kit) -> None:
    sensor = kit.air()
    for minute in range(0, 180, 10):
        kit.bme280.air = Air(15.0, 955.0 - minute / 60.0, 60.0)
        read = await kit.read(sensor)
        assert (read["pressure_tendency"], read["pressure_trend"], read["outlook"]) == (None, None, None)
        await kit.clock.advance(600.0)
    kit.bme280.air = Air(15.0, 952.0, 60.0)
    read = await kit.read(sensor)
    assert read["pressure_tendency"] == pytest.approx(-3.0, abs=0.1)
    assert read["pressure_trend"] == "falling"
    assert isinstance(read["outlook"], str)


async def test_a_bmp280_leaves_humidity_unknown_and_says_so_once(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    kit.bus.attach(0x76, BMP280(Air(21.5, 987.6, 43.0)))
    sensor = kit.air()
    with caplog.at_level(logging.WARNING):
        read = await kit.read(sensor)
        await kit.read(sensor)
    assert read["temperature"] == pytest.approx(21.5, abs=0.02)
    assert (read["humidity"], read["dew_point"], read["heat_index"]) == (None, None, None)
    assert read["pressure_sea_level"] is not None
    (record,) = caplog.records
    assert "is a BMP280, which measures no humidity" in record.message


async def test_a_bmp280_that_was_asked_for_is_nothing_to_talk_about(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    kit.bus.attach(0x76, BMP280(Air(21.5, 987.6, 43.0)))
    with caplog.at_level(logging.WARNING):
        read = await kit.read(kit.air(kit.station(air="bmp280")))
    assert "humidity" not in read
    assert caplog.records == []


@pytest.mark.parametrize("stopped_between", [False, True])
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (BME280(Air(22.0, 987.6, 43.0), calibration=OTHER), "a BME280 before, another BME280 now"),
        (BMP280(Air(22.0, 987.6, 43.0), calibration=OTHER), "a BME280 before, a BMP280 now"),
    ],
)
async def test_a_sensor_that_was_swapped_is_told_in_one_line_and_used(
    kit: Kit, caplog: pytest.LogCaptureFixture, other: BME280, said: str, stopped_between: bool
) -> None:
    sensor = kit.air()
    await kit.read(sensor)
    if stopped_between:
        with bus_silent(kit.bus), pytest.raises(HardwareError):
            await kit.read(sensor)
        await sensor.stop()
    kit.bus.attach(0x76, other)
    with caplog.at_level(logging.WARNING):
        read = await kit.read(sensor)
        await kit.read(sensor)
    assert read["temperature"] == pytest.approx(22.0, abs=0.02)
    assert [said in record.message for record in caplog.records if "swapped" in record.message] == [True]


async def test_the_same_sensor_after_a_loss_of_power_is_no_other(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = kit.air()
    await kit.read(sensor)
    kit.bus.attach(0x76, BME280(Air(22.0, 987.6, 43.0)))
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert (await kit.read(sensor))["temperature"] == pytest.approx(22.0, abs=0.02)
    assert caplog.records == []


async def test_a_bme280_that_must_be_one_is_not_replaced_by_a_bmp280(kit: Kit) -> None:
    sensor = kit.air(kit.station(air="bme280"))
    await kit.read(sensor)
    kit.bus.attach(0x76, BMP280())
    with pytest.raises(DeviceNotFoundError, match="is a BMP280, not a BME280"):
        await kit.read(sensor)


async def test_a_silent_and_a_stuck_bus_are_told_and_end(kit: Kit) -> None:
    sensor = kit.air()
    await kit.read(sensor)
    with bus_silent(kit.bus), pytest.raises(EdgePiError, match="no answer"):
        await kit.read(sensor)
    with bus_stuck(kit.bus), pytest.raises(EdgePiError, match="the bus is stuck"):
        await kit.read(sensor)
    with bus_garbage(kit.bus), pytest.raises(EdgePiError):
        await kit.read(sensor)
    assert (await kit.read(sensor))["temperature"] == pytest.approx(21.5, abs=0.02)


async def test_absurd_values_are_told_and_end(kit: Kit) -> None:
    sensor = kit.air()
    kit.bme280.forced_raw = RawSample(1, 1, 1)
    with pytest.raises(HardwareError, match="answers nonsense"):
        await kit.read(sensor)
    kit.bme280.forced_raw = None
    assert (await kit.read(sensor))["temperature"] == pytest.approx(21.5, abs=0.02)


async def test_a_jump_is_not_believed_until_it_lasts(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    sensor = kit.air()
    await kit.read(sensor)
    await kit.clock.advance(60.0)
    kit.bme280.air = Air(51.0, 987.6, 43.0)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        read = await kit.read(sensor)
        assert (read["temperature"], read["dew_point"]) == (None, None)
        assert read["pressure"] == pytest.approx(987.6, abs=0.05)
        await kit.clock.advance(60.0)
        assert (await kit.read(sensor))["temperature"] == pytest.approx(51.0, abs=0.02)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_two_sensors_are_two_instances_at_two_addresses(kit: Kit) -> None:
    kit.bus.attach(0x77, BMP280(Air(19.0, 988.0, 40.0)))
    roof = kit.air(kit.station(address=0x76))
    indoors = kit.air(kit.station(address=0x77, air="bmp280"))
    assert (await kit.read(roof))["temperature"] == pytest.approx(21.5, abs=0.02)
    assert (await kit.read(indoors))["temperature"] == pytest.approx(19.0, abs=0.02)


async def test_of_two_sensors_the_one_that_was_taken_stays_whatever_happens_to_it(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    kit.bus.attach(0x77, BME280(Air(5.0, 950.0, 80.0)))
    sensor = kit.air()
    with caplog.at_level(logging.WARNING):
        assert (await kit.read(sensor))["temperature"] == pytest.approx(21.5, abs=0.02)
    assert "two sensors answer, at 0x76 and 0x77; that at 0x76 is used: say which by `address`" in caplog.text
    kit.bus.faults.silent.add(0x76)
    for _ in range(2):
        with pytest.raises(HardwareError):
            await kit.read(sensor)
    kit.bus.faults.silent.clear()
    assert (await kit.read(sensor))["temperature"] == pytest.approx(21.5, abs=0.02)
    assert caplog.text.count("two sensors") == 1


async def test_a_sensor_that_was_swapped_for_one_at_the_other_address_is_used(kit: Kit) -> None:
    sensor = kit.air()
    await kit.read(sensor)
    kit.bus.faults.silent.add(0x76)
    kit.bus.attach(0x77, BME280(Air(22.0, 987.6, 43.0), calibration=OTHER))
    with pytest.raises(HardwareError):
        await kit.read(sensor)
    assert (await kit.read(sensor))["temperature"] == pytest.approx(22.0, abs=0.02)


async def test_a_measurement_that_never_ends_is_told(kit: Kit) -> None:
    class Sleepy(BME280):
        def step(self, dt_s: float) -> None:
            """Never finish a conversion."""

    kit.bus.attach(0x76, Sleepy())
    with pytest.raises(HardwareError, match="never finishes"):
        await kit.read(kit.air())
