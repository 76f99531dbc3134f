"""The clock in the Pi 5's power chip, and what Linux makes of it (sysfs.c and rtc-rpi.c in drivers/rtc)."""

from __future__ import annotations

import errno
import math
import os
import re
from datetime import UTC, datetime
from typing import Any, Self

from edgepi.errors import HardwareError

__all__ = ["Pi5Rtc", "kernel_error"]

WHOLE = re.compile(r"[+-]?(0x[0-9a-f]+|\d+)\s?", re.IGNORECASE)
LAST_S = 0xFFFFFFFF  # the firmware takes 32 bits


def kernel_error(path: str, number: int) -> HardwareError:
    """Build the error of a file of the kernel."""
    error = HardwareError(f"{path}: {os.strerror(number)}")
    error.errno = number
    return error


class Pi5Rtc:
    """Seconds since 1970, and one alarm; *alarm_s* and *alarm_on* are the chip's, *timer_s* the kernel's.

    The chip interrupts nobody while the system runs, so the kernel goes on showing an alarm that has
    passed, and refuses the next one, until it is told 0 or sets the clock.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.alarm_s = 0
        self.alarm_on = False
        self.timer_s: int | None = None

    def step(self, dt_s: float) -> bool:
        """Let time pass; return whether the alarm came due in it."""
        before_s, self.now_s = self.now_s, self.now_s + dt_s
        return self.alarm_on and before_s < self.alarm_s <= self.now_s

    def booted(self) -> None:
        """Take over the chip's alarm as the kernel's driver does when it is loaded."""
        self.timer_s = self.alarm_s if self.alarm_on and self.alarm_s > self.now_s else None

    def lose(self) -> None:
        """Forget everything, for neither supply nor cell is left."""
        self.now_s, self.alarm_s, self.alarm_on, self.timer_s = 0.0, 0, False, None

    def set_time(self, time_utc: datetime) -> None:
        """Set the clock as the kernel does, which then drops an alarm that has passed."""
        self.now_s = float(math.floor(time_utc.astimezone(UTC).timestamp()))
        if self.timer_s is not None and self.timer_s <= self.now_s:
            self._no_alarm()

    def wakealarm(self) -> str:
        """What the file shows: nothing without an alarm."""
        return "" if self.timer_s is None else str(self.timer_s)

    def set_wakealarm(self, path: str, text: str) -> None:
        """Take ``0``, ``+600``, ``+=600`` or seconds since 1970.

        What is not in the future switches the alarm off and is no error. Raises HardwareError: EBUSY
        while an alarm is set, EINVAL for what is no number, or for a push without an alarm.
        """
        now_s = math.floor(self.now_s)
        push, add = text.startswith("+="), text.startswith("+")
        number = text[2:] if push else text[1:] if add else text
        if not WHOLE.fullmatch(number):
            raise kernel_error(path, errno.EINVAL)
        wanted_s = int(number.strip(), 0 if "x" in number.lower() else 10)
        if abs(wanted_s) >= 1 << 63:
            raise kernel_error(path, errno.ERANGE)
        wanted_s += now_s if add and not push else 0
        if wanted_s <= now_s and not push:
            self._no_alarm()
            return
        if push and self.timer_s is None:
            raise kernel_error(path, errno.EINVAL)
        if not push and self.timer_s is not None:
            raise kernel_error(path, errno.EBUSY)
        self._set_alarm(wanted_s + (self.timer_s or 0 if push else 0))

    def _set_alarm(self, wanted_s: int) -> None:
        self.timer_s = wanted_s
        self.alarm_s, self.alarm_on = wanted_s & LAST_S, True

    def _no_alarm(self) -> None:
        self.timer_s, self.alarm_on = None, False

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {"now_s": self.now_s, "alarm_s": self.alarm_s, "on": self.alarm_on, "timer_s": self.timer_s}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The clock that `to_dict` described."""
        rtc = cls()
        rtc.now_s, rtc.alarm_s = float(data["now_s"]), int(data["alarm_s"])
        rtc.alarm_on, rtc.timer_s = bool(data["on"]), data["timer_s"]
        return rtc
