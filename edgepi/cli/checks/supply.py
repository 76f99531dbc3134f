"""The computer's own 5 V hold."""

from __future__ import annotations

from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "5 V supply"
SENSOR, ALARM = "rpi_volt", "in0_lcrit_alarm"


def check(machine: Surroundings) -> Result:
    """Read the undervoltage alarm of a Raspberry Pi's firmware, as the kernel shows it."""
    for name in sorted((machine.root / "sys/class/hwmon").glob("hwmon*/name")):
        try:
            if name.read_text(encoding="utf-8").strip() != SENSOR:
                continue
            low = (name.parent / ALARM).read_text(encoding="utf-8").strip() == "1"
        except (OSError, UnicodeDecodeError):
            continue
        if low:
            sentence = "the computer's 5 V fall below some 4.63 V: cards and WiFi fail at that"
            advice = "a shorter or thicker cable, a stronger converter, or less on the USB sockets"
            return Result(NAME, "warn", sentence, advice)
        return Result(NAME, "ok", "the computer's 5 V are not too low")
    return Result(NAME, "ok", "this machine does not tell how its 5 V are")
