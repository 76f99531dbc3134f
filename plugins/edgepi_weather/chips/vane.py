"""Where a wind vane points: each position closes one or two reed switches, each with a resistor."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgepi.errors import HardwareError

__all__ = ["KIT_OHM", "Vane"]

# SparkFun's weather meter kit (Argent): degrees and ohms.
KIT_OHM: Mapping[float, float] = {
    0.0: 33000.0,
    22.5: 6570.0,
    45.0: 8200.0,
    67.5: 891.0,
    90.0: 1000.0,
    112.5: 688.0,
    135.0: 2200.0,
    157.5: 1410.0,
    180.0: 3900.0,
    202.5: 3140.0,
    225.0: 16000.0,
    247.5: 14120.0,
    270.0: 120000.0,
    292.5: 42120.0,
    315.0: 64900.0,
    337.5: 21880.0,
}
WINDOW = 0.025  # how far a share of the supply may be from where it should be
WINDOW_OF_GAP = 0.4  # how much of the way to its neighbour, so that a fifth between them belongs to neither
CLOSEST = 0.004  # shares nearer than this cannot be told apart: a dozen millivolts


@dataclass(frozen=True)
class Vane:
    """Resistors of the positions, the pull-up, and where *north_deg* of the mast really points."""

    table: Mapping[float, float] = field(default_factory=lambda: dict(KIT_OHM))
    pull_up_ohm: float = 10000.0
    north_deg: float = 0.0

    def share(self, position_deg: float) -> float:
        """Return which share of the supply voltage a position should give."""
        ohm = self.table[position_deg]
        return ohm / (ohm + self.pull_up_ohm)

    def direction(self, share: float) -> float | None:
        """Return where the wind comes from, in degrees; None between two positions.

        Raises:
            HardwareError: the cable is open or shorted.
        """
        ranked = sorted((self.share(position), position) for position in self.table)
        self._check_cable(share, lowest=ranked[0][0], highest=ranked[-1][0])
        nearest = min(range(len(ranked)), key=lambda i: abs(ranked[i][0] - share))
        expected, position = ranked[nearest]
        neighbour = nearest + (1 if share > expected else -1)
        window = WINDOW
        if 0 <= neighbour < len(ranked):
            window = min(WINDOW, WINDOW_OF_GAP * abs(ranked[neighbour][0] - expected))
        return (position + self.north_deg) % 360.0 if abs(share - expected) <= window else None

    def confusable(self) -> tuple[float, float] | None:
        """Return two positions whose voltages cannot be told apart, if there are any."""
        ranked = sorted((self.share(position), position) for position in self.table)
        for (low, one), (high, other) in itertools.pairwise(ranked):
            if high - low < CLOSEST:
                return one, other
        return None

    @staticmethod
    def _check_cable(share: float, *, lowest: float, highest: float) -> None:
        if share > (1.0 + highest) / 2.0:
            raise HardwareError(
                f"the wind vane's cable is open: {share:.0%} of the supply voltage comes back",
                hint="look at the plug; without a vane write no `vane`",
            )
        if share < lowest / 2.0:
            raise HardwareError(
                f"the wind vane's cable is shorted: {share:.1%} of the supply voltage comes back",
                hint="look for water in the plug; is the pull-up resistor there?",
            )
