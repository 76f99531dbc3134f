"""A stand-in for the hardware of a node: pins, buses, keys, the kernel's files, and the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edgepi.errors import DeviceNotFoundError, HardwareError
from edgepi.hardware.attributes import WRITABLE, allowed
from edgepi.plugin import I2CBus, VideoFeed
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.powerboard import no_such_file

__all__ = ["Attributes", "FakeHardware", "FakeKey", "FakeLine"]


@dataclass(slots=True)
class FakeLine:
    """One pin, driven, watched or counted."""

    pin: int
    high: bool
    on_change: Callable[[bool], None] | None = None
    history: list[bool] = field(default_factory=list)
    count: int = 0
    closed: bool = False
    most_closures: int | None = None

    def set(self, high: bool) -> None:
        """Drive the pin."""
        self.high = high
        self.history.append(high)
        if self.on_change:
            self.on_change(high)

    def value(self) -> bool:
        """Level of the pin."""
        return self.high

    def total(self) -> int:
        """Closures so far."""
        return self.count

    def most(self, within_s: float) -> int | None:
        """What *most_closures* says, whatever the time."""
        del within_s
        return self.most_closures

    def close(self) -> None:
        """Let go of the pin."""
        self.closed = True


@dataclass(slots=True)
class FakeKey:
    """One key that is watched."""

    on_press: Callable[[], None]
    down: bool = False
    closed: bool = False

    def value(self) -> bool:
        """Whether it is down."""
        return self.down

    def close(self) -> None:
        """Watch no more."""
        self.closed = True


class Attributes(Protocol):
    """What answers for the kernel's files, such as a simulated power board."""

    def attribute(self, path: str) -> str:
        """Return the text of a file."""

    def set_attribute(self, path: str, text: str) -> None:
        """Take the text for a file."""

    def set_rtc(self, time_utc: datetime) -> None:
        """Set the clock chip."""


class FakeHardware:
    """`edgepi.plugin.Hardware` in memory.

    *outputs*, *inputs* and *counters* hold the pins that were opened; *wires* says what a driven
    pin is wired to; *processes* are the command lines that run; *clock_sets* the times that the
    machine's clock was set to. *attributes* are the kernel's files and *attribute_sets* what was written;
    *files* answers instead of them, if set. *keys* are those that there are; `press_key` presses one.
    *videos* are the video devices that there are, each with its feed.
    """

    simulated = True

    def __init__(self, buses: dict[int, I2CBus] | None = None) -> None:
        self.buses: dict[int, I2CBus] = dict(buses or {})
        self.outputs: dict[int, FakeLine] = {}
        self.inputs: dict[int, FakeLine] = {}
        self.counters: dict[int, FakeLine] = {}
        self.wires: dict[int, Callable[[bool], None]] = {}
        self.processes: list[str] = []
        self.attributes: dict[str, str] = {}
        self.attribute_sets: list[tuple[str, str]] = []
        self.files: Attributes | None = None
        self.keys: dict[int, list[FakeKey]] = {}
        self.videos: dict[str, VideoFeed] = {}
        self.clock_sets: list[datetime] = []
        self.on_set_clock: Callable[[datetime], None] | None = None

    def i2c(self, bus: int = 1) -> I2CBus:
        """The bus that was put in, or an empty one for bus 1; others do not exist."""
        if bus not in self.buses:
            if bus != 1:
                raise HardwareError(f"there is no I2C bus {bus}")
            self.buses[bus] = SimulatedBus()
        return self.buses[bus]

    def output_line(self, pin: int, *, high: bool = False) -> FakeLine:
        """Drive a pin."""
        self.outputs[pin] = FakeLine(pin, high, self.wires.get(pin))
        return self.outputs[pin]

    def input_line(
        self, pin: int, *, pull_up: bool = True, on_change: Callable[[bool], None] | None = None
    ) -> FakeLine:
        """Watch a pin; a test moves it with ``hardware.inputs[pin].set(...)``."""
        self.inputs[pin] = FakeLine(pin, pull_up, on_change)
        return self.inputs[pin]

    def pulse_counter(self, pin: int, *, pull_up: bool = True, bounce_s: float = 0.002) -> FakeLine:
        """Count pulses; a test adds to ``hardware.counters[pin].count``."""
        del bounce_s
        self.counters[pin] = FakeLine(pin, pull_up)
        return self.counters[pin]

    async def set_clock(self, now_utc: datetime) -> None:
        """Note the time, and pass it on to *on_set_clock*."""
        self.clock_sets.append(now_utc)
        if self.on_set_clock:
            self.on_set_clock(now_utc)

    async def set_rtc(self, now_utc: datetime) -> None:
        """Set the clock chip of *files*; there is no other."""
        if self.files is None:
            raise no_such_file("/dev/rtc0 cannot be set: No such file or directory")
        await asyncio.to_thread(self.files.set_rtc, now_utc)

    async def process_runs(self, pattern: str) -> bool:
        """Whether one of *processes* holds the pattern."""
        return any(pattern in each for each in self.processes)

    async def read_attribute(self, path: str) -> str:
        """Give what *files* answers, or what *attributes* holds."""
        plain = allowed(path)
        if self.files is not None:
            return await asyncio.to_thread(self.files.attribute, plain)
        if plain not in self.attributes:
            raise no_such_file(f"{plain} cannot be read: No such file or directory")
        return self.attributes[plain]

    async def write_attribute(self, path: str, text: str) -> None:
        """Note what is written, and hand it to *files* or *attributes*; a file must be there."""
        plain = allowed(path, WRITABLE)
        if self.files is None and plain not in self.attributes:
            raise no_such_file(f"{plain} cannot be written: No such file or directory")
        self.attribute_sets.append((plain, text))
        if self.files is not None:
            await asyncio.to_thread(self.files.set_attribute, plain, text)
        else:
            self.attributes[plain] = text

    def watch_key(self, code: int, on_press: Callable[[], None]) -> FakeKey:
        """Watch one of *keys*."""
        if code not in self.keys:
            raise HardwareError(f"this machine has no key {code} that can be watched")
        self.keys[code].append(FakeKey(on_press))
        return self.keys[code][-1]

    def press_key(self, code: int) -> None:
        """Press a key, for all who still watch it."""
        for key in self.keys[code]:
            if not key.closed:
                key.on_press()

    async def video(self, device: str) -> VideoFeed:
        """Find one of *videos*."""
        if device not in self.videos:
            raise DeviceNotFoundError(f"there is no {device!r}")
        return self.videos[device]
