"""Whatever a chip's registers hold, a driver measures something possible or says what is wrong."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from edgepi.errors import HardwareError
from edgepi.model import WakePlan
from edgepi.sim.bus import SimulatedBus
from edgepi_ina219.chip import Ina219
from edgepi_weather.chips.adc import Adc
from edgepi_weather.chips.air import CONVERSION_S, AirChip
from edgepi_wittypi.detection import detect

contents = st.binary(min_size=256, max_size=256)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Memory:
    """A chip that holds bytes and does nothing; *fixed* registers cannot be written."""

    def __init__(self, held: bytes, fixed: dict[int, int]) -> None:
        self.bytes = bytearray(held)
        self.fixed = fixed

    def read(self, register: int) -> int:
        return self.fixed.get(register, self.bytes[register])

    def write(self, register: int, value: int) -> None:
        self.bytes[register] = value

    def step(self, dt_s: float) -> None:
        """Nothing happens."""


@settings(max_examples=40, deadline=None)
@given(contents, st.sampled_from((0x60, 0x58)))
def test_bme280_and_bmp280(held: bytes, chip_id: int) -> None:
    bus = SimulatedBus({0x76: Memory(held, {0xD0: chip_id})})
    with contextlib.suppress(HardwareError):
        chip = AirChip(bus)
        chip.trigger()
        bus.step(CONVERSION_S)
        sample = chip.result()
        assert sample is None or -40 <= sample.temperature_c <= 85
        assert sample is None or 300 <= sample.pressure_hpa <= 1100
        assert sample is None or sample.humidity_percent is None or 0 <= sample.humidity_percent <= 100


@given(contents)
def test_ads1115(held: bytes) -> None:
    with contextlib.suppress(HardwareError):
        volts = Adc(SimulatedBus({0x48: Memory(held, {})}), 0x48).result()
        assert volts is None or abs(volts) <= 4.096


@given(contents)
def test_wittypi(held: bytes) -> None:
    bus = SimulatedBus({0x08: Memory(held, {0: 0x26})})
    board = detect(bus)
    with contextlib.suppress(HardwareError):
        measured = board.measure()
        assert 0 <= measured.input_v <= 35
        assert 0 <= measured.output_v <= 7
        assert 0 <= measured.output_a <= 6
    with contextlib.suppress(HardwareError):
        time = board.clock()
        assert time is None or time.year >= 2020, "a clock that was lost begins at 2000"
    with contextlib.suppress(HardwareError):
        receipt = board.arm(WakePlan(wake_utc=NOW), NOW, margin_s=120.0).receipt
        assert receipt.triggers


@given(contents)
def test_ina219(held: bytes) -> None:
    class Words(Memory):
        def read_block(self, register: int, length: int) -> list[int]:
            return [self.bytes[2 * register + i % 2] for i in range(length)]

        def write_block(self, register: int, data: list[int]) -> None:
            if register:
                self.bytes[2 * register : 2 * register + 2] = bytes(data[:2])

    start = b"\x39\x9f" + held[2:]
    chip = Ina219(SimulatedBus({0x40: Words(start, {})}), 0x40, shunt_ohm=0.1, max_a=3.2)
    with contextlib.suppress(HardwareError):
        chip.trigger()
        measured = chip.result()
        assert measured is None or abs(measured.current_a) <= 3.3
        assert measured is None or 0 <= measured.bus_v <= 33
