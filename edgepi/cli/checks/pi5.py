"""A Pi 5 that is its own power board is set up as one."""

from __future__ import annotations

from pathlib import Path

from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "Pi 5"
SECTIONS = ("[all]", "[pi5]")
WANTED = {"POWER_OFF_ON_HALT": "1", "WAKE_ON_GPIO": "0"}
EDIT = "sudo -E rpi-eeprom-config --edit"


def check(machine: Surroundings) -> Result:
    """Look at what the boot loader does at a halt; only a Pi 5 can wake by itself."""
    sys = machine.root / "sys"
    if not _text(sys / "class/rtc/rtc0/name").startswith("rpi-rtc"):
        return Result(
            NAME, "ok", "this machine has no clock that wakes it, so it needs a power board to sleep"
        )
    settings = _settings(sys / "bus/nvmem/devices")
    if settings is None:
        return Result(
            NAME, "warn", "the boot loader's settings cannot be read", "look with: rpi-eeprom-config"
        )
    wrong = [f"{key}={value}" for key, value in WANTED.items() if settings.get(key) != value]
    if wrong:
        return Result(
            NAME,
            "warn",
            "a halt leaves this Pi 5 using 1.8 to 2.7 W, and its clock may not wake it",
            f"without another power board set {' and '.join(wrong)} with: {EDIT}, then reboot",
        )
    if settings.get("WAIT_FOR_POWER_BUTTON") == "1":
        said = "after an outage of its supply this Pi 5 waits for its button"
        return Result(NAME, "warn", said, f"remove WAIT_FOR_POWER_BUTTON with: {EDIT}, then reboot")
    return Result(NAME, "ok", "a halt switches this Pi 5 off, and its clock can wake it (plugin pi5)")


def _settings(devices: Path) -> dict[str, str] | None:
    for device in sorted(devices.glob("rmem*")):
        if "raspberrypi,bootloader-config" in _text(device / "of_node/compatible"):
            return _meant(_text(device / "nvmem")) or None
    return None


def _meant(text: str) -> dict[str, str]:
    found, meant = {}, True
    for line in (each.strip() for each in text.splitlines()):
        if line.startswith("["):
            meant = line in SECTIONS
        elif meant and "=" in line:
            key, _, value = line.partition("=")
            found[key.strip()] = value.strip()
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace").rstrip("\0\n")
    except OSError:
        return ""
