"""The clock chip as the kernel shows it in files; everything that is written is read back."""

from __future__ import annotations

import errno
import math
from datetime import UTC, datetime, timedelta

from edgepi.errors import DeviceNotFoundError, HardwareError, VerificationError
from edgepi.plugin import Hardware

__all__ = ["Pi5Chip", "find"]

DRIVER = "rpi-rtc"
CLOCKS = 4
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)  # a clock that lost the time starts again at 1970
LAST = datetime(2106, 1, 1, tzinfo=UTC)
TRIES = 3
TOLERANCE = timedelta(seconds=2)
RIGHTS = "`edgepi service install` gives the right to set alarms"


async def find(hardware: Hardware) -> Pi5Chip:
    """Look for the Pi 5's clock among those that the kernel knows; raises DeviceNotFoundError."""
    for number in range(CLOCKS):
        try:
            name = await hardware.read_attribute(f"/sys/class/rtc/rtc{number}/name")
        except HardwareError as error:
            if error.errno == errno.ENOENT:
                continue
            raise
        if name.split(" ", 1)[0] == DRIVER:
            return Pi5Chip(hardware, number)
    raise DeviceNotFoundError(
        "this machine has no clock of a Raspberry Pi 5",
        hint="the plugin `pi5` needs a Pi 5 or Compute Module 5 with Raspberry Pi OS",
    )


class Pi5Chip:
    """Time, alarm and cell. Every call may raise HardwareError."""

    def __init__(self, hardware: Hardware, number: int) -> None:
        self._hardware = hardware
        self._number = number
        self._folder = f"/sys/class/rtc/rtc{number}"

    async def now(self) -> datetime | None:
        """What the clock shows; None if it has lost the time."""
        held = _whole(await self._hardware.read_attribute(f"{self._folder}/since_epoch"), "time")
        shown = None if held is None else _as_time(held)
        return shown if shown is not None and EARLIEST <= shown < LAST else None

    async def set(self, now_utc: datetime) -> None:
        """Set the clock to the nearest second, and read it back."""
        if self._number:
            raise HardwareError(
                f"the Pi 5's clock is rtc{self._number}, and only rtc0 is set",
                hint="remove the overlay of the other clock from config.txt",
            )
        await self._hardware.set_rtc(now_utc + timedelta(milliseconds=500))
        held = await self.now()
        if held is None or abs(held - now_utc) > TOLERANCE:
            raise VerificationError(f"the Pi 5's clock shows {held or 'no time'} where {now_utc} was set")

    async def alarm(self) -> datetime | None:
        """When it wakes the Pi; None if no alarm is set."""
        held = _whole(await self._hardware.read_attribute(f"{self._folder}/wakealarm"), "alarm")
        return None if held is None else _as_time(held)

    async def arm(self, wake_utc: datetime) -> None:
        """Hold an alarm, a whole second; another one, even one that passed, must be taken back first."""
        wanted = str(math.floor(wake_utc.timestamp()))
        held = await self.alarm()
        for _ in range(TRIES):
            if held == wake_utc:
                return
            await self._write("0")
            try:
                await self._write(wanted)
            except HardwareError as error:
                if error.errno != errno.EBUSY:
                    raise
            held = await self.alarm()
        if held != wake_utc:
            raise VerificationError(
                f"the Pi 5 holds the alarm {held or 'none'} where {wake_utc} was set",
                hint="does other software set /sys/class/rtc/rtc0/wakealarm?",
            )

    async def disarm(self) -> None:
        """Hold no alarm."""
        if await self.alarm() is None:
            return
        await self._write("0")
        if (held := await self.alarm()) is not None:
            raise VerificationError(f"the Pi 5 still holds the alarm {held}")

    async def cell_v(self) -> float | None:
        """V of the cell at J5; None where the kernel does not show it."""
        try:
            text = await self._hardware.read_attribute(f"{self._folder}/battery_voltage")
            microvolts = _whole(text, "cell")
        except HardwareError:
            return None
        return None if microvolts is None else microvolts / 1e6

    async def _write(self, text: str) -> None:
        try:
            await self._hardware.write_attribute(f"{self._folder}/wakealarm", text)
        except HardwareError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                refused = HardwareError("this user may not set the Pi 5's alarm", hint=RIGHTS)
                refused.errno = error.errno
                raise refused from error
            raise


def _whole(text: str, what: str) -> int | None:
    plain = text.strip()
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()):
        raise HardwareError(f"the Pi 5's {what} reads {plain[:20]!r}, which is no number")
    return int(plain)


def _as_time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise HardwareError(f"the Pi 5's clock reads {seconds}, which is no time") from error
