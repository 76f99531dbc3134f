from __future__ import annotations

import errno
import threading

import pytest

from edgepi.errors import BusError
from edgepi.sim.bus import SimulatedBus


class Memory:
    """256 bytes."""

    def __init__(self) -> None:
        self.bytes = bytearray(256)
        self.steps: list[float] = []

    def read(self, register: int) -> int:
        return self.bytes[register]

    def write(self, register: int, value: int) -> None:
        self.bytes[register] = value

    def step(self, dt_s: float) -> None:
        self.steps.append(dt_s)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def bus(memory: Memory) -> SimulatedBus:
    return SimulatedBus({0x20: memory})


def test_bytes_words_and_blocks_meet_in_the_same_registers(bus: SimulatedBus) -> None:
    bus.write_byte_data(0x20, 1, 0x34)
    bus.write_byte_data(0x20, 2, 0x12)
    assert bus.read_word_data(0x20, 1) == 0x1234
    bus.write_word_data(0x20, 3, 0xABCD)
    assert bus.read_i2c_block_data(0x20, 1, 4) == [0x34, 0x12, 0xCD, 0xAB]
    bus.write_i2c_block_data(0x20, 10, [7, 8, 9])
    assert bus.read_byte_data(0x20, 12) == 9


def test_a_byte_without_register_is_read_where_the_last_one_was_named(bus: SimulatedBus) -> None:
    bus.write_byte_data(0x20, 5, 55)
    bus.write_byte(0x20, 5)
    assert bus.read_byte(0x20) == 55


def test_an_address_without_chip_does_not_answer_as_on_linux(bus: SimulatedBus) -> None:
    with pytest.raises(BusError, match="0x21") as caught:
        bus.read_byte_data(0x21, 0)
    assert caught.value.errno == errno.EREMOTEIO


@pytest.mark.parametrize("length", [0, 33])
def test_a_block_has_at_most_32_bytes(bus: SimulatedBus, length: int) -> None:
    with pytest.raises(ValueError, match="32"):
        bus.read_i2c_block_data(0x20, 0, length)
    with pytest.raises(ValueError, match="32"):
        bus.write_i2c_block_data(0x20, 0, [0] * length)


def test_what_does_not_fit_in_a_byte_is_a_mistake_of_the_caller(bus: SimulatedBus) -> None:
    with pytest.raises(ValueError, match="256"):
        bus.write_byte_data(0x20, 0, 256)


def test_time_passes_in_steps_of_at_most_a_second(bus: SimulatedBus, memory: Memory) -> None:
    bus.step(2.5)
    assert memory.steps == pytest.approx([1.0, 1.0, 0.5])


def test_chips_are_brought_up_to_date_before_each_transaction(memory: Memory) -> None:
    now = [100.0]
    bus = SimulatedBus({0x20: memory}, monotonic=lambda: now[0])
    now[0] = 100.3
    bus.read_byte_data(0x20, 0)
    assert sum(memory.steps) == pytest.approx(0.3)
    bus.read_byte_data(0x20, 0)
    assert sum(memory.steps) == pytest.approx(0.3)


def test_a_silent_address_fails_until_it_heals(bus: SimulatedBus) -> None:
    bus.faults.silent.add(0x20)
    with pytest.raises(BusError):
        bus.write_byte_data(0x20, 0, 1)
    bus.faults.clear()
    assert bus.read_byte_data(0x20, 0) == 0


def test_silence_can_be_counted(bus: SimulatedBus) -> None:
    bus.faults.silent_next[0x20] = 2
    for _ in range(2):
        with pytest.raises(BusError):
            bus.read_byte_data(0x20, 0)
    assert bus.read_byte_data(0x20, 0) == 0


def test_a_stuck_bus_times_out_for_everybody(bus: SimulatedBus) -> None:
    bus.faults.stuck = True
    with pytest.raises(BusError) as caught:
        bus.read_byte_data(0x20, 0)
    assert caught.value.errno == errno.ETIMEDOUT


def test_garbage_is_noise_but_the_same_in_every_run(memory: Memory) -> None:
    def noise() -> list[int]:
        bus = SimulatedBus({0x20: memory})
        bus.faults.garbage.add(0x20)
        return bus.read_i2c_block_data(0x20, 0, 16)

    assert noise() == noise()
    assert len(set(noise())) > 8
    assert memory.bytes == bytes(256)


def test_a_deaf_chip_acknowledges_and_forgets(bus: SimulatedBus) -> None:
    bus.faults.deaf.add(0x20)
    bus.write_byte_data(0x20, 0, 9)
    assert bus.read_byte_data(0x20, 0) == 0


def test_one_transaction_at_a_time() -> None:
    class Nosy(Memory):
        inside = 0
        most = 0

        def read(self, register: int) -> int:
            self.inside += 1
            self.most = max(self.most, self.inside)
            value = super().read(register)
            self.inside -= 1
            return value

    chip = Nosy()
    bus = SimulatedBus({0x20: chip})
    threads = [
        threading.Thread(target=lambda: [bus.read_i2c_block_data(0x20, 0, 32) for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chip.most == 1


def test_a_chip_can_be_taken_off_and_put_on(bus: SimulatedBus, memory: Memory) -> None:
    bus.detach(0x20)
    assert bus.addresses() == ()
    with pytest.raises(BusError):
        bus.read_byte(0x20)
    bus.attach(0x21, memory)
    assert bus.addresses() == (0x21,)
    assert bus.chip(0x21) is memory


class Counting:
    def __init__(self) -> None:
        self.s = 0.0

    def read(self, register: int) -> int:
        return register

    def write(self, register: int, value: int) -> None:
        del register, value

    def step(self, dt_s: float) -> None:
        self.s += dt_s


def test_time_passes_once_for_a_chip_with_two_addresses_and_for_what_the_bus_carries() -> None:
    chip, carried = Counting(), Counting()
    bus = SimulatedBus({1: chip, 2: chip})
    bus.carry(carried)
    bus.carry(chip)
    bus.step(2.5)
    assert (chip.s, carried.s) == (2.5, 2.5)


def test_a_cleared_bus_has_nothing_on_it() -> None:
    chip, carried = Counting(), Counting()
    bus = SimulatedBus({1: chip})
    bus.carry(carried)
    bus.clear()
    bus.step(1.0)
    assert (bus.addresses(), chip.s, carried.s) == ((), 0.0, 0.0)
