"""The clock chip that the kernel keeps the time with, set by the one way that it has: an ioctl."""

from __future__ import annotations

import fcntl
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

from edgepi.errors import HardwareError

__all__ = ["DEVICE", "set_rtc"]

DEVICE = Path("/dev/rtc0")
RTC_SET_TIME = 0x4024700A  # _IOW('p', 0x0a, struct rtc_time)
_RTC_TIME = struct.Struct("9i")


def set_rtc(now_utc: datetime, device: Path = DEVICE) -> None:
    """Set the clock chip to UTC; blocks; raises HardwareError without one, or without the right to."""
    t = now_utc.astimezone(UTC)
    time = _RTC_TIME.pack(t.second, t.minute, t.hour, t.day, t.month - 1, t.year - 1900, 0, 0, 0)
    try:
        handle = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(handle, RTC_SET_TIME, time)
        finally:
            os.close(handle)
    except OSError as error:
        failed = HardwareError(
            f"{device} cannot be set: {error.strerror or error}",
            hint="the service has this right; by hand use `sudo hwclock --systohc --utc`",
        )
        failed.errno = error.errno
        raise failed from error
