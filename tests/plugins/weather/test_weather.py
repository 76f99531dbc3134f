from __future__ import annotations

import sys
import time
import types
import warnings
from collections.abc import Callable

import pytest

from edgepi.errors import DeviceNotFoundError, HardwareError, RequirementMissingError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import BME280, BMP280_ID, Air, Calibration
from edgepi.sim.chips.compensation import RawSample
from edgepi.testing.conformance import SensorConformance
from edgepi.testing.faults import bus_garbage
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_weather import chip
from edgepi_weather.chip import Bme280
from edgepi_weather.sensor import WeatherConfig, WeatherSensor

ODD = Calibration(
    t=(27504, 26435, -1000),
    p=(36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    h=(75, 362, 0, 327, 50, 30),
)
ODD_HUMIDITY = Calibration(t=ODD.t, p=ODD.p, h=(75, 362, 0, -100, -30, -20))


@pytest.fixture
def simulated_bus() -> SimulatedBus:
    """The package sleeps in real seconds while the chip measures, so the chip follows real time."""
    return SimulatedBus(monotonic=time.monotonic)


class TestWeatherSensor(SensorConformance):
    @pytest.fixture
    def make(
        self, plugin_context: ContextFactory, simulated_bus: SimulatedBus
    ) -> Callable[[], WeatherSensor]:
        simulated_bus.attach(0x76, BME280(Air(21.5, 987.6, 43.0)))
        return lambda: WeatherSensor(plugin_context(WeatherConfig()))


@pytest.mark.parametrize(
    ("calibration", "raw", "expected"),
    [
        (ODD, RawSample(519888, 415148, 30000), (25.08, 1006.533, 50.01)),
        (ODD, RawSample(400000, 430000, 32000), (-12.64, 925.107, 59.02)),
        (ODD_HUMIDITY, RawSample(519888, 415148, 9000), (25.08, 1006.533, 83.25)),
    ],
)
def test_the_driver_computes_what_the_maker_computes(
    simulated_bus: SimulatedBus,
    calibration: Calibration,
    raw: RawSample,
    expected: tuple[float, float, float],
) -> None:
    device = BME280(calibration=calibration)
    device.forced_raw = raw
    simulated_bus.attach(0x76, device)
    sample = Bme280(simulated_bus).sample()
    assert sample.temperature_c == pytest.approx(expected[0], abs=0.01)
    assert sample.pressure_hpa == pytest.approx(expected[1], abs=0.01)
    assert sample.humidity_percent == pytest.approx(expected[2], abs=0.02)


@pytest.mark.parametrize("air", [Air(-39.0, 301.0, 2.0), Air(21.5, 987.6, 43.0), Air(84.0, 1099.0, 98.0)])
async def test_what_is_read_is_what_surrounds_the_chip(
    plugin_context: ContextFactory, simulated_bus: SimulatedBus, air: Air
) -> None:
    simulated_bus.attach(0x77, BME280(air))
    sensor = WeatherSensor(plugin_context(WeatherConfig()))
    await sensor.start()
    values = {reading.key: reading.value for reading in await sensor.read()}
    assert values["temperature"] == pytest.approx(air.temperature_c, abs=0.02)
    assert values["pressure"] == pytest.approx(air.pressure_hpa, abs=0.05)
    assert values["humidity"] == pytest.approx(air.humidity_percent, abs=0.05)


def test_the_chip_sleeps_between_measurements(simulated_bus: SimulatedBus) -> None:
    device = BME280()
    simulated_bus.attach(0x76, device)
    driver = Bme280(simulated_bus)
    for _ in range(3):
        driver.sample()
        assert device.mode == 0
    assert device.conversions == 3


def test_a_bmp280_is_called_by_its_name(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280(chip_id=BMP280_ID))
    with pytest.raises(DeviceNotFoundError, match=r"0x76 is a BMP280.*measures no humidity"):
        Bme280(simulated_bus)


def test_a_bme280_beside_a_bmp280_is_found(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280(chip_id=BMP280_ID))
    simulated_bus.attach(0x77, BME280())
    assert Bme280(simulated_bus).address == 0x77


def test_only_the_address_of_the_configuration_is_tried_if_there_is_one(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x77, BME280())
    with pytest.raises(DeviceNotFoundError, match="no BME280 answers at 0x76:"):
        Bme280(simulated_bus, 0x76)


def test_an_empty_bus_says_what_to_check(simulated_bus: SimulatedBus) -> None:
    with pytest.raises(DeviceNotFoundError, match=r"0x76 or 0x77.*check the wiring"):
        Bme280(simulated_bus)


def test_a_broken_calibration_is_refused(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280(calibration=Calibration(t=(0, 0, 0))))
    with pytest.raises(HardwareError, match="empty calibration"):
        Bme280(simulated_bus)


def test_a_reset_in_between_is_no_measurement(simulated_bus: SimulatedBus) -> None:
    class Sleepy(BME280):
        def step(self, dt_s: float) -> None:
            """Never finish a conversion."""

    simulated_bus.attach(0x76, Sleepy())
    with pytest.raises(HardwareError, match="has not measured"):
        Bme280(simulated_bus).sample()


def test_absurd_values_are_refused(simulated_bus: SimulatedBus) -> None:
    device = BME280()
    simulated_bus.attach(0x76, device)
    driver = Bme280(simulated_bus)
    device.forced_raw = RawSample(1, 1, 1)
    with pytest.raises(HardwareError, match="answers nonsense"):
        driver.sample()


def test_noise_on_the_bus_is_refused(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280())
    with bus_garbage(simulated_bus), pytest.raises(HardwareError):
        Bme280(simulated_bus)


def test_noise_while_measuring_is_never_believed(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280())
    driver = Bme280(simulated_bus)
    with bus_garbage(simulated_bus):
        for _ in range(50):
            with pytest.raises(HardwareError):
                driver.sample()


def test_the_wrong_package_under_the_same_name_is_told_apart(
    simulated_bus: SimulatedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated_bus.attach(0x76, BME280())
    monkeypatch.setitem(sys.modules, "bme280", types.ModuleType("bme280"))
    with pytest.raises(RequirementMissingError, match=r"computes wrong values.*RPi\.bme280"):
        Bme280(simulated_bus)


def test_a_missing_package_says_what_to_install(
    simulated_bus: SimulatedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bme280", None)
    with pytest.raises(RequirementMissingError, match=r"edgepi\[weather\]"):
        Bme280(simulated_bus)


def test_only_the_known_warning_of_the_package_is_silenced() -> None:
    chip.quiet()
    warn = warnings.warn_explicit
    deprecated = "datetime.datetime.utcnow() is deprecated"
    warn(deprecated, DeprecationWarning, "bme280/__init__.py", 1, module="bme280")
    with pytest.raises(DeprecationWarning):
        warn(deprecated, DeprecationWarning, "other.py", 1, module="other")
    with pytest.raises(DeprecationWarning):
        warn("something else", DeprecationWarning, "bme280/__init__.py", 1, module="bme280")
