"""The kernel's files of a power board that hangs on no bus, with the faults that a bus has."""

from __future__ import annotations

import errno
import os
from datetime import datetime

from edgepi.errors import BusError, HardwareError
from edgepi.sim.bus import BusFaults
from edgepi.sim.chips.powerboard import AttributeBoard

__all__ = ["FILES", "BoardFiles"]

FILES = 0  # where the faults of files stand in `BusFaults`: no chip has this address


class BoardFiles:
    """What the node reads and writes; silent files fail, and so does a write during which the power goes."""

    def __init__(self, board: AttributeBoard, faults: BusFaults) -> None:
        self._board, self._faults = board, faults

    def attribute(self, path: str) -> str:
        """Return the text of a file; raises HardwareError."""
        self._check(path)
        text = self._board.attribute(path)
        if FILES in self._faults.garbage:
            return "".join(chr(self._faults.noise.randrange(33, 127)) for _ in range(8))
        return text

    def set_attribute(self, path: str, text: str) -> None:
        """Take the text for a file; raises HardwareError."""
        if self._takes(path):
            self._board.set_attribute(path, text)

    def set_rtc(self, time_utc: datetime) -> None:
        """Set the clock, as through the kernel's device; raises HardwareError."""
        if self._takes("/dev/rtc0"):
            self._board.set_rtc(time_utc)

    def _takes(self, path: str) -> bool:
        self._check(path)
        if self._faults.cuts(FILES):
            if self._faults.on_cut is not None:
                self._faults.on_cut()
            raise _failed(path)
        return FILES not in self._faults.deaf

    def _check(self, path: str) -> None:
        try:
            self._faults.check(FILES)
        except BusError:
            raise _failed(path) from None


def _failed(path: str) -> HardwareError:
    error = HardwareError(f"{path}: {os.strerror(errno.EIO)}")
    error.errno = errno.EIO
    return error
