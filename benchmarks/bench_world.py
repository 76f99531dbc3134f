"""What the world costs, and how quickly it answers."""

from __future__ import annotations

import asyncio
import time

from table import show

from edgepi.hardware import open_hardware
from edgepi.sim.world import World, WorldSpec
from edgepi.testing.world import build_simulation, served_world

HOUR_S = 3600.0
TRANSACTIONS = 2000
SERVED_S = 10.0


def stepping_share() -> float:
    """Share of a core that stepping takes at 60x."""
    world = World(WorldSpec())
    begin = time.process_time()
    world.advance(HOUR_S)
    return (time.process_time() - begin) / HOUR_S * 60.0


async def serving_share() -> float:
    """Share of a core that the whole world takes at 60x, with a node that only listens."""
    async with served_world(build_simulation()) as path, open_hardware(path, allow_halt=False):
        begin = time.process_time()
        await asyncio.sleep(SERVED_S)
        return (time.process_time() - begin) / SERVED_S


async def transaction_us() -> float:
    """Mean time of one I2C transaction over the socket; both ends share this process."""
    simulation = build_simulation(rate=1.0)
    async with served_world(simulation) as path, open_hardware(path, allow_halt=False) as node:
        bus = node.i2c()

        def talk() -> float:
            begin = time.perf_counter()
            for _ in range(TRANSACTIONS):
                bus.read_byte_data(0x76, 0xD0)
            return (time.perf_counter() - begin) / TRANSACTIONS * 1e6

        return await asyncio.to_thread(talk)


def main() -> None:
    rows = [
        ("stepping at 60x, share of a core", f"{stepping_share():.2%}", "10 %"),
        ("world and socket at 60x, share of a core", f"{asyncio.run(serving_share()):.2%}", "10 %"),
        ("one I2C transaction over the socket", f"{asyncio.run(transaction_us()):.0f} us", "-"),
    ]
    show("World", rows)


if __name__ == "__main__":
    main()
