"""Faults for tests of drivers: the bus that goes silent, lies, forgets or hangs, each for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edgepi.sim.bus import SimulatedBus

__all__ = ["bus_garbage", "bus_hangs", "bus_silent", "bus_stuck", "bus_swapped", "writes_lost"]


@contextmanager
def bus_silent(bus: SimulatedBus, *addresses: int) -> Iterator[None]:
    """Let these addresses (all, if none is named) not answer."""
    named = set(addresses or bus.addresses())
    bus.faults.silent |= named
    try:
        yield
    finally:
        bus.faults.silent -= named


@contextmanager
def bus_garbage(bus: SimulatedBus, *addresses: int) -> Iterator[None]:
    """Let these addresses (all, if none is named) answer noise; the same noise in every run."""
    named = set(addresses or bus.addresses())
    bus.faults.garbage |= named
    try:
        yield
    finally:
        bus.faults.garbage -= named


@contextmanager
def writes_lost(bus: SimulatedBus, *addresses: int) -> Iterator[None]:
    """Let these addresses (all, if none is named) acknowledge writes and ignore them."""
    named = set(addresses or bus.addresses())
    bus.faults.deaf |= named
    try:
        yield
    finally:
        bus.faults.deaf -= named


@contextmanager
def bus_stuck(bus: SimulatedBus) -> Iterator[None]:
    """Let every transaction time out."""
    bus.faults.stuck = True
    try:
        yield
    finally:
        bus.faults.stuck = False


class _Stranger:
    """Answers the same, whatever it is asked."""

    def __init__(self, answer: int) -> None:
        self._answer = answer

    def read(self, register: int) -> int:
        del register
        return self._answer

    def write(self, register: int, value: int) -> None:
        """It takes nothing."""

    def step(self, dt_s: float) -> None:
        """It waits for nothing."""


@contextmanager
def bus_swapped(bus: SimulatedBus, *addresses: int, answer: int = 0xFF) -> Iterator[None]:
    """Put another device at these addresses (all, if none is named) that gives one *answer* to everything."""
    chips = {address: bus.chip(address) for address in addresses or bus.addresses()}
    for address in chips:
        bus.attach(address, _Stranger(answer))
    try:
        yield
    finally:
        for address, chip in chips.items():
            bus.attach(address, chip)


@contextmanager
def bus_hangs(bus: SimulatedBus) -> Iterator[None]:
    """Let every transaction hang until the end of the block, as a driver in the kernel may."""
    freed = threading.Event()

    def hang() -> None:
        freed.wait()

    bus.faults.delay = hang
    try:
        yield
    finally:
        bus.faults.delay = None
        freed.set()
