"""Every simulated power board by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from edgepi.errors import WorldError
from edgepi.sim.chips.pi5_clock import Pi5Clock
from edgepi.sim.chips.powerboard import PowerBoard
from edgepi.sim.chips.wittypi3 import WittyPi3
from edgepi.sim.chips.wittypi4 import WittyPi4, WittyPi4Mini
from edgepi.sim.chips.wittypi4_l3v7 import WittyPi4L3V7
from edgepi.sim.chips.wittypi5 import WittyPi5

__all__ = ["BOARDS", "TITLES", "board_class"]

_ALL: tuple[type[PowerBoard], ...] = (
    WittyPi4,
    WittyPi4Mini,
    WittyPi4L3V7,
    WittyPi3,
    WittyPi5,
    Pi5Clock,
)
BOARDS: Mapping[str, type[PowerBoard]] = MappingProxyType({board.name: board for board in _ALL})

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "wittypi4": "Witty Pi 4",
        "wittypi4mini": "Witty Pi 4 Mini",
        "wittypi4l3v7": "Witty Pi 4 L3V7",
        "wittypi3": "Witty Pi 3",
        "wittypi5": "Witty Pi 5 HAT+",
        "pi5": "the Pi 5's own clock and button",
    }
)


def board_class(name: str) -> type[PowerBoard]:
    """Return the class of a board; raises WorldError for a name that is not known."""
    try:
        return BOARDS[name]
    except KeyError:
        known = ", ".join(sorted(BOARDS))
        raise WorldError(f"the world has no power board {name!r}", hint=f"it knows {known}") from None
