"""Runs inside the guest: our real code on the kernel's bus and pins; prints a row for each finding."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from unittest.mock import patch

import smbus2
from real_bus_chips import ADDRESSES, BUS, PlayedBus, load, measured, world
from real_bus_gpio import counts, drives, hears
from real_bus_i2c import cannot_be_played, failures, ina, measures, played_boards, still_boards, vane
from real_bus_kernel import kernels_own
from real_bus_pins import SimulatedPins
from real_bus_plugins import board, station
from real_bus_rows import Row, exact, tell
from real_bus_transfers import Transfers

from edgepi.hardware.linux import LinuxMachine

STATE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("/mnt")


def main() -> None:
    """Everything, one after the other; what breaks becomes a row of its own."""
    _part("still registers", _still())
    _part("played chips", _played())
    asyncio.run(_pins())
    print("done", flush=True)


def _still() -> Iterator[Row]:
    chips = world()
    measured(chips)
    with smbus2.SMBus(BUS) as stub:
        copied = load(chips, stub)
    yield exact("registers copied to the stub", 256 * len(ADDRESSES), copied)
    machine = LinuxMachine(allow_halt=False)
    bus = machine.i2c(BUS)
    transfers = Transfers()
    yield from measures(bus, how="stub")
    yield from vane(bus, 1, how="stub")
    yield from still_boards(bus)
    yield from cannot_be_played(bus)
    yield from transfers.rows()
    yield from failures(bus, machine.i2c(7))
    with smbus2.SMBus(BUS) as stub:
        load(chips, stub)
    yield from kernels_own(bus)
    bus.close()


def _played() -> Iterator[Row]:
    PlayedBus.chips = world()
    with patch("smbus2.SMBus", PlayedBus):
        bus = LinuxMachine(allow_halt=False).i2c(BUS)
        yield from measures(bus, how="played")
        yield from vane(bus, 4, how="played")
        yield from ina(bus, how="played")
        yield from played_boards(bus)
        bus.close()


async def _pins() -> None:
    with smbus2.SMBus(BUS) as stub:
        load(world(), stub, (0x08,))
    pins = SimulatedPins()
    machine = LinuxMachine(allow_halt=False, trusted=lambda: True)
    await machine.start()
    for name, rows in (
        ("counting", counts(machine, pins)),
        ("inputs", hears(machine, pins)),
        ("outputs", drives(machine, pins)),
        ("power board", board(machine, pins, STATE / "wittypi")),
        ("weather station", station(machine, pins, STATE / "weather")),
    ):
        try:
            async for row in rows:
                tell(row)
        except Exception as error:  # noqa: BLE001 (the other parts must still be looked at)
            _broke(name, error)
    await machine.close()


def _part(name: str, rows: Iterable[Row]) -> None:
    try:
        for row in rows:
            tell(row)
    except Exception as error:  # noqa: BLE001 (the other parts must still be looked at)
        _broke(name, error)


def _broke(name: str, error: Exception) -> None:
    traceback.print_exc()
    tell(Row(name, "no error", f"{type(error).__name__}: {error}", ok=False))


if __name__ == "__main__":
    main()
