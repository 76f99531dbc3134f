"""The real machine: smbus2, gpiod, the system clock and systemctl."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgepi.clock import Clock, SystemClock
from edgepi.errors import HardwareError
from edgepi.hardware.attributes import KernelFiles
from edgepi.hardware.base import Phase
from edgepi.hardware.clock_trust import clock_is_set
from edgepi.hardware.linux_bus import LinuxBus
from edgepi.hardware.linux_keys import LinuxKey
from edgepi.hardware.linux_pins import Header, LinuxCounter, LinuxInput, LinuxOutput
from edgepi.hardware.linux_rtc import set_rtc
from edgepi.hardware.linux_video import find_video
from edgepi.model import Lease
from edgepi.plugin import VideoFeed

__all__ = ["LinuxMachine", "process_runs"]

POWER_OFF = ("systemctl", "poweroff")
ASK_TRUST_EVERY_S = 10.0


class LinuxMachine:
    """`Machine` on Linux."""

    simulated = False

    def __init__(
        self,
        *,
        allow_halt: bool,
        header: Header | None = None,
        power_off: tuple[str, ...] = POWER_OFF,
        trusted: Callable[[], bool] = clock_is_set,
        files: KernelFiles | None = None,
    ) -> None:
        self._can_halt = allow_halt
        self._header = header or Header()
        self._files = files or KernelFiles()
        self._power_off = power_off
        self._is_set = trusted
        self._clock = SystemClock(trusted=False)
        self._buses: dict[int, LinuxBus] = {}
        self._trust: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look whether the clock is set, and wait for it if it is not."""
        if await asyncio.to_thread(self._is_set):
            self._clock.trust()
        else:
            self._trust = asyncio.create_task(self._wait_for_trust(), name="clock trust")

    async def close(self) -> None:
        """Close every bus."""
        if self._trust is not None:
            self._trust.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._trust
        for bus in self._buses.values():
            await asyncio.to_thread(bus.close)

    async def _wait_for_trust(self) -> None:
        while not self._clock.trusted:
            await self._clock.sleep(ASK_TRUST_EVERY_S)
            if await asyncio.to_thread(self._is_set):
                self._clock.trust()

    @property
    def clock(self) -> Clock:
        """The machine's own time."""
        return self._clock

    @property
    def can_halt(self) -> bool:
        """Whether `halt` is allowed."""
        return self._can_halt

    def permit_halt(self) -> None:
        """Allow `halt` from now on."""
        self._can_halt = True

    def i2c(self, bus: int = 1) -> LinuxBus:
        """Open ``/dev/i2c-<bus>`` at its first transaction."""
        return self._buses.setdefault(bus, LinuxBus(bus))

    def output_line(self, pin: int, *, high: bool = False) -> LinuxOutput:
        """Drive a pin; raises HardwareError."""
        return LinuxOutput(self._header, pin, high=high)

    def input_line(
        self, pin: int, *, pull_up: bool = True, on_change: Callable[[bool], None] | None = None
    ) -> LinuxInput:
        """Watch a pin; raises HardwareError."""
        loop = asyncio.get_running_loop() if on_change else None
        return LinuxInput(self._header, pin, pull_up=pull_up, on_change=on_change, loop=loop)

    def pulse_counter(self, pin: int, *, pull_up: bool = True, bounce_s: float = 0.002) -> LinuxCounter:
        """Count closures of a switch; raises HardwareError."""
        return LinuxCounter(
            self._header, pin, pull_up=pull_up, bounce_s=bounce_s, monotonic_ns=time.monotonic_ns
        )

    async def set_clock(self, now_utc: datetime) -> None:
        """Set the system clock and trust it; raises HardwareError without the right to."""
        try:
            time.clock_settime(time.CLOCK_REALTIME, now_utc.astimezone(UTC).timestamp())
        except OSError as error:
            raise HardwareError(
                f"the clock cannot be set: {error.strerror}",
                hint="the service has this right; by hand use `sudo timedatectl set-time`",
            ) from error
        self._clock.trust()

    async def set_rtc(self, now_utc: datetime) -> None:
        """Set the machine's clock chip; raises HardwareError without one, or without the right to."""
        await asyncio.to_thread(set_rtc, now_utc)

    async def process_runs(self, pattern: str) -> bool:
        """Whether another process runs whose command line holds *pattern*."""
        return await asyncio.to_thread(process_runs, pattern)

    async def read_attribute(self, path: str) -> str:
        """Read a file of the kernel; raises HardwareError."""
        return await asyncio.to_thread(self._files.read, path)

    async def write_attribute(self, path: str, text: str) -> None:
        """Write a file of the kernel; raises HardwareError."""
        await asyncio.to_thread(self._files.write, path, text)

    def watch_key(self, code: int, on_press: Callable[[], None]) -> LinuxKey:
        """Watch a key of the board; raises HardwareError if there is none."""
        return LinuxKey(code, on_press, loop=asyncio.get_running_loop())

    async def video(self, device: str) -> VideoFeed:
        """Find a device of V4L2; raises DeviceNotFoundError."""
        return await asyncio.to_thread(find_video, device)

    async def halt(self, reason: str) -> None:
        """Power the machine off through systemd."""
        if not self._can_halt:
            raise HardwareError(
                f"not halting ({reason}): it is not allowed",
                hint="no power board was found; `allow_halt: true` under `energy` allows it all the same",
            )
        try:
            process = await asyncio.create_subprocess_exec(
                *self._power_off, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            raise HardwareError(f"{self._power_off[0]} cannot be run: {error.strerror}") from error
        _, said = await process.communicate()
        if process.returncode:
            raise HardwareError(
                f"the machine refused to halt: {said.decode(errors='replace').strip()}",
                hint="`edgepi service install` gives the right to halt",
            )

    async def tell(self, levels: Mapping[str, str], leases: Iterable[Lease]) -> None:
        """Nobody needs telling: the real power is what it is."""

    async def phase(self, phase: Phase) -> None:
        """Nobody needs telling."""

    async def truth(self) -> Mapping[str, Any] | None:
        """Nobody knows it here."""
        return None

    async def gone(self) -> str:
        """Wait for ever."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError


def process_runs(pattern: str, proc: Path = Path("/proc")) -> bool:
    """Whether a process but this one has *pattern* in its command line; blocks."""
    for entry in proc.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            if pattern in words.decode(errors="replace"):
                return True
    return False
