"""The kernel's test camera as its user holds it: controls by name, its cable, which device is open where."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["controls", "formats", "holds", "plug", "press", "set_control", "unplug"]

# From videodev2.h: sizes of the structures, and the calls that take them.
CONTROL, QUERY, FORMAT = 8, 68, 64
READ_WRITE = 3 << 30
S_CTRL, QUERYCTRL, ENUM_FMT = (
    READ_WRITE | size << 16 | ord("V") << 8 | number
    for size, number in ((CONTROL, 28), (QUERY, 36), (FORMAT, 2))
)
NEXT, CAPTURE = 0x80000000, 1
DRIVER = Path("/sys/bus/platform/drivers/vivid")


@contextmanager
def _opened(device: str) -> Iterator[int]:
    file = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def controls(device: str) -> dict[str, int]:
    """The numbers of its controls by their names."""
    found, number = {}, 0
    with _opened(device) as file, suppress(OSError):
        while True:
            query = bytearray(QUERY)
            struct.pack_into("I", query, 0, number | NEXT)
            fcntl.ioctl(file, QUERYCTRL, query)
            (number,) = struct.unpack_from("I", query)
            found[query[8:40].split(b"\0")[0].decode()] = number
    return found


def formats(device: str) -> list[str]:
    """What it calls the formats that it offers, four letters each."""
    found: list[str] = []
    with _opened(device) as file, suppress(OSError):
        while True:
            asked = bytearray(FORMAT)
            struct.pack_into("II", asked, 0, len(found), CAPTURE)
            fcntl.ioctl(file, ENUM_FMT, asked)
            found.append(asked[44:48].decode("latin-1"))
    return found


def set_control(device: str, name: str, value: int) -> None:
    """Set a control, as v4l2-ctl does; raises KeyError, OSError."""
    number = controls(device)[name]
    with _opened(device) as file:
        fcntl.ioctl(file, S_CTRL, struct.pack("Ii", number, value))


def press(device: str, name: str) -> None:
    """Press a button: what it injects hits the next call of whoever uses the device."""
    set_control(device, name, 1)


def unplug() -> None:
    """Take all its cameras away; whoever has one open finds it gone."""
    (DRIVER / "unbind").write_text("vivid.0")


def plug() -> None:
    """Put them back."""
    (DRIVER / "bind").write_text("vivid.0")


def holds(pid: int | None, device: str) -> bool:
    """Whether a process has the device open, as the kernel tells it."""
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):
            if str(link.readlink()).removesuffix(" (deleted)") == device:
                return True
    return False
