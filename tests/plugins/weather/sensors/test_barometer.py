"""The trend of pressure over restarts."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from edgepi.sim.chips import BME280, Air
from edgepi_weather.sensors import AirSensor
from edgepi_weather.sensors.barometer import FILE_NAME
from tests.plugins.weather.conftest import Kit
from tests.plugins.weather.sensors.test_air import OTHER


async def fallen(kit: Kit, sensor: AirSensor, *, hours: float = 3.0) -> dict[str, Any]:
    """Read every ten minutes while the pressure falls by a hPa an hour."""
    read: dict[str, Any] = {}
    for step in range(round(hours * 6) + 1):
        kit.bme280.air = Air(15.0, 987.0 - step / 6.0, 60.0)
        read = await kit.read(sensor)
        await kit.clock.advance(600.0)
    return read


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_restart_does_not_forget_the_trend(kit: Kit, stopped: bool) -> None:
    sensor = kit.air()
    assert (await fallen(kit, sensor))["pressure_tendency"] is not None
    if stopped:
        await kit.run(sensor.stop())
    again = kit.air()
    read = await kit.read(again)
    assert read["pressure_tendency"] == pytest.approx(-3.0, abs=0.2)
    assert isinstance(read["outlook"], str)


async def test_it_waits_until_the_clock_can_be_trusted(kit: Kit) -> None:
    await fallen(kit, kit.air())
    kit.clock.trusted = False
    again = kit.air()
    assert (await kit.read(again))["pressure_tendency"] is None
    await kit.clock.advance(60.0)
    kit.clock.trusted = True
    assert (await kit.read(again))["pressure_tendency"] == pytest.approx(-3.0, abs=0.2)


async def test_before_the_clock_can_be_trusted_nothing_is_written(kit: Kit) -> None:
    kit.clock.trusted = False
    station = kit.station()
    sensor = kit.air(station)
    await fallen(kit, sensor, hours=1)
    await kit.run(sensor.stop())
    assert not (station.context.state_dir / FILE_NAME).exists()


async def test_a_node_that_slept_for_hours_has_no_trend_of_the_night(kit: Kit) -> None:
    await fallen(kit, kit.air())
    await kit.clock.advance(8 * 3600.0)
    assert (await kit.read(kit.air()))["pressure_tendency"] is None


async def test_the_trend_of_another_chip_is_not_gone_on_with(kit: Kit) -> None:
    await fallen(kit, kit.air())
    kit.bus.attach(0x76, BME280(kit.bme280.air, calibration=OTHER))
    assert (await kit.read(kit.air()))["pressure_tendency"] is None


async def test_a_start_that_failed_forgets_nothing(kit: Kit) -> None:
    await fallen(kit, kit.air())
    again = kit.air()
    kit.bus.faults.silent.add(0x76)
    with pytest.raises(OSError, match="0x76"):
        await kit.read(again)
    await kit.run(again.stop())
    kit.bus.faults.silent.clear()
    assert (await kit.read(again))["pressure_tendency"] is not None


@pytest.mark.parametrize(
    "broken", ["", "[]", "{}", '{"chip": [], "saved": "x", "seen": []}', '{"chip": 1, "saved": 1, "seen": 2}']
)
async def test_a_broken_file_is_told_and_begun_anew(
    kit: Kit, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    station = kit.station()
    (station.context.state_dir / FILE_NAME).write_text(broken)
    with caplog.at_level(logging.WARNING):
        await kit.read(kit.air(station))
    assert "its trend begins anew" in caplog.text


async def test_a_full_disk_is_told_once_and_keeps_nobody_from_measuring(
    kit: Kit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgepi_weather.sensors import barometer

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(barometer, "atomic_write", full)
    with caplog.at_level(logging.WARNING):
        assert (await fallen(kit, kit.air()))["pressure_tendency"] is not None
    assert caplog.text.count("No space left") == 1


async def test_a_sensor_that_cannot_be_found_again_wears_no_memory_card(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgepi_weather.sensors import barometer

    written: list[str] = []
    monkeypatch.setattr(barometer, "atomic_write", lambda _, text: written.append(text))
    sensor = kit.air()
    await kit.read(sensor)
    await kit.clock.advance(60.0)
    await kit.read(sensor)
    for _ in range(10):
        await kit.run(sensor.stop())
        await kit.clock.advance(60.0)
    assert len(written) == 2


async def test_it_is_written_seldom(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgepi_weather.sensors import barometer

    written: list[str] = []
    monkeypatch.setattr(barometer, "atomic_write", lambda _, text: written.append(text))
    sensor = kit.air()
    for _ in range(300):
        await kit.read(sensor)
        await kit.clock.advance(60.0)
    assert 25 <= len(written) <= 30
    assert len(written[-1]) < 1500
