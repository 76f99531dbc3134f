"""What FFmpeg leaves to its user where it reads a video device of the kernel."""

from __future__ import annotations

import ctypes
import os
import select
from contextlib import suppress
from pathlib import Path
from typing import Any

import av

from edgepi.clock import Clock

__all__ = ["Patience", "copied", "let_go", "there"]

SLICE_S = 0.25
# A burst after a nap is worked off in less; whoever needs longer works on pictures of the past.
BEHIND_S = 1.0


class Patience:
    """Waits for pictures of an open device, so that nobody hangs in it, and sees if they come too fast."""

    def __init__(self, url: str, timeout_s: float, clock: Clock) -> None:
        self._clock = clock
        self._empty_s = clock.monotonic()
        self._poll = select.poll()
        self._slices = self._left = max(1, round(timeout_s / SLICE_S))
        self._waits = False
        if (file := _descriptor(url)) is not None:
            self._poll.register(file, select.POLLIN)
            self._waits = True

    def ready(self) -> bool:
        """Wait a moment; whether there is something to read. Raises TimeoutError after the time-out."""
        if not self._waits or self._waiting() or self._poll.poll(SLICE_S * 1000):
            self._left = self._slices
            return True
        self._left -= 1
        if self._left <= 0:
            raise TimeoutError
        return False

    def behind(self) -> bool:
        """Whether the next picture waits already, and one always has for too long."""
        return self._waits and self._waiting() and self._clock.monotonic() - self._empty_s > BEHIND_S

    def _waiting(self) -> bool:
        if self._poll.poll(0):
            return True
        self._empty_s = self._clock.monotonic()
        return False


def _descriptor(url: str) -> int | None:
    """Where this process has it open, opened last."""
    path, found = Path(url).resolve(), []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if link.readlink() == path:
                found.append(int(link.name))
    return max(found, default=None)


def copied(packet: av.Packet[Any]) -> av.Packet[Any]:
    """Return a packet of its own memory: a device's is the kernel's, and gone when the device is closed."""
    copy: av.Packet[Any] = av.Packet(bytes(packet))
    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
    copy.is_keyframe = packet.is_keyframe
    return copy


def there(url: str) -> bool:
    """Whether a device can be opened, whatever it is good for."""
    try:
        os.close(os.open(url, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def let_go(url: str) -> None:
    """Unmap what FFmpeg leaves mapped where a device refused to begin: it would be busy ever after."""
    path, library = str(Path(url).resolve()), ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        where, *_, name = line.split(maxsplit=5)
        if name.removesuffix(" (deleted)") == path:
            first, end = (int(number, 16) for number in where.split("-"))
            library.munmap(ctypes.c_void_p(first), ctypes.c_size_t(end - first))
