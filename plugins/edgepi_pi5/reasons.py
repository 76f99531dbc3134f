"""Why the Pi 5 started, as far as its registers and the last halt tell; what they leave open stays unknown.

PM_RSTS and the reasons of the power chip are what the firmware puts into the device tree, as the
Raspberry Pi documentation describes under "Firmware parameters".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edgepi.model import WakeReason, WakeReasonKind
from edgepi_pi5.note import Note

__all__ = ["Registers", "cell_of", "judge"]

POWER_ON_RESET, FULL_RESET = 1 << 12, 1 << 5
OVER_VOLTAGE, UNDER_VOLTAGE, TOO_HOT, WATCHDOG = 1 << 0, 1 << 1, 1 << 2, 1 << 4
UP_WITHIN = timedelta(minutes=15)  # from the alarm to the node being asked; a slow card takes two

_BY_CHIP = (
    (TOO_HOT, WakeReasonKind.TEMPERATURE, "its power chip had switched it off for heat"),
    (WATCHDOG, WakeReasonKind.WATCHDOG, "its power chip's watchdog restarted it"),
    (UNDER_VOLTAGE, WakeReasonKind.POWER_CONNECTED, "its supply had fallen too low and is back"),
    (OVER_VOLTAGE, WakeReasonKind.POWER_CONNECTED, "its supply was too high and is right again"),
)


@dataclass(frozen=True, slots=True)
class Registers:
    """What the firmware found at the start; None is what it does not show."""

    rsts: int | None = None
    power_reset: int | None = None


def cell_of(text: str) -> int | None:
    """Return a number of the device tree from its text, big-endian; None for what is no such number."""
    raw = text.encode()
    if len(raw) > 4 or "\ufffd" in text:  # that stands for a byte that is no text
        return None
    return int.from_bytes(raw.ljust(4, b"\0"), "big")


def judge(found: Registers, last: Note, now_utc: datetime | None) -> WakeReason:
    """Return why it started; *last* is what was noted before, *now_utc* what its own clock shows."""
    for bit, kind, text in _BY_CHIP:
        if (found.power_reset or 0) & bit:
            return WakeReason(kind, text)
    if found.rsts is None or not found.rsts & (POWER_ON_RESET | FULL_RESET):
        return WakeReason(WakeReasonKind.UNKNOWN, "the Pi does not say why it started")
    if not found.rsts & POWER_ON_RESET:
        return WakeReason(WakeReasonKind.REBOOT, "it was restarted, by software or by its watchdog")
    return _from_off(last, now_utc)


def _from_off(last: Note, now_utc: datetime | None) -> WakeReason:
    """Tell the alarm from supply and button, which the Pi itself does not, by what was asked of it."""
    wake_utc = None if last.wake_s is None else datetime.fromtimestamp(last.wake_s, UTC)
    either = "its supply was connected, or its button pressed"
    if wake_utc is None or now_utc is None:
        return WakeReason(WakeReasonKind.UNKNOWN, f"it had been off: {either}")
    at = f"{wake_utc:%Y-%m-%d %H:%M:%S} UTC"
    if now_utc < wake_utc:
        return WakeReason(WakeReasonKind.UNKNOWN, f"before its alarm of {at}: {either}")
    if now_utc - wake_utc > UP_WITHIN:
        return WakeReason(WakeReasonKind.UNKNOWN, f"long after its alarm of {at}: {either}")
    if not last.cut:
        said = f"when its alarm of {at} was due, but it had not been halted as planned: {either}"
        return WakeReason(WakeReasonKind.UNKNOWN, said)
    return WakeReason(WakeReasonKind.ALARM, f"its alarm of {at} was due")
