"""Fixtures for tests of plugins; pytest finds them by itself where EdgePi is installed.

Imports stay inside the fixtures: this module is loaded by every run of pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from edgepi.model import Reading
    from edgepi.plugin import PluginContext
    from edgepi.sim.bus import SimulatedBus
    from edgepi.testing.clock import ManualClock
    from edgepi.testing.doubles import FakeBudget, FakeHardware, FakeTimers

__all__ = [
    "ContextFactory",
    "fake_budget",
    "fake_hardware",
    "fake_timers",
    "manual_clock",
    "plugin_context",
    "reports",
    "simulated_bus",
]

pytest.register_assert_rewrite("edgepi.testing.conformance")


class ContextFactory(Protocol):
    """What the fixture `plugin_context` is."""

    def __call__(self, config: Any = None, **changes: Any) -> PluginContext[Any]:
        """Build a context; *changes* are those of `edgepi.testing.doubles.build_context`."""


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that stands still until the test moves it."""
    from edgepi.testing.clock import ManualClock

    return ManualClock()


@pytest.fixture
def simulated_bus(manual_clock: ManualClock) -> SimulatedBus:
    """An empty I2C bus whose chips follow the manual clock; `attach` chips to it."""
    from edgepi.sim.bus import SimulatedBus

    return SimulatedBus(monotonic=manual_clock.monotonic)


@pytest.fixture
def fake_hardware(simulated_bus: SimulatedBus) -> FakeHardware:
    """Hardware in memory, with `simulated_bus` as bus 1."""
    from edgepi.testing.doubles import FakeHardware

    return FakeHardware({1: simulated_bus})


@pytest.fixture
def fake_budget() -> FakeBudget:
    """A budget that grants everything until told otherwise."""
    from edgepi.testing.doubles import FakeBudget

    return FakeBudget()


@pytest.fixture
def fake_timers() -> FakeTimers:
    """Timers that fire when the test says so."""
    from edgepi.testing.doubles import FakeTimers

    return FakeTimers()


@pytest.fixture
def reports() -> list[Reading]:
    """What the plugin under test has reported."""
    return []


@pytest.fixture
def plugin_context(  # noqa: PLR0917 (pytest passes fixtures by name)
    manual_clock: ManualClock,
    fake_hardware: FakeHardware,
    fake_budget: FakeBudget,
    fake_timers: FakeTimers,
    reports: list[Reading],
    tmp_path: Path,
) -> ContextFactory:
    """Build contexts for the plugin under test from the other fixtures."""
    from edgepi.testing.doubles import build_context

    def build(config: Any = None, **changes: Any) -> PluginContext[Any]:
        parts: dict[str, Any] = {
            "config": config,
            "clock": manual_clock,
            "state_dir": tmp_path,
            "hardware": fake_hardware,
            "budget": fake_budget,
            "timers": fake_timers,
            "reports": reports,
        }
        return build_context(**(parts | changes))

    return build
