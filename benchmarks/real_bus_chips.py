"""Chips on a real I2C bus: the kernel's i2c-stub keeps registers, our simulated chips say what is in them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from smbus2 import SMBus

from edgepi.errors import BusError
from edgepi.sim.bus import Chip, SimulatedBus
from edgepi.sim.chips.ads1115 import ADS1115
from edgepi.sim.chips.bme280 import BME280, BMP280, Air
from edgepi.sim.chips.ina219 import INA219, Rail
from edgepi.sim.chips.ina226 import INA226
from edgepi.sim.chips.wittypi3 import WittyPi3
from edgepi.sim.chips.wittypi4 import WittyPi4
from edgepi.sim.chips.wittypi5 import WittyPi5

__all__ = [
    "ADDRESSES",
    "AIR",
    "INDOORS",
    "INPUT_V",
    "SHUNT_OHM",
    "VANE_V",
    "PlayedBus",
    "load",
    "measured",
    "world",
]

BUS = 0
AIR, INDOORS = Air(-7.25, 987.6, 83.0), Air(21.5, 990.25)
VANE_V = (1.65, 0.21, 2.9, 3.3)
SHUNT_OHM, RAIL_A, RAIL_V = 0.01, -1.234, 13.28
INPUT_V, OUTPUT_V, OUTPUT_A, BOARD_C = 12.9, 5.1, 0.75, 31.5
ADDRESSES = (0x08, 0x40, 0x41, 0x48, 0x51, 0x68, 0x69, 0x76, 0x77)


def world() -> SimulatedBus:
    """The chips, at work for a while; the clocks of the boards are wrong by some hours."""
    bus = SimulatedBus(monotonic=time.monotonic)
    rail = Rail(shunt_v=RAIL_A * SHUNT_OHM, bus_v=RAIL_V)
    chips: dict[int, Chip] = {
        0x40: INA219(rail),
        0x41: INA226(rail),
        0x48: ADS1115(VANE_V.__getitem__),
        0x76: BME280(AIR),
        0x77: BMP280(INDOORS),
    }
    for address, chip in chips.items():
        bus.attach(address, chip)
    for board in (WittyPi3(), WittyPi4(), WittyPi5()):
        board.set_clock(datetime.now(UTC) - timedelta(hours=5))
        board.feed(input_v=INPUT_V, output_v=OUTPUT_V, output_a=OUTPUT_A, temperature_c=BOARD_C)
        board.attach(bus)
        board.power_on()
    bus.step(2.0)
    return bus


def measured(bus: SimulatedBus) -> None:
    """Have chips that measure when they are asked to do so once, as they are left by our drivers."""
    for address in (0x76, 0x77):
        bus.write_byte_data(address, 0xF2, 1)
        bus.write_byte_data(address, 0xF4, 0x25)
    bus.write_word_data(0x48, 1, 0x83C3)  # first input against ground, up to 4.096 V
    bus.step(0.5)


def load(bus: SimulatedBus, stub: Any, addresses: Sequence[int] = ADDRESSES) -> int:
    """Copy every register that a chip has to the stub, as the word that is read there; returns how many."""
    copied = 0
    for address in addresses:
        for register in range(256):
            with contextlib.suppress(BusError, ValueError, LookupError):  # no such register
                stub.write_word_data(address, register, bus.read_word_data(address, register))
                copied += 1
    return copied


class PlayedBus(SMBus):
    """The device as smbus2 opens it, with simulated chips behind the stub.

    What our code writes goes through the kernel to the stub and from there, by a second open device, to
    the chip; before our code reads, the chip's answer goes to the stub by the same way.
    """

    chips: SimulatedBus

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._other = SMBus(number)

    def read_byte_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:
        """Read what the chip says now."""
        with contextlib.suppress(BusError):
            self._other.write_byte_data(i2c_addr, register, self.chips.read_byte_data(i2c_addr, register))
        return int(super().read_byte_data(i2c_addr, register, force))

    def read_word_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:
        """Read what the chip says now."""
        with contextlib.suppress(BusError):
            self._other.write_word_data(i2c_addr, register, self.chips.read_word_data(i2c_addr, register))
        return int(super().read_word_data(i2c_addr, register, force))

    def read_i2c_block_data(
        self, i2c_addr: int, register: int, length: int, force: bool | None = None
    ) -> list[int]:
        """Read what the chip says now."""
        with contextlib.suppress(BusError):
            said = self.chips.read_i2c_block_data(i2c_addr, register, length)
            self._other.write_i2c_block_data(i2c_addr, register, said)
        return list(super().read_i2c_block_data(i2c_addr, register, length, force))

    def write_byte_data(self, i2c_addr: int, register: int, value: int, force: bool | None = None) -> None:
        """Tell the chip what arrived."""
        super().write_byte_data(i2c_addr, register, value, force)
        self.chips.write_byte_data(i2c_addr, register, self._other.read_byte_data(i2c_addr, register))

    def write_word_data(self, i2c_addr: int, register: int, value: int, force: bool | None = None) -> None:
        """Tell the chip what arrived."""
        super().write_word_data(i2c_addr, register, value, force)
        self.chips.write_word_data(i2c_addr, register, self._other.read_word_data(i2c_addr, register))

    def close(self) -> None:
        """Close both."""
        super().close()
        self._other.close()
