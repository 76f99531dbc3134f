"""LinuxMachine's pins on the kernel's GPIO simulator: switches counted, lines heard, pins driven."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Protocol

import gpiod
from real_bus_pins import SimulatedPins, Watcher
from real_bus_rows import Row, exact, refusal

from edgepi.errors import HardwareError
from edgepi.hardware.linux import LinuxMachine
from edgepi.hardware.linux_pins import Header

__all__ = ["counts", "drives", "hears"]

SWITCH, LINE, DRIVEN = 22, 23, 24
CLOSURES = 200
DEFAULT_BOUNCE_S = 0.002
SETTLED_S = 0.1
SERIES = 60
RATES_HZ = (25, 50, 75, 100, 150)


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
    ours = await _ever_faster(pins, lambda: machine.pulse_counter(SWITCH, bounce_s=DEFAULT_BOUNCE_S))
    whole = all(counted == SERIES for _, counted in ours)
    yield Row(
        f"{SERIES} closures, ever faster, debounce of 2 ms", f"{SERIES} at each rate", _words(ours), whole
    )
    kernels = await _ever_faster(pins, _KernelsDebounce)
    yield Row("the same by the kernel's own debounce", "beside it, no target", _words(kernels), ok=True)


class _Counter(Protocol):
    def total(self) -> int: ...
    def close(self) -> None: ...


class _KernelsDebounce:
    """A counter that leaves it to the kernel what a bounce is."""

    def __init__(self) -> None:
        line = gpiod.line
        settings = gpiod.LineSettings(
            bias=line.Bias.PULL_UP,
            edge_detection=line.Edge.FALLING,
            debounce_period=timedelta(seconds=DEFAULT_BOUNCE_S),
        )
        self._request = Header().request(SWITCH, settings)

    def total(self) -> int:
        newest = 0
        while self._request.wait_edge_events(0):
            newest = self._request.read_edge_events()[-1].line_seqno
        return newest

    def close(self) -> None:
        self._request.release()


async def _ever_faster(pins: SimulatedPins, start: Callable[[], _Counter]) -> list[tuple[float, int]]:
    """Up to a wind that no anemometer survives, 100 Hz are 240 km/h; closed for half of the time."""
    results = []
    for rate_hz in RATES_HZ:
        counter = start()
        really_hz = await asyncio.to_thread(pins.pulses, SWITCH, SERIES, 1 / rate_hz)
        await asyncio.sleep(SETTLED_S)
        results.append((really_hz, counter.total()))
        counter.close()
    return results


def _words(results: list[tuple[float, int]]) -> str:
    return ", ".join(f"{really_hz:.0f} Hz: {counted}" for really_hz, counted in results)


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
