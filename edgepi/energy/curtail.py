"""Whether a harvest says anything of the sun: a full battery takes less than the panel could give."""

from __future__ import annotations

from edgepi.energy.governor import Situation

__all__ = ["true_harvest_w"]

_FULL = 0.97
_CLEAR = 0.9


def true_harvest_w(situation: Situation, clear_w: float) -> float | None:
    """What the panel could give now, as far as the harvest shows it; None where it was held back.

    *clear_w* is what a clear sky would give: a harvest that comes near it was not held back.
    """
    harvest_w, held_back = situation.harvest_w, situation.harvest_curtailed
    if held_back is None:
        full = situation.soc is not None and situation.soc.soc >= _FULL
        held_back = full and harvest_w is not None and harvest_w < _CLEAR * clear_w
    return None if held_back else harvest_w
