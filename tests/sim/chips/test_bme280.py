from __future__ import annotations

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import BME280, BMP280, BMP280_ID, Air, Calibration
from edgepi.sim.chips.compensation import RawSample, compensate

CTRL_HUM, STATUS, CTRL_MEAS, CONFIG, DATA = 0xF2, 0xF3, 0xF4, 0xF5, 0xF7
FORCED_1X = 0b001_001_01
AIR = Air(19.5, 1001.5, 61.0)


@pytest.fixture
def chip() -> BME280:
    return BME280(AIR)


@pytest.fixture
def bus(chip: BME280) -> SimulatedBus:
    return SimulatedBus({0x76: chip})


def raw(bus: SimulatedBus) -> RawSample:
    data = bus.read_i2c_block_data(0x76, DATA, 8)
    pressure = (data[0] << 16 | data[1] << 8 | data[2]) >> 4
    temperature = (data[3] << 16 | data[4] << 8 | data[5]) >> 4
    return RawSample(temperature, pressure, data[6] << 8 | data[7])


def test_after_reset_there_is_no_measurement(bus: SimulatedBus) -> None:
    assert raw(bus) == RawSample(0x80000, 0x80000, 0x8000)
    assert bus.read_byte_data(0x76, 0xD0) == 0x60


def test_forced_mode_measures_once_and_goes_to_sleep(bus: SimulatedBus, chip: BME280) -> None:
    bus.write_byte_data(0x76, CTRL_HUM, 1)
    bus.write_byte_data(0x76, CTRL_MEAS, FORCED_1X)
    assert bus.read_byte_data(0x76, STATUS) & 8
    bus.step(0.0092)
    assert bus.read_byte_data(0x76, STATUS) & 8
    bus.step(0.0002)
    assert not bus.read_byte_data(0x76, STATUS) & 8
    assert chip.mode == 0
    measured = compensate(raw(bus), Calibration())
    assert measured.temperature_c == pytest.approx(19.5, abs=0.02)
    assert measured.pressure_pa == pytest.approx(100150, abs=2)
    assert measured.humidity_percent == pytest.approx(61.0, abs=0.05)
    bus.step(10.0)
    assert chip.conversions == 1


def test_the_humidity_setting_takes_effect_with_the_next_write_of_ctrl_meas(bus: SimulatedBus) -> None:
    bus.write_byte_data(0x76, CTRL_MEAS, FORCED_1X)
    bus.write_byte_data(0x76, CTRL_HUM, 1)
    bus.step(0.1)
    assert raw(bus).humidity == 0x8000
    bus.write_byte_data(0x76, CTRL_MEAS, FORCED_1X)
    bus.step(0.1)
    assert raw(bus).humidity != 0x8000


def test_what_is_not_oversampled_is_skipped(bus: SimulatedBus) -> None:
    bus.write_byte_data(0x76, CTRL_MEAS, 0b001_000_01)
    bus.step(0.1)
    assert raw(bus).pressure == 0x80000
    assert raw(bus).temperature != 0x80000


def test_more_oversampling_takes_longer(bus: SimulatedBus, chip: BME280) -> None:
    bus.write_byte_data(0x76, CTRL_HUM, 5)
    bus.write_byte_data(0x76, CTRL_MEAS, 0b101_101_01)
    bus.step(0.112)
    assert chip.measuring
    bus.step(0.001)
    assert not chip.measuring


def test_normal_mode_goes_on_and_on(bus: SimulatedBus, chip: BME280) -> None:
    bus.write_byte_data(0x76, CONFIG, 0b100_000_00)  # half a second between conversions
    bus.write_byte_data(0x76, CTRL_MEAS, 0b001_001_11)
    bus.step(5.0)
    assert chip.conversions == 10
    bus.write_byte_data(0x76, CTRL_MEAS, 0)
    bus.step(5.0)
    assert chip.conversions == 10


def test_the_filter_slows_a_jump_down(bus: SimulatedBus, chip: BME280) -> None:
    bus.write_byte_data(0x76, CONFIG, 0b000_001_00)  # coefficient 2

    def temperature_c() -> float:
        bus.write_byte_data(0x76, CTRL_MEAS, FORCED_1X)
        bus.step(0.1)
        return compensate(raw(bus), Calibration()).temperature_c

    assert temperature_c() == pytest.approx(19.5, abs=0.02)
    chip.air = Air(29.5)
    assert temperature_c() == pytest.approx(24.5, abs=0.1)


def test_air_can_be_a_function(bus: SimulatedBus, chip: BME280) -> None:
    chip.air = lambda: Air(temperature_c=-7.0)
    bus.write_byte_data(0x76, CTRL_MEAS, FORCED_1X)
    bus.step(0.1)
    assert compensate(raw(bus), Calibration()).temperature_c == pytest.approx(-7.0, abs=0.02)


def test_reset_ends_everything(bus: SimulatedBus, chip: BME280) -> None:
    bus.write_byte_data(0x76, CTRL_HUM, 5)
    bus.write_byte_data(0x76, CTRL_MEAS, 0b001_001_11)
    bus.step(0.1)
    bus.write_byte_data(0x76, 0xE0, 0xB6)
    assert bus.read_byte_data(0x76, STATUS) & 1
    bus.step(0.002)
    assert not bus.read_byte_data(0x76, STATUS) & 1
    assert bus.read_byte_data(0x76, CTRL_HUM) == 0
    assert raw(bus).temperature == 0x80000
    assert chip.mode == 0


def test_a_block_write_is_pairs_of_register_and_value(bus: SimulatedBus) -> None:
    bus.write_i2c_block_data(0x76, CTRL_HUM, [3, CONFIG, 0x20])
    assert bus.read_byte_data(0x76, CTRL_HUM) == 3
    assert bus.read_byte_data(0x76, STATUS) & 8 == 0
    assert bus.read_byte_data(0x76, CONFIG) == 0x20


def test_a_bmp280_knows_no_humidity() -> None:
    bus = SimulatedBus({0x76: BME280(AIR, chip_id=BMP280_ID)})
    bus.write_byte_data(0x76, CTRL_HUM, 1)
    bus.write_byte_data(0x76, CTRL_MEAS, FORCED_1X)
    bus.step(0.1)
    assert bus.read_byte_data(0x76, 0xD0) == 0x58
    assert bus.read_byte_data(0x76, CTRL_HUM) == 0
    assert raw(bus).humidity == 0x8000


@pytest.fixture
def brother() -> SimulatedBus:
    return SimulatedBus({0x77: BMP280(AIR)})


def test_a_bmp280_has_no_register_of_humidity(brother: SimulatedBus) -> None:
    assert brother.read_byte_data(0x77, 0xD0) == BMP280_ID
    brother.write_byte_data(0x77, CTRL_HUM, 5)
    assert brother.read_byte_data(0x77, CTRL_HUM) == 0
    assert brother.read_i2c_block_data(0x77, 0xE1, 7) == [0] * 7
    assert brother.read_byte_data(0x77, 0xA1) == 0


def test_a_bmp280_measures_the_rest_in_less_time(brother: SimulatedBus) -> None:
    brother.write_byte_data(0x77, CTRL_MEAS, FORCED_1X)
    brother.step(0.0064)
    assert brother.read_byte_data(0x77, STATUS) & 8
    brother.step(0.0001)
    assert not brother.read_byte_data(0x77, STATUS) & 8
    data = brother.read_i2c_block_data(0x77, DATA, 6)
    pressure, temperature = (int.from_bytes(data[i : i + 3], "big") >> 4 for i in (0, 3))
    measured = compensate(RawSample(temperature, pressure, 0x8000), Calibration())
    assert measured.temperature_c == pytest.approx(19.5, abs=0.02)
    assert measured.pressure_pa == pytest.approx(100150, abs=2)


@pytest.mark.parametrize(("chip_class", "conversions"), [(BME280, 300), (BMP280, 2)])
def test_the_longest_pause_of_normal_mode_differs(chip_class: type[BME280], conversions: int) -> None:
    chip = chip_class(AIR)
    bus = SimulatedBus({0x76: chip})
    bus.write_byte_data(0x76, CONFIG, 7 << 5)
    bus.write_byte_data(0x76, CTRL_MEAS, 0b001_001_11)
    bus.step(7.95)
    assert chip.conversions == pytest.approx(conversions, abs=2 if conversions > 2 else 0)
