"""What all suites share."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from edgepi.errors import EdgePiError
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.clock import ManualClock
from edgepi.testing.driving import drive

__all__ = ["EXPECTED", "GARBAGE_READS", "Conformance", "Run", "bus_not_in_this_thread", "needs", "needs_chip"]

S = TypeVar("S")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Run = Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]
EXPECTED = (EdgePiError, OSError)
GARBAGE_READS = 20
_NEEDED: dict[Any, tuple[str, ...]] = {}


class Conformance(Generic[S]):
    """What all suites share.

    *lacks* names what the object does not have: ``bus`` (no chip on `simulated_bus`), and for boards
    ``wake``, ``clock``, ``clock loss`` and ``measure`` (its records are empty). The tests of it are taken
    out of the suite, so that none passes for nothing. Faults come over all `addresses`; a suite may name
    others.
    """

    lacks: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        for name in [n for n in dir(cls) if n.startswith("test_")]:
            if cls.lacks.intersection(_NEEDED.get(getattr(cls, name), ())):
                setattr(cls, name, None)  # pytest collects no test that is None

    @pytest.fixture
    def make(self) -> Callable[[], S]:
        """Build a fresh object; each suite that inherits must say how."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `make`")

    @pytest.fixture
    def addresses(self, make: Callable[[], S], simulated_bus: SimulatedBus) -> Sequence[int]:
        """Where on `simulated_bus` faults come over the object: everywhere, if a suite does not say."""
        del make  # it brings the chips
        return simulated_bus.addresses()

    @pytest.fixture
    def run(self, manual_clock: ManualClock) -> Run:
        """Await something while the manual clock goes on."""

        def run(work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
            return drive(work, manual_clock)

        return run


def needs(*promises: str) -> Callable[[F], F]:
    """Mark a test of what not every object promises: a suite that *lacks* it does not have the test."""

    def mark(test: F) -> F:
        _NEEDED[test] = promises
        return test

    return mark


def needs_chip(addresses: Sequence[int]) -> None:
    """Fail where no chip is attached that could be broken."""
    assert addresses, "attach the chip to `simulated_bus`, or say `lacks = frozenset({'bus'})`"


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
