"""A simulated Pi 5 under the hardware that a plugin is handed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pi5_clock import Pi5Clock
from edgepi.sim.chips.powerboard import KEY_POWER, TXD
from edgepi.sim.files import BoardFiles
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_pi5.config import Pi5Config
from edgepi_pi5.controller import Pi5Controller


@pytest.fixture
def board(simulated_bus: SimulatedBus, fake_hardware: FakeHardware, manual_clock: ManualClock) -> Pi5Clock:
    """A machine that has just been switched on, its clock right."""
    made = Pi5Clock()
    made.attach(simulated_bus)
    made.feed(input_v=12.8, output_v=5.1, output_a=0.5, temperature_c=20.0)
    made.set_clock(manual_clock.now())
    made.power_on()
    made.set_line(TXD, high=True)
    fake_hardware.files = BoardFiles(made, simulated_bus.faults)
    fake_hardware.keys[KEY_POWER] = []
    made.on_key = fake_hardware.press_key
    return made


@pytest.fixture
def build(plugin_context: ContextFactory, board: Pi5Clock) -> Callable[..., Pi5Controller]:
    """Build a controller; keys of the section may be given."""

    def build(**keys: object) -> Pi5Controller:
        return Pi5Controller(plugin_context(Pi5Config(**keys), plugin="pi5"))  # type: ignore[arg-type]  # keys of any kind

    return build
