"""Settings of a board that EdgePi itself does not need, in the registers of each generation. Blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from edgepi_wittypi.access import Access

__all__ = [
    "Action",
    "Extras",
    "Layout",
    "Setting",
    "apply",
    "milliseconds",
    "point",
    "seconds",
    "signed_centi",
]

Action = Literal["none", "shutdown", "start"]
MOST = 254  # an EEPROM cell that holds 255 counts as never set


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What is None stays as the board holds it.

    *pulse_interval*, *led* and *dummy_load* are in seconds: how often the board that is off shows that it
    lives, and for how long; offsets are added to what it measures, in V and A; *cold_below* and *hot_above*
    are in °C.
    """

    pulse_interval: float | None = None
    led: float | None = None
    dummy_load: float | None = None
    input_offset: float | None = None
    output_offset: float | None = None
    current_offset: float | None = None
    cold_below: int | None = None
    cold_action: Action | None = None
    hot_above: int | None = None
    hot_action: Action | None = None
    priority: Literal["usb", "input"] | None = None
    hot_standby: bool | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """The register that holds a setting, and how a value is written in it."""

    register: int
    encode: Callable[..., int]


Layout = Mapping[str, Setting]


def apply(registers: Access, extras: Extras, layout: Layout) -> tuple[str, ...]:
    """Write what is set and read it back; returns what this board does not have.

    Raises:
        VerificationError: the board does not hold what was written.
    """
    missing = []
    for each in fields(extras):  # in their order: a temperature goes before what is done at it
        value = getattr(extras, each.name)
        if value is None:
            continue
        if each.name in layout:
            setting = layout[each.name]
            registers.write(setting.register, setting.encode(value))
        else:
            missing.append(f"`{each.name}`")
    if not missing:
        return ()
    return (f"{', '.join(missing)} cannot be set on the {registers.name}",)


def seconds(value: float) -> int:
    """Whole seconds, one at least."""
    return min(max(round(value), 1), MOST)


def milliseconds(value: float) -> int:
    """Whole milliseconds."""
    return min(max(round(value * 1000.0), 0), MOST)


def signed_centi(value: float) -> int:
    """Hundredths as a signed byte; -0.01 would be an empty cell, and is nothing beside a step of 0.06 V."""
    held = round(value * 100.0)
    return (0 if held == -1 else min(max(held, -128), 127)) & 0xFF


def point(celsius: int) -> int:
    """Degrees as a signed byte; -1 would be an empty cell, which stands for the factory's 75 or 80."""
    return (-2 if celsius == -1 else celsius) & 0xFF
