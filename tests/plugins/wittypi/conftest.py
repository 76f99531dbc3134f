from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.powerboard import PowerBoard
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.driving import drive
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.controller import WittyPiController
from edgepi_wittypi.link import Link
from edgepi_wittypi.sensor import BoardSensor

Seat = Callable[[PowerBoard], None]
MakeController = Callable[..., WittyPiController]
MakeSensor = Callable[[], BoardSensor]


@pytest.fixture
def seat(simulated_bus: SimulatedBus, fake_hardware: FakeHardware, manual_clock: ManualClock) -> Seat:
    """Put a board under the node: it has just switched it on, and knows the time."""

    def seat(board: PowerBoard) -> None:
        board.set_clock(manual_clock.now())
        board.power_on()
        board.set_line(14, high=True)
        board.attach(simulated_bus)
        fake_hardware.wires[17] = lambda high: board.set_line(17, high)

        def line(pin: int, high: bool) -> None:
            if pin in fake_hardware.inputs:
                fake_hardware.inputs[pin].set(high)

        board.on_line = line

    return seat


@pytest.fixture
def controller(plugin_context: ContextFactory) -> MakeController:
    def build(**config: Any) -> WittyPiController:
        context = plugin_context(WittyPiConfig(**config), plugin="wittypi")
        return WittyPiController(context, Link(context))

    return build


@pytest.fixture
def sensor(plugin_context: ContextFactory) -> MakeSensor:
    return lambda: BoardSensor(Link(plugin_context(WittyPiConfig(), plugin="wittypi")))


async def begin(controller: WittyPiController, clock: ManualClock) -> None:
    """Let a controller take over its board, as at the start of a life."""
    await drive(controller.start(), clock)
    await drive(controller.ready(), clock)
