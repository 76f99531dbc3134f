"""What all suites share."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import pytest

from edgepi.errors import EdgePiError
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.clock import ManualClock
from edgepi.testing.driving import drive

__all__ = ["EXPECTED", "GARBAGE_READS", "Conformance", "Run", "bus_not_in_this_thread", "has_chip"]

S = TypeVar("S")
T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]
EXPECTED = (EdgePiError, OSError)
GARBAGE_READS = 20


class Conformance(Generic[S]):
    """What all suites share."""

    @pytest.fixture
    def make(self) -> Callable[[], S]:
        """Build a fresh object; each suite that inherits must say how."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `make`")

    @pytest.fixture
    def run(self, manual_clock: ManualClock) -> Run:
        """Await something while the manual clock goes on."""

        def run(work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
            return drive(work, manual_clock)

        return run


def has_chip(bus: SimulatedBus) -> bool:
    """Whether a chip is attached that can be broken; without one nothing is promised about a bus."""
    return bool(bus.addresses())


@contextmanager
def bus_not_in_this_thread(bus: SimulatedBus) -> Iterator[None]:
    """Fail if the bus, which blocks, is used in the thread of the event loop."""
    here, used_here = threading.get_ident(), []

    def note() -> None:
        if threading.get_ident() == here:
            used_here.append(True)

    bus.faults.delay = note
    try:
        yield
    finally:
        bus.faults.delay = None
    assert not used_here, "the bus blocks: use it inside `context.run_blocking`"
