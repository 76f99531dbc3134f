"""The files in which Linux on a Pi 5 shows its clock, its boot loader's settings and why it was reset."""

from __future__ import annotations

import errno
import math
from dataclasses import dataclass
from datetime import UTC, datetime

from edgepi.sim.chips.pi5_rtc import Pi5Rtc, kernel_error

__all__ = ["BOOT_ID", "RTC", "WAKEALARM", "Pi5State", "setting", "text_of"]

RTC = "/sys/class/rtc/rtc0"
WAKEALARM = f"{RTC}/wakealarm"
NVMEM = "/sys/bus/nvmem/devices/rmem0"
CHOSEN = "/proc/device-tree/chosen"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass(slots=True)
class Pi5State:
    """What the firmware tells of itself: its settings, and the registers it found when it started.

    *cell_v* is the cell at the socket J5, 0 without one; *charge_v* what it is charged to, 0 for not at all.
    """

    settings: str
    cell_v: float
    charge_v: float = 0.0
    rsts: int = 0
    power_reset: int = 0
    boots: int = 0


def setting(settings: str, key: str) -> str | None:
    """Return the last value of a key that is meant for every machine."""
    found, meant = None, True
    for line in (each.strip() for each in settings.splitlines()):
        if line.startswith("["):
            meant = line in ("[all]", "[pi5]")
        elif meant and line.partition("=")[0].strip() == key:
            found = line.partition("=")[2].strip()
    return found


def text_of(path: str, rtc: Pi5Rtc, state: Pi5State) -> str:
    """Return a file's text without what ends it; raises HardwareError where there is no such file."""
    now = datetime.fromtimestamp(math.floor(rtc.now_s), UTC)
    files = {
        f"{RTC}/name": "rpi-rtc soc@107c000000:rpi_rtc",
        f"{RTC}/date": f"{now:%Y-%m-%d}",
        f"{RTC}/time": f"{now:%H:%M:%S}",
        f"{RTC}/since_epoch": str(math.floor(rtc.now_s)),
        f"{RTC}/hctosys": "1",
        f"{RTC}/max_user_freq": "64",
        WAKEALARM: rtc.wakealarm(),
        f"{RTC}/charging_voltage": _microvolts(state.charge_v),
        f"{RTC}/charging_voltage_min": _microvolts(1.3),
        f"{RTC}/charging_voltage_max": _microvolts(4.4),
        f"{RTC}/battery_voltage": _microvolts(state.cell_v),
        f"{NVMEM}/type": "Unknown",
        f"{NVMEM}/of_node/compatible": "raspberrypi,bootloader-config\0nvmem-rmem",
        f"{NVMEM}/nvmem": state.settings.rstrip("\n"),
        f"{CHOSEN}/bootloader/rsts": _cell(state.rsts),
        f"{CHOSEN}/power/power_reset": _cell(state.power_reset),
        "/proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0",
        BOOT_ID: f"5a1e0000-0000-4000-8000-{state.boots:012d}",
    }
    if path not in files:
        raise kernel_error(path, errno.ENOENT)
    return files[path]


def _microvolts(volts: float) -> str:
    return str(round(volts * 1e6))


def _cell(value: int) -> str:
    """Return a number of the device tree, big-endian, as it reads once the NULs at its end are off."""
    return value.to_bytes(4, "big").decode(errors="replace").rstrip("\0")
