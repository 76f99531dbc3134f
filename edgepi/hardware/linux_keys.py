"""Keys soldered to the machine, such as the Pi 5's power button, from the kernel's input layer."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
from collections.abc import Callable

from edgepi.errors import HardwareError

__all__ = ["LinuxKey", "key_devices"]

MOST_DEVICES = 32
EV_KEY, PRESSED = 1, 1
BUS_HOST = 0x19  # soldered to the board: neither a keyboard nor the television's remote control
KEY_BYTES = 96
ID_BYTES = 8
_EVENT = struct.Struct("llHHi")  # struct input_event: seconds, microseconds, type, code, value


def _request(number: int, size: int) -> int:
    """Return the number of an ioctl of the input layer that reads *size* bytes."""
    return 2 << 30 | size << 16 | ord("E") << 8 | number


EVIOCGID = _request(0x02, ID_BYTES)
EVIOCGKEY = _request(0x18, KEY_BYTES)
EVIOCGBIT_KEY = _request(0x20 + EV_KEY, KEY_BYTES)


def key_devices(code: int) -> tuple[list[int], list[str]]:
    """Open every device of the board that has the key; return them, and the names that cannot be opened."""
    found, refused = [], []
    for number in range(MOST_DEVICES):
        path = f"/dev/input/event{number}"
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError:
            refused.append(path)
            continue
        if _has_key(handle, code):
            found.append(handle)
        else:
            os.close(handle)
    return found, refused


def _has_key(handle: int, code: int) -> bool:
    try:
        (bus,) = struct.unpack_from("H", fcntl.ioctl(handle, EVIOCGID, bytes(ID_BYTES)))
        return bus == BUS_HOST and _bit(fcntl.ioctl(handle, EVIOCGBIT_KEY, bytes(KEY_BYTES)), code)
    except OSError:
        return False


def _bit(mask: bytes, code: int) -> bool:
    return bool(code // 8 < len(mask) and mask[code // 8] >> code % 8 & 1)


class LinuxKey:
    """One key, watched; *on_press* is called in the event loop's thread."""

    def __init__(
        self,
        code: int,
        on_press: Callable[[], None],
        *,
        loop: asyncio.AbstractEventLoop,
        devices: Callable[[int], tuple[list[int], list[str]]] = key_devices,
    ) -> None:
        self._code, self._on_press, self._loop = code, on_press, loop
        self._handles, refused = devices(code)
        if not self._handles:
            raise HardwareError(
                f"this machine has no key {code} that can be watched",
                hint=f"{refused[0]} cannot be opened: is the user in the group input?" if refused else None,
            )
        for handle in self._handles:
            loop.add_reader(handle, self._readable, handle)

    def _readable(self, handle: int) -> None:
        try:
            data = os.read(handle, _EVENT.size * 64)
        except BlockingIOError:
            return
        except OSError:  # the device is gone
            data = b""
        if not data:
            self._drop(handle)
        for at in range(0, len(data) - _EVENT.size + 1, _EVENT.size):
            _, _, kind, code, value = _EVENT.unpack_from(data, at)
            if (kind, code, value) == (EV_KEY, self._code, PRESSED):
                self._on_press()

    def value(self) -> bool:
        """Whether the key is down now."""
        for handle in self._handles:
            with contextlib.suppress(OSError):
                if _bit(fcntl.ioctl(handle, EVIOCGKEY, bytes(KEY_BYTES)), self._code):
                    return True
        return False

    def close(self) -> None:
        """Watch no more."""
        for handle in tuple(self._handles):
            self._drop(handle)

    def _drop(self, handle: int) -> None:
        self._handles.remove(handle)
        self._loop.remove_reader(handle)
        os.close(handle)
