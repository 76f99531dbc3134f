"""The only floor that opens a bus or a pin, sets the clock or halts the machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edgepi.clock import Clock
from edgepi.hardware.base import Machine, Phase

__all__ = ["Machine", "Phase", "open_hardware", "world_clock"]


@asynccontextmanager
async def world_clock(world: Path) -> AsyncIterator[Clock]:
    """Follow the time of a simulated world, as another machine in it does.

    Raises:
        WorldError: no world answers there.
    """
    from edgepi.hardware.world import WorldMachine

    machine = WorldMachine(world, allow_halt=False, role="beside")
    try:
        await machine.connect()
        yield machine.clock
    finally:
        await machine.close()


@asynccontextmanager
async def open_hardware(world: Path | None, *, allow_halt: bool) -> AsyncIterator[Machine]:
    """Open the machine this runs on, or the simulated one behind the socket *world*.

    Raises:
        WorldError: no world answers there.
    """
    if world is not None:
        from edgepi.hardware.world import WorldMachine

        simulated = WorldMachine(world, allow_halt=allow_halt)
        try:
            await simulated.connect()
            yield simulated
        finally:
            await simulated.close()
        return
    from edgepi.hardware.linux import LinuxMachine

    machine = LinuxMachine(allow_halt=allow_halt)
    try:
        await machine.start()
        yield machine
    finally:
        await machine.close()
