from __future__ import annotations

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import INA219, Rail

CONFIG, SHUNT, BUS, POWER, CURRENT, CALIBRATION = range(6)
ONCE = 0x2000 | 3 << 11 | 0x3 << 7 | 0x3 << 3 | 3


@pytest.fixture
def chip() -> INA219:
    return INA219(Rail(shunt_v=0.05, bus_v=12.8))


@pytest.fixture
def bus(chip: INA219) -> SimulatedBus:
    return SimulatedBus({0x40: chip})


def read(bus: SimulatedBus, register: int) -> int:
    word = bus.read_word_data(0x40, register)
    return (word & 0xFF) << 8 | word >> 8


def write(bus: SimulatedBus, register: int, value: int) -> None:
    bus.write_word_data(0x40, register, (value & 0xFF) << 8 | value >> 8)


def test_words_are_sent_high_byte_first(bus: SimulatedBus) -> None:
    assert bus.read_i2c_block_data(0x40, CONFIG, 2) == [0x39, 0x9F]
    assert bus.read_byte_data(0x40, CONFIG) == 0x39


def test_a_single_measurement_sets_ready_when_its_time_is_over(bus: SimulatedBus) -> None:
    write(bus, CONFIG, ONCE)
    bus.step(0.001)
    assert not read(bus, BUS) & 2
    bus.step(0.0001)
    assert read(bus, BUS) & 2
    assert (read(bus, BUS) >> 3) * 0.004 == pytest.approx(12.8)
    assert read(bus, SHUNT) == 5000


def test_a_single_measurement_stays_single(bus: SimulatedBus, chip: INA219) -> None:
    write(bus, CONFIG, ONCE)
    bus.step(1.0)
    chip.rail = Rail(bus_v=5.0)
    bus.step(1.0)
    assert (read(bus, BUS) >> 3) * 0.004 == pytest.approx(12.8)


def test_continuous_mode_follows(bus: SimulatedBus, chip: INA219) -> None:
    bus.step(1.0)
    chip.rail = lambda: Rail(bus_v=5.0)
    bus.step(1.0)
    assert (read(bus, BUS) >> 3) * 0.004 == pytest.approx(5.0)


def test_averaging_takes_its_time(bus: SimulatedBus) -> None:
    write(bus, CONFIG, 0x2000 | 3 << 11 | 0xF << 7 | 0xF << 3 | 3)
    bus.step(0.136)
    assert not read(bus, BUS) & 2
    bus.step(0.001)
    assert read(bus, BUS) & 2


def test_current_and_power_come_from_the_calibration(bus: SimulatedBus) -> None:
    write(bus, CALIBRATION, 4096)  # 0.1 ohm, 0.1 mA a step, 2 mW a step
    bus.step(1.0)
    assert read(bus, CURRENT) * 1e-4 == pytest.approx(0.5)
    assert read(bus, POWER) * 2e-3 == pytest.approx(6.4)


def test_current_may_flow_back(bus: SimulatedBus, chip: INA219) -> None:
    write(bus, CALIBRATION, 4096)
    chip.rail = Rail(shunt_v=-0.02, bus_v=12.8)
    bus.step(1.0)
    assert read(bus, CURRENT) - 0x10000 == -2000
    assert read(bus, SHUNT) == 0x10000 - 2000


@pytest.mark.parametrize(("pga", "limit"), [(0, 4000), (1, 8000), (2, 16000), (3, 32000)])
def test_each_range_ends_where_it_should(bus: SimulatedBus, chip: INA219, pga: int, limit: int) -> None:
    chip.rail = Rail(shunt_v=1.0, bus_v=12.8)
    write(bus, CONFIG, ONCE & ~(3 << 11) | pga << 11)
    bus.step(1.0)
    assert read(bus, SHUNT) == limit


def test_too_much_for_the_calibration_sets_overflow(bus: SimulatedBus, chip: INA219) -> None:
    chip.rail = Rail(shunt_v=0.3, bus_v=30.0)
    write(bus, CALIBRATION, 0xFFFE)
    bus.step(1.0)
    assert read(bus, BUS) & 1


def test_reading_power_clears_ready(bus: SimulatedBus) -> None:
    write(bus, CONFIG, ONCE)
    bus.step(1.0)
    read(bus, POWER)
    assert not read(bus, BUS) & 2


def test_the_smaller_range_stops_at_16_volts(bus: SimulatedBus, chip: INA219) -> None:
    chip.rail = Rail(bus_v=24.0)
    write(bus, CONFIG, ONCE & ~0x2000)
    bus.step(1.0)
    assert (read(bus, BUS) >> 3) * 0.004 == pytest.approx(16.0)


def test_fewer_bits_are_coarser(bus: SimulatedBus, chip: INA219) -> None:
    chip.rail = Rail(shunt_v=0.01237, bus_v=12.0)
    write(bus, CONFIG, 0x2000 | 3 << 11 | 3)
    bus.step(1.0)
    assert read(bus, SHUNT) == 1232


def test_power_down_measures_nothing(bus: SimulatedBus) -> None:
    write(bus, CONFIG, 0x2000)
    bus.step(5.0)
    assert read(bus, BUS) == 0


def test_reset_brings_the_start_state_back(bus: SimulatedBus) -> None:
    write(bus, CALIBRATION, 4096)
    write(bus, CONFIG, 0x8000)
    assert read(bus, CONFIG) == 0x399F
    assert read(bus, CALIBRATION) == 0
