from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Self

import gpiod
import pytest
from gpiod.line import Bias, Direction, Edge, Value

from edgepi.errors import HardwareError
from edgepi.hardware.linux import LinuxMachine
from edgepi.hardware.linux_pins import Header

RISING, FALLING = gpiod.EdgeEvent.Type.RISING_EDGE, gpiod.EdgeEvent.Type.FALLING_EDGE
KERNEL_KEEPS = 16


class Pin:
    """One line as the kernel keeps it: a level, and the newest events while it is watched."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.level = False
        self.settings: gpiod.LineSettings | None = None
        self.taken = False
        self.events: deque[Any] = deque()
        self.seen = 0
        self.fd = -1
        self.time_ns = 0

    def drive(self, *levels: bool, apart_ms: float = 10.0) -> None:
        for level in levels:
            self.time_ns += int(apart_ms * 1e6)
            if level != self.level:
                self.level = level
                self._notice(RISING if level else FALLING)

    def _notice(self, kind: Any) -> None:
        wanted = {Edge.BOTH: (RISING, FALLING), Edge.RISING: (RISING,), Edge.FALLING: (FALLING,)}
        if self.settings is not None and kind in wanted.get(self.settings.edge_detection, ()):
            self.seen = (self.seen + 1) % (1 << 32)
            self.events.append(
                SimpleNamespace(event_type=kind, line_seqno=self.seen, timestamp_ns=self.time_ns)
            )
            os.eventfd_write(self.fd, 1)


class Request:
    def __init__(self, pin: Pin, settings: gpiod.LineSettings, keeps: int) -> None:
        self.pin = pin
        pin.taken = True
        pin.events = deque(maxlen=keeps)
        pin.fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._configure(settings)
        if settings.direction is Direction.INPUT:
            pin.level = settings.bias is Bias.PULL_UP

    def __bool__(self) -> bool:
        return self.pin.taken

    @property
    def fd(self) -> int:
        return self.pin.fd

    def _configure(self, settings: gpiod.LineSettings) -> None:
        self.pin.settings = settings
        if settings.direction is Direction.OUTPUT:
            self.pin.level = settings.output_value is Value.ACTIVE

    def reconfigure_lines(self, config: dict[int, gpiod.LineSettings]) -> None:
        self._configure(config[self.pin.number])

    def set_value(self, line: int, value: Value) -> None:
        assert line == self.pin.number
        self.pin.level = value is Value.ACTIVE

    def get_value(self, line: int) -> Value:
        assert line == self.pin.number
        return Value.ACTIVE if self.pin.level else Value.INACTIVE

    def wait_edge_events(self, timeout: float) -> bool:
        assert timeout == 0, "nobody may wait here"
        return bool(self.pin.events)

    def read_edge_events(self) -> list[Any]:
        assert self.pin.events, "this would block"
        events = list(self.pin.events)
        self.pin.events.clear()
        os.eventfd_read(self.pin.fd)
        return events

    def release(self) -> None:
        os.close(self.pin.fd)
        self.pin.taken = False


@dataclass
class Chip:
    label: str
    pins: dict[int, Pin]
    is_open: bool = False

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False

    def get_info(self) -> Any:
        return SimpleNamespace(label=self.label)

    def request_lines(
        self, config: dict[int, gpiod.LineSettings], consumer: str, event_buffer_size: int | None = None
    ) -> Request:
        assert consumer == "edgepi"
        ((number, settings),) = config.items()
        if number > 53:
            raise ValueError("line offset of out range")
        pin = self.pins.setdefault(number, Pin(number))
        if pin.taken:
            raise OSError(16, "Device or resource busy")
        return Request(pin, settings, event_buffer_size or KERNEL_KEEPS)


class Board:
    """The GPIO chips of a board: *labels* in the order of their numbers; an empty one may not be opened."""

    def __init__(self, *labels: str) -> None:
        self.chips = {f"/dev/gpiochip{n}": Chip(label, {}) for n, label in enumerate(labels)}
        self.header = Header(self._open)

    def _open(self, path: str) -> Chip:
        chip = self.chips.get(path)
        if chip is None:
            raise FileNotFoundError(2, "No such file or directory")
        if not chip.label:
            raise PermissionError(13, "Permission denied")
        return chip

    def pin(self, number: int) -> Pin:
        (found,) = (chip.pins[number] for chip in self.chips.values() if number in chip.pins)
        return found


@pytest.fixture
def board() -> Board:
    return Board("brcmvirt-gpio", "pinctrl-bcm2711")


@pytest.fixture
def machine(board: Board) -> LinuxMachine:
    return LinuxMachine(allow_halt=False, header=board.header, trusted=lambda: True)


def test_a_driven_pin_starts_as_asked_and_follows(machine: LinuxMachine, board: Board) -> None:
    line = machine.output_line(17, high=True)
    pin = board.pin(17)
    assert pin.level is True
    line.set(False)
    assert pin.level is False
    line.set(True)
    assert pin.level is True
    line.close()


def test_a_driven_pin_is_let_go_as_an_input_and_only_once(machine: LinuxMachine, board: Board) -> None:
    line = machine.output_line(17)
    line.close()
    pin = board.pin(17)
    assert pin.settings is not None
    assert pin.settings.direction is Direction.INPUT
    line.close()
    machine.output_line(17).close()


async def test_a_watched_pin_tells_high_as_high_whatever_its_pull(
    machine: LinuxMachine, board: Board
) -> None:
    changes: list[bool] = []
    line = machine.input_line(4, pull_up=True, on_change=changes.append)
    pin = board.pin(4)
    assert line.value() is True
    pin.drive(False)
    assert line.value() is False
    pin.drive(True)
    await asyncio.sleep(0.01)
    assert changes == [False, True]
    line.close()


async def test_a_pin_pulled_down_is_told_the_right_way_round(machine: LinuxMachine, board: Board) -> None:
    changes: list[bool] = []
    line = machine.input_line(5, pull_up=False, on_change=changes.append)
    assert line.value() is False
    board.pin(5).drive(True)
    assert line.value() is True
    await asyncio.sleep(0.01)
    assert changes == [True]
    line.close()


async def test_a_closed_line_tells_nothing_more(machine: LinuxMachine, board: Board) -> None:
    changes: list[bool] = []
    line = machine.input_line(4, on_change=changes.append)
    board.pin(4).drive(False)
    line.close()
    line.close()
    await asyncio.sleep(0.01)
    assert changes == []
    machine.output_line(4).close()


def test_a_pin_that_nobody_watches_needs_no_loop(machine: LinuxMachine, board: Board) -> None:
    line = machine.input_line(4)
    settings = board.pin(4).settings
    assert settings is not None
    assert settings.edge_detection is Edge.NONE
    assert line.value() is True
    line.close()


def test_closures_to_ground_are_counted(machine: LinuxMachine, board: Board) -> None:
    counter = machine.pulse_counter(6, bounce_s=0.002)
    pin = board.pin(6)
    assert counter.total() == 0
    pin.drive(False, True, False)
    assert counter.total() == 2
    pin.drive(True, False)
    assert counter.total() == 3
    counter.close()
    assert counter.total() == 3


def test_a_bouncing_switch_counts_once_a_closure(machine: LinuxMachine, board: Board) -> None:
    counter = machine.pulse_counter(6, bounce_s=0.002)
    pin = board.pin(6)
    for _ in range(20):
        pin.drive(False)
        pin.drive(True, False, True, False, apart_ms=0.3)
        pin.drive(True)
        pin.drive(False, True, apart_ms=0.3)
    assert counter.total() == 20
    counter.close()


def test_the_most_closures_of_any_time_are_known_from_the_edges(machine: LinuxMachine, board: Board) -> None:
    counter = machine.pulse_counter(6, bounce_s=0.002)
    pin = board.pin(6)
    pin.drive(*(False, True) * 10, apart_ms=100.0)
    pin.drive(*(False, True) * 10, apart_ms=10.0)
    assert counter.most(0.2) == 10
    assert counter.total() == 20
    assert counter.most(0.2) == 0
    counter.close()
    plain = machine.pulse_counter(7, bounce_s=0.0)
    assert plain.most(0.2) is None
    plain.close()


def test_a_storm_is_counted_in_full_and_the_kernels_coarse_debounce_is_left_off(
    machine: LinuxMachine, board: Board
) -> None:
    counter = machine.pulse_counter(6, bounce_s=0.002)
    pin = board.pin(6)
    assert pin.settings is not None
    assert pin.settings.debounce_period == timedelta(0)
    pin.drive(*(False, True) * 500, apart_ms=2.5)
    assert counter.total() == 500
    counter.close()


def test_without_bounce_the_kernels_numbers_are_the_count(machine: LinuxMachine, board: Board) -> None:
    counter = machine.pulse_counter(6, bounce_s=0.0)
    board.pin(6).drive(*(False, True) * 5000, apart_ms=0.01)
    assert counter.total() == 5000
    counter.close()


def test_closures_to_the_supply_are_counted_where_the_pin_is_pulled_down(
    machine: LinuxMachine, board: Board
) -> None:
    counter = machine.pulse_counter(6, pull_up=False)
    board.pin(6).drive(True, False, True)
    assert counter.total() == 2
    counter.close()


def test_closures_are_counted_though_the_kernel_keeps_only_the_newest_edges(
    machine: LinuxMachine, board: Board
) -> None:
    counter = machine.pulse_counter(6)
    board.pin(6).drive(*(False, True) * 2000)
    assert abs(counter.total() - 2000) <= 5
    counter.close()


def test_the_count_goes_on_when_the_kernel_starts_its_numbers_over(
    machine: LinuxMachine, board: Board
) -> None:
    counter = machine.pulse_counter(6)
    pin = board.pin(6)
    pin.seen = (1 << 32) - 3
    pin.drive(False, True)
    before = counter.total()
    pin.drive(*(False, True) * 5)
    assert counter.total() == before + 5
    counter.close()


def test_a_pin_in_use_is_refused_with_its_number(machine: LinuxMachine) -> None:
    line = machine.output_line(17)
    with pytest.raises(HardwareError, match="GPIO17 cannot be used: Device or resource busy"):
        machine.input_line(17)
    line.close()


def test_a_pin_that_the_header_lacks_is_refused_with_its_number(machine: LinuxMachine) -> None:
    with pytest.raises(HardwareError, match="GPIO99"):
        machine.input_line(99)


@pytest.mark.parametrize(
    "labels",
    [
        ("pinctrl-rp1", "gpio-brcmstb@107d508500"),
        ("gpio-brcmstb@107d508500", "", "pinctrl-rp1"),
        ("pinctrl-bcm2835", "raspberrypi-exp-gpio"),
    ],
)
def test_the_header_is_found_by_its_label(labels: tuple[str, ...]) -> None:
    board = Board(*labels)
    with contextlib.closing(LinuxMachine(allow_halt=False, header=board.header).output_line(17)):
        (chip,) = (chip for chip in board.chips.values() if chip.pins)
        assert chip.label.startswith("pinctrl")
        assert not chip.is_open


def test_a_machine_without_a_header_says_what_it_has() -> None:
    board = Board("INT33FC:00", "")
    with pytest.raises(HardwareError, match=r"gpiochip0 \(INT33FC:00\)"):
        LinuxMachine(allow_halt=False, header=board.header).output_line(17)
    with pytest.raises(HardwareError, match="none that can be opened"):
        LinuxMachine(allow_halt=False, header=Board().header).output_line(17)
