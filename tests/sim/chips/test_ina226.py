from __future__ import annotations

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.ina219 import Rail
from edgepi.sim.chips.ina226 import (
    ALERT,
    BUS,
    BUS_UNDER,
    CALIBRATION,
    CONFIG,
    CURRENT,
    DEFAULT_CONFIG,
    DIE,
    INA226,
    LATCH,
    LIMIT,
    MANUFACTURER,
    MASK,
    OVERFLOW,
    POWER,
    READY,
    SHUNT,
)

ONCE = 0x4003 | 4 << 6 | 4 << 3  # both voltages, 1.1 ms each


class Wired:
    """A chip behind a bus, spoken to in words, high byte first."""

    def __init__(self) -> None:
        self.chip = INA226(Rail(shunt_v=0.02, bus_v=12.0))
        self.bus = SimulatedBus()
        self.bus.attach(0x40, self.chip)

    def get(self, register: int) -> int:
        word = self.bus.read_word_data(0x40, register)
        return (word & 0xFF) << 8 | word >> 8

    def put(self, register: int, word: int) -> None:
        self.bus.write_word_data(0x40, register, (word & 0xFF) << 8 | word >> 8)


@pytest.fixture
def wired() -> Wired:
    return Wired()


def test_it_names_its_maker_and_itself_and_wakes_up_measuring(wired: Wired) -> None:
    assert (wired.get(MANUFACTURER), wired.get(DIE)) == (0x5449, 0x2260)
    assert wired.get(CONFIG) == DEFAULT_CONFIG
    assert wired.get(0x20) == 0


def test_the_example_of_its_data_sheet(wired: Wired) -> None:
    """10 A through 2 milliohm at 11.98 V: 0.00512 / (1 mA * 0.002 ohm) = 2560."""
    wired.chip.rail = Rail(shunt_v=0.02, bus_v=11.98)
    wired.put(CALIBRATION, 2560)
    wired.bus.step(0.01)
    assert wired.get(SHUNT) == 8000
    assert wired.get(BUS) == 9584
    assert wired.get(CURRENT) == 10_000
    assert wired.get(POWER) == 4792


def test_a_measurement_takes_all_its_samples(wired: Wired) -> None:
    wired.put(CONFIG, ONCE | 4 << 9)  # 128 times 2.2 ms
    assert not wired.get(MASK) & READY
    wired.bus.step(0.28)
    assert not wired.get(MASK) & READY
    wired.bus.step(0.01)
    assert wired.get(MASK) & READY
    assert not wired.get(MASK) & READY, "reading it takes the flag back"


def test_once_means_once(wired: Wired) -> None:
    wired.put(CONFIG, ONCE)
    wired.bus.step(0.01)
    assert wired.get(MASK) & READY
    wired.chip.rail = Rail(shunt_v=0.0, bus_v=5.0)
    wired.bus.step(0.01)
    assert wired.get(BUS) == 9600


def test_it_sleeps_and_forgets_when_told(wired: Wired) -> None:
    wired.put(CONFIG, 0x4000)
    wired.bus.step(1.0)
    assert wired.get(BUS) == 0
    wired.put(CALIBRATION, 0xFFFF)
    assert wired.get(CALIBRATION) == 0x7FFF
    wired.put(CONFIG, 0x8000)
    assert (wired.get(CONFIG), wired.get(CALIBRATION)) == (DEFAULT_CONFIG, 0)


@pytest.mark.parametrize(("shunt_v", "held"), [(0.1, 0x7FFF), (-0.1, 0x8000), (-0.0000025, 0xFFFF)])
def test_the_shunt_ends_at_its_range(wired: Wired, shunt_v: float, held: int) -> None:
    wired.chip.rail = Rail(shunt_v=shunt_v, bus_v=12.0)
    wired.bus.step(0.01)
    assert wired.get(SHUNT) == held


def test_what_does_not_fit_is_flagged(wired: Wired) -> None:
    wired.put(CALIBRATION, 0x7FFF)
    wired.bus.step(0.01)
    assert wired.get(MASK) & OVERFLOW


@pytest.mark.parametrize(("latch", "stays"), [(LATCH, True), (0, False)])
def test_it_alerts_below_a_voltage_for_as_long_as_it_is_told(wired: Wired, latch: int, stays: bool) -> None:
    wired.put(MASK, BUS_UNDER | latch)
    wired.put(LIMIT, 8800)  # 11 V
    wired.bus.step(0.01)
    assert not wired.chip.alerts
    wired.chip.rail = Rail(bus_v=10.9)
    wired.bus.step(0.01)
    assert wired.chip.alerts
    wired.chip.rail = Rail(bus_v=11.1)
    wired.bus.step(0.01)
    assert wired.chip.alerts is stays
    assert bool(wired.get(MASK) & ALERT) is stays
    assert not wired.get(MASK) & ALERT
