"""LinuxMachine's pins on the kernel's GPIO simulator: switches counted, lines heard, pins driven."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from real_bus_pins import SimulatedPins, Watcher
from real_bus_rows import Row, exact, refusal

from edgepi.errors import HardwareError
from edgepi.hardware.linux import LinuxMachine

__all__ = ["counts", "drives", "hears"]

SWITCH, LINE, DRIVEN = 22, 23, 24
CLOSURES = 200
DEFAULT_BOUNCE_S = 0.002
SETTLED_S = 0.1
RATES_HZ = (25, 50, 100, 150, 200)


async def counts(machine: LinuxMachine, pins: SimulatedPins) -> AsyncIterator[Row]:
    """Closures of a switch, with and without bounce."""
    counter = machine.pulse_counter(SWITCH, bounce_s=0.0)
    rate_hz = await asyncio.to_thread(pins.pulses, SWITCH, CLOSURES, 1 / 500)
    yield exact(f"closures counted at {rate_hz:.0f} Hz, nobody looking meanwhile", CLOSURES, counter.total())
    await asyncio.to_thread(pins.pulses, SWITCH, 10, 1 / 50, bounces=5)
    yield exact(
        "bouncing contacts, 10 closures of 11 edges each, without debounce", 10 * 11 + 200, counter.total()
    )
    counter.close()
    counter = machine.pulse_counter(SWITCH, bounce_s=DEFAULT_BOUNCE_S)
    await asyncio.to_thread(pins.pulses, SWITCH, 50, 1 / 25, bounces=5)
    await asyncio.sleep(SETTLED_S)
    yield exact("bouncing contacts, 50 closures, debounce of 2 ms", 50, counter.total())
    counter.close()
    yield await _limit(machine, pins)


async def _limit(machine: LinuxMachine, pins: SimulatedPins) -> Row:
    """Up to a wind that no anemometer survives, 100 Hz are 240 km/h; closed for half of the time."""
    results = []
    for rate_hz in RATES_HZ:
        counter = machine.pulse_counter(SWITCH, bounce_s=DEFAULT_BOUNCE_S)
        really_hz = await asyncio.to_thread(pins.pulses, SWITCH, 60, 1 / rate_hz)
        await asyncio.sleep(SETTLED_S)
        results.append((really_hz, counter.total()))
        counter.close()
    got = ", ".join(f"{really_hz:.0f} Hz: {counted}" for really_hz, counted in results)
    all_whole = all(counted == 60 for _, counted in results)
    return Row("60 closures, ever faster, debounce of 2 ms", "60 at each rate", got, all_whole)


async def hears(machine: LinuxMachine, pins: SimulatedPins) -> AsyncIterator[Row]:
    """An input line, heard by the event loop and asked for its value."""
    heard: list[bool] = []
    line = machine.input_line(LINE, pull_up=True, on_change=heard.append)
    yield exact("an open input with a pull-up", True, line.value())
    for up in (False, True, False):
        pins.pull(LINE, up=up)
        await asyncio.sleep(0.02)
    yield exact("changes of an input that are heard", [False, True, False], heard)
    yield exact("its value", False, line.value())
    yield refusal(
        "a pin that is in use", HardwareError, f"GPIO{LINE} cannot be used", lambda: machine.input_line(LINE)
    )
    line.close()
    again = machine.input_line(LINE)
    yield exact("a pin that was let go is free again", True, again.value())
    again.close()
    yield refusal(
        "a pin that is not there", HardwareError, "GPIO40 cannot be used", lambda: machine.output_line(40)
    )


async def drives(machine: LinuxMachine, pins: SimulatedPins) -> AsyncIterator[Row]:
    """An output line."""
    line = machine.output_line(DRIVEN, high=True)
    yield exact("an output that begins high", True, pins.value(DRIVEN))
    with Watcher(pins, DRIVEN) as watcher:
        for high in (False, True, False):
            await asyncio.sleep(0.03)
            line.set(high)
        await asyncio.sleep(0.03)
    yield exact("falls and rises of an output", (2, 1), (len(watcher.falls), len(watcher.rises)))
    line.close()
    pins.pull(DRIVEN, up=True)
    yield exact("an output that was let go drives no more", True, pins.value(DRIVEN))
