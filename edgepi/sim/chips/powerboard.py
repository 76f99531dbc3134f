"""What the world asks of any simulated power board."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from edgepi.errors import HardwareError
from edgepi.sim.bus import SimulatedBus

__all__ = [
    "GPIO4",
    "KEY_POWER",
    "SYS_UP",
    "TXD",
    "AttributeBoard",
    "BoardEvent",
    "PowerBoard",
    "no_such_file",
]

GPIO4, SYS_UP, TXD = 4, 17, 14
KEY_POWER = 116  # of the kernel's input layer


def no_such_file(what: str) -> HardwareError:
    """Build the error of a file of the kernel that is not there."""
    error = HardwareError(what)
    error.errno = errno.ENOENT
    return error


@dataclass(frozen=True, slots=True)
class BoardEvent:
    """Something the board did at a time counted from its making.

    *kind* is ``on``, ``request`` (it asks the node to go), ``watchdog`` (it cuts a node that it does not
    hear of), ``halt_seen``, ``reboot_seen``, ``cut``,
    ``sys_up``, ``alarm_lost``, ``power_lost`` or ``power_back``; *reason* is the board's own number then.
    """

    kind: str
    reason: int
    at_s: float


class PowerBoard(Protocol):
    """A board that switches the node; made without arguments it is fresh from the factory.

    *on_event* hears each `BoardEvent`, *on_line* each change of a pin that the board drives.
    *txd_held_high* is another HAT that holds the line, so that the board never sees the halt.
    *alarms_to_miss* counts down: so many wake alarms pass as if they had never been (told as ``alarm_lost``).
    """

    name: ClassVar[str]
    on_event: Callable[[BoardEvent], None] | None
    on_line: Callable[[int, bool], None] | None
    txd_held_high: bool
    alarms_to_miss: int

    @property
    def rail_on(self) -> bool:
        """Whether the node has power."""

    @property
    def powered(self) -> bool:
        """Whether the board itself has power."""

    @property
    def asks_to_go(self) -> bool:
        """Whether the board has asked for shut-down, or saw the halt, and will cut."""

    @property
    def cut_in_s(self) -> float | None:
        """Seconds until the cut, if one is coming."""

    @property
    def eeprom_writes(self) -> int:
        """How many EEPROM cells were burnt in all."""

    def attach(self, bus: SimulatedBus) -> None:
        """Hang on at its addresses; from then on the bus's `step` is the board's too, once for each.

        A board that is itself the chip is stepped as one; any other calls ``bus.carry(self)``.
        """

    def feed(
        self, *, input_v: float, output_v: float, output_a: float, temperature_c: float, usb_v: float = 0.0
    ) -> None:
        """Take over what is true at its terminals now; the output counts while the rail is on.

        *input_v* is the battery; *usb_v* a panel at the socket of a board that charges its single cell.
        """

    def step(self, dt_s: float) -> None:
        """Let at most a second go by."""

    def set_line(self, pin: int, high: bool) -> None:
        """Follow a pin that the node drives: SYS_UP, or TXD, which falls when the system has halted."""

    def lines(self) -> dict[int, bool]:
        """Level of each pin that the board drives."""

    def power_on(self) -> None:
        """Start the node as if the input had just been connected with default-on set."""

    def press(self) -> None:
        """Press the button, and keep it down."""

    def release(self) -> None:
        """Let the button go."""

    def set_clock(self, time_utc: datetime) -> None:
        """Set the clock from outside; keeps whether it is sure of itself."""

    def lose_clock(self) -> None:
        """Forget the time as a board does whose coin cell is empty."""

    def clock_utc(self) -> datetime | None:
        """What the clock shows taken as UTC, or None if it shows no time."""

    def reason(self) -> str:
        """Why it last switched or asks to, in words."""

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The board that `to_dict` described; its callbacks are to be set again."""


@runtime_checkable
class AttributeBoard(Protocol):
    """A board that software sees through files of the kernel and the power key, not (only) through a bus.

    *on_key* hears each press that reaches the running system, with the key's number (`KEY_POWER`).
    """

    on_key: Callable[[int], None] | None

    def attribute(self, path: str) -> str:
        """Return the text of a file, its newline left out; raises HardwareError with the kernel's errno."""

    def set_attribute(self, path: str, text: str) -> None:
        """Take the text for a file; raises HardwareError with the kernel's errno."""

    def set_rtc(self, time_utc: datetime) -> None:
        """Set the clock as the node does; raises HardwareError if it is no clock that the kernel knows."""
