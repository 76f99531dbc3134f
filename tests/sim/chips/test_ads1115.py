from __future__ import annotations

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import ADS1015, ADS1115

CONVERSION, CONFIG, LOW, HIGH = range(4)
ADDRESS = 0x48
START, ONCE, NO_COMPARATOR = 0x8000, 0x0100, 0x0003
SINGLE_ENDED = 4
V4, RATE_128 = 1 << 9, 4 << 5


@pytest.fixture
def chip() -> ADS1115:
    return ADS1115((1.0, 2.5, 0.25, 3.3).__getitem__)


@pytest.fixture
def bus(chip: ADS1115) -> SimulatedBus:
    return SimulatedBus({ADDRESS: chip})


def read(bus: SimulatedBus, register: int) -> int:
    high, low = bus.read_i2c_block_data(ADDRESS, register, 2)
    return high << 8 | low


def write(bus: SimulatedBus, register: int, word: int) -> None:
    bus.write_i2c_block_data(ADDRESS, register, [word >> 8, word & 0xFF])


def volts(bus: SimulatedBus, mux: int, *, pga: int = 1, full_scale_v: float = 4.096) -> float:
    write(bus, CONFIG, START | mux << 12 | pga << 9 | ONCE | RATE_128 | NO_COMPARATOR)
    bus.step(0.01)
    word = read(bus, CONVERSION)
    return (word - 0x10000 if word & 0x8000 else word) * full_scale_v / 0x8000


def test_registers_begin_as_after_power_on(bus: SimulatedBus) -> None:
    assert [read(bus, register) for register in range(4)] == [0, 0x8583, 0x8000, 0x7FFF]


def test_words_are_sent_high_byte_first_so_a_word_read_is_the_wrong_way_round(bus: SimulatedBus) -> None:
    assert bus.read_i2c_block_data(ADDRESS, CONFIG, 2) == [0x85, 0x83]
    assert bus.read_word_data(ADDRESS, CONFIG) == 0x8385
    bus.write_word_data(ADDRESS, LOW, 0x3412)
    assert read(bus, LOW) == 0x1234


@pytest.mark.parametrize(("number", "expected"), [(0, 1.0), (1, 2.5), (2, 0.25), (3, 3.3)])
def test_each_input_against_ground(bus: SimulatedBus, number: int, expected: float) -> None:
    assert volts(bus, SINGLE_ENDED + number) == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize(("mux", "expected"), [(0, -1.5), (1, -2.3), (2, -0.8), (3, -3.05)])
def test_pairs_are_differences_with_a_sign(bus: SimulatedBus, mux: int, expected: float) -> None:
    assert volts(bus, mux) == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize(
    ("pga", "full_scale_v"),
    [(0, 6.144), (1, 4.096), (2, 2.048), (3, 1.024), (4, 0.512), (5, 0.256), (6, 0.256), (7, 0.256)],
)
def test_the_gain_sets_what_the_count_means(bus: SimulatedBus, pga: int, full_scale_v: float) -> None:
    measured_v = volts(bus, SINGLE_ENDED + 2, pga=pga, full_scale_v=full_scale_v)
    assert measured_v == pytest.approx(0.25, abs=full_scale_v / 0x8000)


def test_beyond_full_scale_the_count_stays_at_its_end(bus: SimulatedBus) -> None:
    volts(bus, SINGLE_ENDED, pga=5)
    assert read(bus, CONVERSION) == 0x7FFF
    volts(bus, 0, pga=5)
    assert read(bus, CONVERSION) == 0x8000


def test_a_single_shot_says_by_its_highest_bit_when_it_is_over_and_sleeps(
    bus: SimulatedBus, chip: ADS1115
) -> None:
    write(bus, CONFIG, START | SINGLE_ENDED << 12 | V4 | ONCE | RATE_128 | NO_COMPARATOR)
    bus.step(0.0078)
    assert not read(bus, CONFIG) & START
    assert read(bus, CONVERSION) == 0
    bus.step(0.0001)
    assert read(bus, CONFIG) & START
    bus.step(1.0)
    assert chip.conversions == 1


def test_without_the_start_bit_nothing_is_converted(bus: SimulatedBus, chip: ADS1115) -> None:
    write(bus, CONFIG, SINGLE_ENDED << 12 | V4 | ONCE | RATE_128 | NO_COMPARATOR)
    bus.step(1.0)
    assert chip.conversions == 0


@pytest.mark.parametrize(("rate", "hz"), list(enumerate((8, 16, 32, 64, 128, 250, 475, 860))))
def test_continuous_mode_goes_on_at_its_rate(bus: SimulatedBus, chip: ADS1115, rate: int, hz: int) -> None:
    write(bus, CONFIG, SINGLE_ENDED << 12 | V4 | rate << 5 | NO_COMPARATOR)
    bus.step(1.001)
    assert chip.conversions == hz


def test_a_conversion_in_progress_ends_with_the_input_it_began_with(bus: SimulatedBus) -> None:
    write(bus, CONFIG, START | SINGLE_ENDED << 12 | V4 | ONCE | RATE_128 | NO_COMPARATOR)
    bus.step(0.004)
    write(bus, CONFIG, START | (SINGLE_ENDED + 1) << 12 | V4 | ONCE | RATE_128 | NO_COMPARATOR)
    bus.step(0.02)
    assert read(bus, CONVERSION) * 4.096 / 0x8000 == pytest.approx(1.0, abs=0.001)


def test_the_conversion_cannot_be_written_and_half_a_word_changes_nothing(bus: SimulatedBus) -> None:
    write(bus, CONVERSION, 0x1234)
    bus.write_byte_data(ADDRESS, CONFIG, 0x00)
    assert read(bus, CONVERSION) == 0
    assert read(bus, CONFIG) == 0x8583


def test_the_comparator_alerts_above_its_threshold_until_below_the_lower_one(
    bus: SimulatedBus, chip: ADS1115
) -> None:
    write(bus, LOW, round(1.0 / 4.096 * 0x8000))
    write(bus, HIGH, round(2.0 / 4.096 * 0x8000))
    write(bus, CONFIG, SINGLE_ENDED << 12 | V4 | RATE_128)
    assert not chip.alert_is_low
    for level_v, alert in ((1.5, False), (2.5, True), (1.5, True), (0.5, False)):
        chip.volts = {0: level_v}.__getitem__
        bus.step(0.02)
        assert chip.alert_is_low is alert


def test_the_comparator_is_off_by_itself(bus: SimulatedBus, chip: ADS1115) -> None:
    write(bus, HIGH, 0x0010)
    write(bus, CONFIG, SINGLE_ENDED << 12 | V4 | RATE_128 | NO_COMPARATOR)
    bus.step(0.1)
    assert not chip.alert_is_low


def test_the_brother_has_twelve_bits_and_is_quicker(bus: SimulatedBus) -> None:
    brother = ADS1015((1.0, 2.5, 0.25, 3.3).__getitem__)
    bus.attach(ADDRESS, brother)
    write(bus, CONFIG, START | SINGLE_ENDED << 12 | V4 | ONCE | 4 << 5 | NO_COMPARATOR)
    bus.step(0.0007)
    word = read(bus, CONVERSION)
    assert word & 0xF == 0
    assert (word >> 4) * 0.002 == pytest.approx(1.0)
