"""A real I2C bus through smbus2."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from edgepi.errors import BusError

if TYPE_CHECKING:
    from smbus2 import SMBus

__all__ = ["LinuxBus", "bus_error"]

_ENABLE = "switch I2C on with `sudo raspi-config nonint do_i2c 0`, then reboot"
_PERMIT = "give the user the bus with `sudo usermod -aG i2c $USER`, then log in again"
_HELD = "a driver of the kernel may hold the chip: is there a dtoverlay for it in config.txt?"
_NO_ANSWER = (errno.EREMOTEIO, errno.ENXIO, errno.EIO)


def bus_error(error: OSError, number: int, address: int | None) -> BusError:
    """Say in a sentence what a failed open or transaction means; keeps the errno."""
    device = f"/dev/i2c-{number}"
    if address is None:
        hints = {errno.ENOENT: _ENABLE, errno.ENODEV: _ENABLE, errno.EACCES: _PERMIT, errno.EPERM: _PERMIT}
        result = BusError(f"{device}: {error.strerror or error}", hint=hints.get(error.errno or 0))
    elif error.errno in _NO_ANSWER:
        result = BusError(
            f"I2C address 0x{address:02x} on {device}: no answer", hint="check wiring and address"
        )
    else:
        hint = _HELD if error.errno == errno.EBUSY else None
        result = BusError(f"I2C address 0x{address:02x} on {device}: {error.strerror or error}", hint=hint)
    result.errno = error.errno
    return result


def _open(number: int) -> SMBus:
    try:
        from smbus2 import SMBus
    except ImportError as error:
        raise BusError("the package smbus2 is missing", hint="pip install 'edgepi[i2c]'") from error
    return SMBus(number)


class LinuxBus:
    """`edgepi.plugin.I2CBus` on ``/dev/i2c-N``; opened at the first transaction, shared by threads."""

    def __init__(self, number: int, open_bus: Callable[[int], Any] = _open) -> None:
        self._number = number
        self._open = open_bus
        self._bus: Any = None
        self._lock = threading.Lock()

    def _call(self, method: str, i2c_addr: int, *arguments: Any) -> Any:
        with self._lock:
            if self._bus is None:
                try:
                    self._bus = self._open(self._number)
                except BusError:
                    raise
                except OSError as error:
                    raise bus_error(error, self._number, None) from error
            try:
                return getattr(self._bus, method)(i2c_addr, *arguments)
            except OSError as error:
                raise bus_error(error, self._number, i2c_addr) from error

    def read_byte(self, i2c_addr: int) -> int:
        """Read one byte without a register."""
        return int(self._call("read_byte", i2c_addr))

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Write one byte without a register."""
        self._call("write_byte", i2c_addr, value)

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Read one register."""
        return int(self._call("read_byte_data", i2c_addr, register))

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write one register."""
        self._call("write_byte_data", i2c_addr, register, value)

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read two registers, low byte first."""
        return int(self._call("read_word_data", i2c_addr, register))

    def write_word_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write two registers, low byte first."""
        self._call("write_word_data", i2c_addr, register, value)

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read *length* (at most 32) registers."""
        return list(self._call("read_i2c_block_data", i2c_addr, register, length))

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int]) -> None:
        """Write up to 32 registers."""
        self._call("write_i2c_block_data", i2c_addr, register, list(data))

    def close(self) -> None:
        """Close the device; the next transaction opens it again."""
        with self._lock:
            if self._bus is not None:
                self._bus.close()
                self._bus = None
