"""Whether the machine's wall clock can be believed."""

from __future__ import annotations

import ctypes
from pathlib import Path

__all__ = ["clock_is_set", "kernel_says_synchronised", "rtc_set_the_clock"]

TIMESYNC = Path("/run/systemd/timesync/synchronized")
RTC = Path("/sys/class/rtc/rtc0")
OLDEST_RTC_S = 1_735_689_600  # 2025-01-01: a clock without battery starts before this
_TIME_ERROR = 5  # of adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; modes = 0 only reads


def kernel_says_synchronised() -> bool:
    """Whether the kernel's clock is disciplined by a time source (adjtimex(2) with modes 0)."""
    try:
        state: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= state < _TIME_ERROR


def rtc_set_the_clock(rtc: Path = RTC) -> bool:
    """Whether the kernel took its time at start from a clock chip that had kept it."""
    try:
        taken = (rtc / "hctosys").read_text().strip() == "1"
        return taken and int((rtc / "since_epoch").read_text()) > OLDEST_RTC_S
    except (OSError, ValueError):
        return False


def clock_is_set() -> bool:
    """Whether wall time comes from the network or from a clock chip."""
    return TIMESYNC.exists() or kernel_says_synchronised() or rtc_set_the_clock()
