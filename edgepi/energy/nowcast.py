"""What the morning says of the rest of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from edgepi.energy.settings import SLOTS, EngineSettings

__all__ = ["Nowcast", "nowcast"]

_EARLY = 0.03


@dataclass(frozen=True, slots=True)
class Nowcast:
    """Probabilities of today's class, its mean clearness, and the harvest of the slot that begins (W)."""

    classes: tuple[float, ...]
    clearness: float
    harvest_w: float


def nowcast(
    settings: EngineSettings,
    prior: Sequence[float],
    centres: Sequence[float],
    clear_w: Sequence[float],
    harvest_w: Sequence[float | None],
) -> Nowcast:
    """Weigh this morning's *prior* with the harvest of the slots that are past (Bayes)."""
    slot = len(harvest_w)
    classes = list(prior)
    lit = enumerate(zip(harvest_w, clear_w, strict=False))
    seen = [(i, h, clear) for i, (h, clear) in lit if clear > 0.0 and h is not None]
    whole = sum(clear_w)
    passed = sum(clear_w[:slot]) / whole if whole > 0.0 else 0.0
    clear = sum([c for _, _, c in seen])
    if passed > _EARLY and clear > 0.0:
        aged = [(settings.recency ** (slot - 1 - i), h, c) for i, h, c in seen]
        plain = sum([h for _, h, _ in seen]) / clear
        recent = sum([w * h for w, h, _ in aged]) / sum([w * c for w, _, c in aged])
        shown = 0.5 * plain + 0.5 * recent
        sd = settings.nowcast_sd + settings.nowcast_sd_dawn * (1.0 - passed)
        classes = [
            p * exp(-0.5 * ((shown - centre) / sd) ** 2) + 1e-9
            for p, centre in zip(prior, centres, strict=True)
        ]
    total = sum(classes)
    believed = tuple([p / total for p in classes])
    clearness = expected = sum([p * c for p, c in zip(believed, centres, strict=True)])
    last = [(h, c) for i, h, c in seen[-2:] if i >= slot - 2]
    light = sum([c for _, c in last])
    if light > 1.0:
        ratio = min(1.2, sum([h for h, _ in last]) / light)
        expected = settings.nowcast_weight * ratio + (1.0 - settings.nowcast_weight) * expected
    return Nowcast(believed, clearness, expected * clear_w[slot % SLOTS])
