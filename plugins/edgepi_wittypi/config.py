"""What the section ``wittypi`` becomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgepi_wittypi.extras import Extras

__all__ = ["WittyPiConfig"]

NO_EXTRAS = Extras()


@dataclass(frozen=True, slots=True, kw_only=True)
class WittyPiConfig:
    """Section ``wittypi``.

    *address* None looks at each address that a board of the family has from the factory; *interval* is
    never below what the board bears; *input* says what is wired to the board's input; *low_voltage* is
    the board's own cut-off in volts, None leaves what the board holds; *alarm_margin* is the nearest
    wake in seconds; *watchdog* is after how many seconds without a sign of life a board with a watchdog
    switches the node off and on, None for never; *board_clock* is what to believe of
    a board whose clock no trusted node has set yet: *auto* believes it where local time is UTC;
    *schedule* is a ``.wpi`` file in whose windows the node shall be up; *extras* are keys of the
    section, too.
    """

    bus: int = 1
    address: int | None = None
    interval: float = 60.0
    input: Literal["battery", "supply"] = "battery"
    low_voltage: float | None = None
    alarm_margin: float = 120.0
    watchdog: float | None = 600.0
    schedule: Path | None = None
    board_clock: Literal["auto", "utc", "local"] = "auto"
    extras: Extras = NO_EXTRAS
