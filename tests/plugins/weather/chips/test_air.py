from __future__ import annotations

import sys
import types
import warnings

import pytest

from edgepi.errors import DeviceNotFoundError, HardwareError, RequirementMissingError, VerificationError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import BME280, BMP280, Air, Calibration
from edgepi.sim.chips.compensation import RawSample
from edgepi.testing.faults import bus_garbage, writes_lost
from edgepi_weather.chips.air import CONVERSION_S, AirChip, Sample
from edgepi_weather.chips.bosch import quiet

ODD = Calibration(
    t=(27504, 26435, -1000),
    p=(36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    h=(75, 362, 0, 327, 50, 30),
)
ODD_HUMIDITY = Calibration(t=ODD.t, p=ODD.p, h=(75, 362, 0, -100, -30, -20))
LARGE_H3 = Calibration(h=(75, 358, 200, 330, 0, 30))


@pytest.fixture
def bus() -> SimulatedBus:
    return SimulatedBus()


def measure(bus: SimulatedBus, chip: AirChip) -> Sample:
    chip.trigger()
    bus.step(CONVERSION_S)
    sample = chip.result()
    assert sample is not None
    return sample


@pytest.mark.parametrize(
    ("calibration", "raw", "expected"),
    [
        (ODD, RawSample(519888, 415148, 30000), (25.08, 1006.533, 50.01)),
        (ODD, RawSample(400000, 430000, 32000), (-12.64, 925.107, 59.02)),
        (ODD_HUMIDITY, RawSample(519888, 415148, 9000), (25.08, 1006.533, 83.25)),
    ],
)
def test_the_driver_computes_what_the_maker_computes(
    bus: SimulatedBus, calibration: Calibration, raw: RawSample, expected: tuple[float, float, float]
) -> None:
    device = BME280(calibration=calibration)
    device.forced_raw = raw
    bus.attach(0x76, device)
    sample = measure(bus, AirChip(bus))
    assert sample.temperature_c == pytest.approx(expected[0], abs=0.01)
    assert sample.pressure_hpa == pytest.approx(expected[1], abs=0.01)
    assert sample.humidity_percent == pytest.approx(expected[2], abs=0.02)


@pytest.mark.parametrize("air", [Air(-39.0, 301.0, 2.0), Air(21.5, 987.6, 43.0), Air(84.0, 1099.0, 98.0)])
@pytest.mark.parametrize("calibration", [Calibration(), LARGE_H3])
def test_what_is_read_is_what_surrounds_the_chip(
    bus: SimulatedBus, air: Air, calibration: Calibration
) -> None:
    bus.attach(0x77, BME280(air, calibration=calibration))
    sample = measure(bus, AirChip(bus))
    assert sample.temperature_c == pytest.approx(air.temperature_c, abs=0.02)
    assert sample.pressure_hpa == pytest.approx(air.pressure_hpa, abs=0.05)
    assert sample.humidity_percent == pytest.approx(air.humidity_percent, abs=0.05)


def test_a_bmp280_measures_all_but_humidity(bus: SimulatedBus) -> None:
    bus.attach(0x76, BMP280(Air(21.5, 987.6, 43.0)))
    chip = AirChip(bus)
    sample = measure(bus, chip)
    assert chip.identity.model == "BMP280"
    assert sample.temperature_c == pytest.approx(21.5, abs=0.02)
    assert sample.pressure_hpa == pytest.approx(987.6, abs=0.05)
    assert sample.humidity_percent is None


def test_the_chip_sleeps_between_measurements(bus: SimulatedBus) -> None:
    device = BME280()
    bus.attach(0x76, device)
    driver = AirChip(bus)
    for _ in range(3):
        measure(bus, driver)
        assert device.mode == 0
    assert device.conversions == 3


def test_there_is_no_result_while_it_measures(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280())
    driver = AirChip(bus)
    driver.trigger()
    assert driver.result() is None


def test_a_chip_that_another_program_left_awake_is_put_to_sleep(bus: SimulatedBus) -> None:
    device = BME280()
    bus.attach(0x76, device)
    bus.write_byte_data(0x76, 0xF4, 0b001_001_11)
    AirChip(bus)
    assert device.mode == 0


def test_another_chip_is_recognised_by_its_calibration(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280(Air(20.0, 990.0, 50.0)))
    driver = AirChip(bus)
    before = driver.identity
    measure(bus, driver)
    bus.attach(0x76, BME280(Air(20.0, 990.0, 50.0), calibration=ODD))
    sample = measure(bus, driver)
    assert driver.identity.model == "BME280"
    assert driver.identity != before
    assert sample.temperature_c == pytest.approx(20.0, abs=0.02)
    assert sample.pressure_hpa == pytest.approx(990.0, abs=0.05)


def test_the_same_chip_after_a_loss_of_power_is_the_same(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280(Air(20.0, 990.0, 50.0)))
    driver = AirChip(bus)
    before = driver.identity
    bus.attach(0x76, BME280(Air(10.0, 990.0, 50.0)))
    assert measure(bus, driver).temperature_c == pytest.approx(10.0, abs=0.02)
    assert driver.identity == before


def test_another_model_in_its_place_is_recognised(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280())
    driver = AirChip(bus)
    bus.attach(0x76, BMP280(Air(20.0, 990.0, 50.0)))
    assert measure(bus, driver).humidity_percent is None
    assert driver.identity.model == "BMP280"


def test_a_model_that_will_not_do_is_called_by_its_name(bus: SimulatedBus) -> None:
    bus.attach(0x76, BMP280())
    with pytest.raises(DeviceNotFoundError, match=r"0x76 is a BMP280, not a BME280.*no humidity"):
        AirChip(bus, models=("BME280",))


def test_the_model_that_will_do_is_found_beside_another(bus: SimulatedBus) -> None:
    bus.attach(0x76, BMP280())
    bus.attach(0x77, BME280())
    assert AirChip(bus, models=("BME280",)).address == 0x77
    assert AirChip(bus, models=("BMP280",)).address == 0x76


def test_only_the_address_of_the_configuration_is_tried_if_there_is_one(bus: SimulatedBus) -> None:
    bus.attach(0x77, BME280())
    with pytest.raises(DeviceNotFoundError, match="no BME280 or BMP280 answers at 0x76:"):
        AirChip(bus, 0x76)


def test_an_empty_bus_says_what_to_check(bus: SimulatedBus) -> None:
    with pytest.raises(DeviceNotFoundError, match=r"0x76 or 0x77.*check the wiring"):
        AirChip(bus)


def test_another_device_is_told_by_its_id(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280(chip_id=0x61))
    bus.attach(0x77, BME280(chip_id=0x11))
    with pytest.raises(DeviceNotFoundError, match="is a BME680"):
        AirChip(bus, 0x76)
    with pytest.raises(DeviceNotFoundError, match="says its id is 0x11"):
        AirChip(bus, 0x77)


def test_a_broken_calibration_is_refused(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280(calibration=Calibration(t=(0, 0, 0))))
    with pytest.raises(HardwareError, match="empty calibration"):
        AirChip(bus)


def test_a_chip_that_takes_no_writes_is_refused(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280())
    with writes_lost(bus), pytest.raises(VerificationError, match="does not keep"):
        AirChip(bus)


def test_a_reset_in_between_is_no_measurement(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280())
    driver = AirChip(bus)
    driver.trigger()
    bus.write_byte_data(0x76, 0xE0, 0xB6)
    bus.step(1.0)
    with pytest.raises(HardwareError, match="has not measured"):
        driver.result()


def test_absurd_values_are_refused(bus: SimulatedBus) -> None:
    device = BME280()
    bus.attach(0x76, device)
    driver = AirChip(bus)
    device.forced_raw = RawSample(1, 1, 1)
    with pytest.raises(HardwareError, match="answers nonsense"):
        measure(bus, driver)


def test_noise_on_the_bus_is_refused(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280())
    with bus_garbage(bus), pytest.raises(HardwareError):
        AirChip(bus)


def test_noise_while_measuring_is_never_believed(bus: SimulatedBus) -> None:
    bus.attach(0x76, BME280())
    driver = AirChip(bus)
    with bus_garbage(bus):
        for _ in range(50):
            with pytest.raises(HardwareError):
                measure(bus, driver)


def test_the_wrong_package_under_the_same_name_is_told_apart(
    bus: SimulatedBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus.attach(0x76, BME280())
    monkeypatch.setitem(sys.modules, "bme280", types.ModuleType("bme280"))
    with pytest.raises(RequirementMissingError, match=r"computes wrong values.*RPi\.bme280"):
        AirChip(bus)


def test_a_missing_package_says_what_to_install(bus: SimulatedBus, monkeypatch: pytest.MonkeyPatch) -> None:
    bus.attach(0x76, BME280())
    monkeypatch.setitem(sys.modules, "bme280", None)
    with pytest.raises(RequirementMissingError, match=r"edgepi\[weather\]"):
        AirChip(bus)


def test_only_the_known_warning_of_the_package_is_silenced() -> None:
    quiet()
    warn = warnings.warn_explicit
    deprecated = "datetime.datetime.utcnow() is deprecated"
    warn(deprecated, DeprecationWarning, "bme280/__init__.py", 1, module="bme280")
    with pytest.raises(DeprecationWarning):
        warn(deprecated, DeprecationWarning, "other.py", 1, module="other")
    with pytest.raises(DeprecationWarning):
        warn("something else", DeprecationWarning, "bme280/__init__.py", 1, module="bme280")
