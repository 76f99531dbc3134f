"""Powers that were learned from the supply, in place of the stated ones."""

from __future__ import annotations

from collections.abc import Mapping

from edgepi.energy import Insight
from edgepi.model import Lease, Level

__all__ = ["LearnedPowers"]

_SURE_H = 1.0


class LearnedPowers:
    """What parts of the load draw, W at the battery, as far as that was measured for an hour."""

    def __init__(self, insight: Insight) -> None:
        self._known: Mapping[str, float] = {
            load.part: load.learned_w for load in insight.loads if load.hours >= _SURE_H
        }
        self._scales = {x.part: x.learned_w / x.stated_w for x in insight.loads if x.stated_w > 0.0}

    def idle_w(self, stated_w: float) -> float:
        """Power of the node with nothing to do."""
        return self._known.get("idle", stated_w)

    def levels_w(self, consumer: str, levels: tuple[Level, ...]) -> dict[str, float]:
        """Powers of those levels of a duty that are known."""
        known = {level.name: self._known.get(f"{consumer}:{level.name}") for level in levels}
        return {name: power_w for name, power_w in known.items() if power_w is not None}

    def lease_w(self, lease: Lease) -> float:
        """Power of a lease now: in its run phase as its kind was learned to stand to what is stated.

        What was measured may have been several jobs at once, or one of another size.
        """
        part = f"{lease.offer.consumer}:run"
        if not lease.draws or lease.finishing or part not in self._known:
            return lease.power_w
        return lease.power_w * self._scales.get(part, 1.0)

    def knows(self, consumer: str, level: str | None) -> bool:
        """Whether the power of a consumer at a level (None: of its jobs, or of the node) is a learned one."""
        part = "idle" if consumer == "node" else f"{consumer}:{level or 'run'}"
        return part in self._known
