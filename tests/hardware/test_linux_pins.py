from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("gpiozero")
from gpiozero.pins.mock import MockFactory

from edgepi.errors import HardwareError
from edgepi.hardware.linux import LinuxMachine


@pytest.fixture
def factory() -> Iterator[Any]:
    made = MockFactory()
    yield made
    made.reset()


@pytest.fixture
def machine(factory: Any) -> LinuxMachine:
    return LinuxMachine(allow_halt=False, pin_factory=factory, trusted=lambda: True)


def test_a_driven_pin_starts_as_asked_and_follows(machine: LinuxMachine, factory: Any) -> None:
    line = machine.output_line(17, high=True)
    pin = factory.pin(17)
    assert pin.state == 1
    line.set(False)
    assert pin.state == 0
    line.close()


async def test_a_watched_pin_tells_high_as_high_whatever_its_pull(
    machine: LinuxMachine, factory: Any
) -> None:
    changes: list[bool] = []
    line = machine.input_line(4, pull_up=True, on_change=changes.append)
    pin = factory.pin(4)
    assert line.value() is True
    pin.drive_low()
    assert line.value() is False
    pin.drive_high()
    assert line.value() is True
    await asyncio.sleep(0)
    assert changes == [False, True]
    line.close()


async def test_a_pin_pulled_down_is_told_the_right_way_round(machine: LinuxMachine, factory: Any) -> None:
    changes: list[bool] = []
    line = machine.input_line(5, pull_up=False, on_change=changes.append)
    assert line.value() is False
    factory.pin(5).drive_high()
    assert line.value() is True
    await asyncio.sleep(0)
    assert changes == [True]
    line.close()


def test_closures_to_ground_are_counted(machine: LinuxMachine, factory: Any) -> None:
    counter = machine.pulse_counter(6, bounce_s=0.0)
    pin = factory.pin(6)
    for _ in range(5):
        pin.drive_low()
        pin.drive_high()
    assert counter.total() == 5
    counter.close()


def test_a_pin_in_use_is_refused_with_its_number(machine: LinuxMachine) -> None:
    line = machine.output_line(17)
    with pytest.raises(HardwareError, match="GPIO17"):
        machine.input_line(17)
    line.close()
