"""The machine as the simulated world gives it: a client of its socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from edgepi.clock import Clock, ScaledClock, TimeScale
from edgepi.errors import HardwareError, WorldError
from edgepi.hardware.attributes import WRITABLE, allowed
from edgepi.hardware.base import Phase
from edgepi.hardware.channel import BlockingChannel, Channel
from edgepi.hardware.wire import PROTOCOL, feed_from_wire, scale_from_wire
from edgepi.hardware.world_pulses import Tally, WorldCounter
from edgepi.model import Lease
from edgepi.plugin import VideoFeed

__all__ = ["WorldBus", "WorldMachine"]


class WorldBus:
    """`edgepi.plugin.I2CBus` of the world; safe from several threads."""

    def __init__(self, path: Path, number: int) -> None:
        self._channel = BlockingChannel(path)
        self._number = number

    def _ask(self, method: str, *arguments: Any) -> Any:
        return self._channel.ask("i2c", bus=self._number, method=method, arguments=list(arguments))

    def read_byte(self, i2c_addr: int) -> int:
        """Read one byte without a register."""
        return int(self._ask("read_byte", i2c_addr))

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Write one byte without a register."""
        self._ask("write_byte", i2c_addr, value)

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Read one register."""
        return int(self._ask("read_byte_data", i2c_addr, register))

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write one register."""
        self._ask("write_byte_data", i2c_addr, register, value)

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read two registers, low byte first."""
        return int(self._ask("read_word_data", i2c_addr, register))

    def write_word_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write two registers, low byte first."""
        self._ask("write_word_data", i2c_addr, register, value)

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read *length* (at most 32) registers."""
        return list(self._ask("read_i2c_block_data", i2c_addr, register, length))

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int]) -> None:
        """Write up to 32 registers."""
        self._ask("write_i2c_block_data", i2c_addr, register, list(data))

    def close(self) -> None:
        """Hang up; the next transaction connects again."""
        self._channel.close()


class _Output:
    def __init__(self, machine: WorldMachine, pin: int) -> None:
        self._machine, self._pin = machine, pin

    def set(self, high: bool) -> None:
        self._machine.post("line.set", pin=self._pin, high=bool(high))

    def close(self) -> None:
        self._machine.post("line.release", pin=self._pin)


class _Input:
    def __init__(self, lines: Mapping[int, bool], pin: int, *, idle: bool, close: Callable[[], None]) -> None:
        self._lines, self._pin, self._idle, self.close = lines, pin, idle, close

    def value(self) -> bool:
        return self._lines.get(self._pin, self._idle)


class _Key:
    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close

    def value(self) -> bool:
        """Nobody holds a key down in the world: it is pressed and let go."""
        return False


class WorldMachine:
    """`Machine` in the world; its clock follows what the world pushes.

    What lives *beside* the node is told of time alone, and of the world's true time.
    """

    simulated = True

    def __init__(self, path: Path, *, allow_halt: bool, role: Literal["node", "beside"] = "node") -> None:
        self._path = path
        self._role = role
        self._can_halt = allow_halt
        self._lines: dict[int, bool] = {}
        self._pulses: dict[int, Tally] = {}
        self._listeners: dict[int, list[Callable[[bool], None]]] = {}
        self._keys: dict[int, list[Callable[[], None]]] = {}
        self._buses: dict[int, WorldBus] = {}
        self._clock = ScaledClock(TimeScale(0.0, 0.0, 0.0, 0.0), trusted=False)
        self._channel: Channel | None = None

    async def connect(self) -> None:
        """Take over time, lines and pulses; raises WorldError."""
        self._channel = await Channel.open(self._path, self._pushed)
        await self._channel.ask("hello", protocol=PROTOCOL, role=self._role)

    async def close(self) -> None:
        """Hang up everything."""
        for bus in self._buses.values():
            bus.close()
        if self._channel is not None:
            await self._channel.close()

    def _pushed(self, message: Mapping[str, Any]) -> None:
        if message["push"] == "clock":
            self._clock.rescale(scale_from_wire(message.get("scale")), trusted=bool(message.get("trusted")))
        elif message["push"] == "line":
            pin, high = int(message["pin"]), bool(message["high"])
            self._lines[pin] = high
            for listener in tuple(self._listeners.get(pin, ())):
                listener(high)
        elif message["push"] == "keys":
            self._keys.update({int(code): self._keys.get(int(code), []) for code in message["codes"]})
        elif message["push"] == "key":
            for pressed in tuple(self._keys.get(int(message["code"]), ())):
                pressed()
        elif message["push"] == "pulses":
            at_s = float(message["at_s"])
            for name, total in message["totals"].items():
                # The world counts since it began, and first tells when a counter is opened.
                tally = self._pulses.setdefault(int(name), Tally(int(total), at_s))
                tally.tell(int(total), at_s)

    def _connected(self) -> Channel:
        if self._channel is None:
            raise WorldError("not connected to a world")
        return self._channel

    def post(self, do: str, **arguments: Any) -> None:
        """Tell the world something that needs no answer; from any thread."""
        self._connected().post(do, **arguments)

    @property
    def clock(self) -> Clock:
        """The node's time as the world tells it."""
        return self._clock

    @property
    def can_halt(self) -> bool:
        """Whether `halt` is allowed."""
        return self._can_halt

    def permit_halt(self) -> None:
        """Allow `halt` from now on."""
        self._can_halt = True

    def i2c(self, bus: int = 1) -> WorldBus:
        """Open a bus of the world."""
        return self._buses.setdefault(bus, WorldBus(self._path, bus))

    def output_line(self, pin: int, *, high: bool = False) -> _Output:
        """Drive a pin."""
        line = _Output(self, pin)
        line.set(high)
        return line

    def input_line(
        self, pin: int, *, pull_up: bool = True, on_change: Callable[[bool], None] | None = None
    ) -> _Input:
        """Watch a pin; *on_change* is called in the event loop's thread."""
        listeners = self._listeners.setdefault(pin, [])
        if on_change is not None:
            listeners.append(on_change)

        def close() -> None:
            if on_change in listeners:
                listeners.remove(on_change)

        return _Input(self._lines, pin, idle=pull_up, close=close)

    def pulse_counter(self, pin: int, *, pull_up: bool = True, bounce_s: float = 0.002) -> WorldCounter:
        """Count closures of a switch; the world's switches do not bounce."""
        del pull_up, bounce_s
        self.post("pulses.watch", pin=pin)
        return WorldCounter(lambda: self._pulses.get(pin))

    async def set_clock(self, now_utc: datetime) -> None:
        """Set the node's wall clock; the world's own time stays as it is."""
        await self._connected().ask("set_clock", wall_s=now_utc.astimezone(UTC).timestamp())

    async def set_rtc(self, now_utc: datetime) -> None:
        """Set the clock chip of a node whose power board is that chip; raises HardwareError for any other."""
        await self._connected().ask("set_rtc", wall_s=now_utc.astimezone(UTC).timestamp())

    async def process_runs(self, pattern: str) -> bool:
        """Whether a process that the world was told to pretend holds *pattern*."""
        return bool(await self._connected().ask("process_runs", pattern=pattern))

    async def read_attribute(self, path: str) -> str:
        """Read a file of the kernel, as the simulated board has it; raises HardwareError."""
        return str(await self._connected().ask("attribute.read", path=allowed(path)))

    async def write_attribute(self, path: str, text: str) -> None:
        """Write a file of the kernel, as the simulated board takes it; raises HardwareError."""
        await self._connected().ask("attribute.write", path=allowed(path, WRITABLE), text=text)

    def watch_key(self, code: int, on_press: Callable[[], None]) -> _Key:
        """Watch a key of the simulated board; raises HardwareError if there is none."""
        if code not in self._keys:
            raise HardwareError(f"this machine has no key {code} that can be watched")
        listeners = self._keys[code]
        listeners.append(on_press)

        def close() -> None:
            if on_press in listeners:
                listeners.remove(on_press)

        return _Key(close)

    async def video(self, device: str) -> VideoFeed:
        """Find what the world plays there; raises DeviceNotFoundError."""
        return feed_from_wire(await self._connected().ask("video.open", device=device))

    async def halt(self, reason: str) -> None:
        """Ask for the end; the world lowers TXD when the node's process has ended."""
        if not self._can_halt:
            raise HardwareError(
                f"not halting ({reason}): it is not allowed",
                hint="no power board was found; `allow_halt: true` under `energy` allows it all the same",
            )
        await self._connected().ask("halt", reason=reason)

    async def tell(self, levels: Mapping[str, str], leases: Iterable[Lease]) -> None:
        """Say what runs, so that the world can draw its true power."""
        jobs = [
            {"offer": lease.offer.offer_id, "consumer": lease.offer.consumer, "state": lease.state.value}
            for lease in leases
        ]
        await self._connected().ask("tell", levels=dict(levels), leases=jobs)

    async def phase(self, phase: Phase) -> None:
        """Say where the node is in its life; the world's rate follows."""
        await self._connected().ask("phase", phase=phase.value)

    async def truth(self) -> Mapping[str, Any] | None:
        """What the world knows to be true."""
        truth: Mapping[str, Any] = await self._connected().ask("truth")
        return truth

    async def gone(self) -> str:
        """Wait until the world has gone away."""
        await self._connected().closed.wait()
        return "the simulated world has gone away"
