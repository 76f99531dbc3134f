"""What the section ``pi5`` becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Pi5Config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pi5Config:
    """Section ``pi5``.

    *button* is whether its press asks the node to go; *power_off_on_halt* says what the boot loader does
    where its settings cannot be read; *alarm_margin* is the nearest wake in seconds.
    """

    button: bool = True
    power_off_on_halt: Literal["auto", "yes"] = "auto"
    alarm_margin: float = 120.0
