from __future__ import annotations

import pytest

from edgepi.errors import DeviceNotFoundError, HardwareError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import ADS1015, ADS1115
from edgepi.testing.faults import bus_garbage, writes_lost
from edgepi_weather.chips.adc import CONVERSION_S, Adc

VOLTS = (0.31, 1.25, 2.5, 3.29)
ADDRESS = 0x48


@pytest.fixture
def bus() -> SimulatedBus:
    return SimulatedBus({ADDRESS: ADS1115(VOLTS.__getitem__)})


def measure(bus: SimulatedBus, adc: Adc, channel: int) -> float | None:
    bus.step(1.0)
    adc.trigger(channel)
    bus.step(CONVERSION_S)
    return adc.result()


@pytest.mark.parametrize("channel", range(4))
def test_each_input_is_measured_against_ground(bus: SimulatedBus, channel: int) -> None:
    assert measure(bus, Adc(bus, ADDRESS), channel) == pytest.approx(VOLTS[channel], abs=0.0002)


def test_the_brother_measures_in_coarser_steps(bus: SimulatedBus) -> None:
    bus.attach(ADDRESS, ADS1015(VOLTS.__getitem__))
    assert measure(bus, Adc(bus, ADDRESS, "ads1015"), 1) == pytest.approx(1.25, abs=0.003)


def test_there_is_no_result_while_it_converts(bus: SimulatedBus) -> None:
    adc = Adc(bus, ADDRESS)
    bus.step(1.0)
    adc.trigger(1)
    bus.step(0.001)
    assert adc.result() is None


def test_the_converter_sleeps_between_conversions(bus: SimulatedBus) -> None:
    chip = bus.chip(ADDRESS)
    assert isinstance(chip, ADS1115)
    adc = Adc(bus, ADDRESS)
    measure(bus, adc, 0)
    before = chip.conversions
    bus.step(10.0)
    assert chip.conversions == before


def test_an_empty_address_says_what_to_check(bus: SimulatedBus) -> None:
    with pytest.raises(DeviceNotFoundError, match=r"no ADS1115 answers at 0x49.*ADDR"):
        Adc(bus, 0x49)


def test_a_chip_that_keeps_nothing_is_no_converter(bus: SimulatedBus) -> None:
    with writes_lost(bus), pytest.raises(DeviceNotFoundError, match="not what was written"):
        Adc(bus, ADDRESS)


def test_a_reset_in_between_is_no_measurement(bus: SimulatedBus) -> None:
    adc = Adc(bus, ADDRESS)
    adc.trigger(1)
    bus.attach(ADDRESS, ADS1115(VOLTS.__getitem__))
    with pytest.raises(HardwareError, match="lost its power"):
        adc.result()


def test_noise_is_never_believed(bus: SimulatedBus) -> None:
    adc = Adc(bus, ADDRESS)
    with bus_garbage(bus):
        for _ in range(50):
            with pytest.raises(HardwareError):
                measure(bus, adc, 0)
