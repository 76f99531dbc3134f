"""Buses, pins and the machine, as plugins see them; real, or the world's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Hardware", "I2CBus", "InputLine", "OutputLine", "PulseCounter", "VideoFeed"]


class I2CBus(Protocol):
    """One I2C bus; the names are those of smbus2, so that drivers written for it fit.

    Every call blocks: use it inside ``context.run_blocking``. All raise `BusError`.
    """

    def read_byte(self, i2c_addr: int) -> int:
        """Read one byte without a register."""

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Write one byte without a register."""

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Read one register."""

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write one register."""

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read two registers, low byte first."""

    def write_word_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write two registers, low byte first."""

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read *length* (at most 32) registers."""

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int]) -> None:
        """Write up to 32 registers."""


class OutputLine(Protocol):
    """One pin that is driven."""

    def set(self, high: bool) -> None:
        """Drive the pin."""

    def close(self) -> None:
        """Let go of the pin."""


class InputLine(Protocol):
    """One pin that is watched."""

    def value(self) -> bool:
        """Whether the pin is high now."""

    def close(self) -> None:
        """Let go of the pin."""


class PulseCounter(Protocol):
    """Counts the closures of one switch."""

    def total(self) -> int:
        """Closures since the counter was opened."""

    def most(self, within_s: float) -> int | None:
        """Most closures in any time of that length which ended since this was asked last.

        None where it is not known when the switch closed.
        """

    def close(self) -> None:
        """Let go of the pin."""


@dataclass(frozen=True, slots=True)
class VideoFeed:
    """Where the pictures of a video device are read from.

    *url* is what FFmpeg opens, as *format* if that is given; *label* says what is seen, where it is not what
    stands before a lens.
    """

    url: str
    format: str | None = None
    label: str = ""


class Hardware(Protocol):
    """What of the machine a plugin may use. Pins are numbered as BCM GPIO."""

    @property
    def simulated(self) -> bool:
        """Whether this is the world's hardware."""

    def i2c(self, bus: int = 1) -> I2CBus:
        """Open a bus; shared by all who ask for the same number, one transaction at a time."""

    def output_line(self, pin: int, *, high: bool = False) -> OutputLine:
        """Drive a pin."""

    def input_line(
        self, pin: int, *, pull_up: bool = True, on_change: Callable[[bool], None] | None = None
    ) -> InputLine:
        """Watch a pin; *on_change* is called in the event loop's thread."""

    def pulse_counter(self, pin: int, *, pull_up: bool = True, bounce_s: float = 0.002) -> PulseCounter:
        """Count closures of a switch between the pin and ground."""

    async def set_clock(self, now_utc: datetime) -> None:
        """Set the machine's clock."""

    async def set_rtc(self, now_utc: datetime) -> None:
        """Set the machine's own clock chip, /dev/rtc0; raises HardwareError where there is none."""

    async def process_runs(self, pattern: str) -> bool:
        """Whether a foreign process whose command line holds *pattern* runs."""

    async def read_attribute(self, path: str) -> str:
        """Read a file of the kernel below /sys/class, /sys/devices, /sys/firmware or /proc/device-tree.

        Also below /sys/bus/nvmem and /proc/sys/kernel/random. The text comes without the newline and NULs at
        its end. Raises HardwareError, with the kernel's errno.
        """

    async def write_attribute(self, path: str, text: str) -> None:
        """Write a file below /sys/class, /sys/devices or /sys/firmware; raises as `read_attribute` does."""

    def watch_key(self, code: int, on_press: Callable[[], None]) -> InputLine:
        """Watch a key of the board itself by its number of the kernel's input layer (116: power).

        *on_press* is called in the event loop's thread; the line's value is whether the key is down.
        Raises HardwareError if there is no such key.
        """

    async def video(self, device: str) -> VideoFeed:
        """Find a video device, such as ``/dev/video0``; raises DeviceNotFoundError if it is not there."""
