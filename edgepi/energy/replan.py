"""When the plan is made anew, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from edgepi.energy.governor import Situation
from edgepi.energy.outlook import plan_of
from edgepi.energy.standpoint import Standpoint
from edgepi.energy.weighing import Weighed
from edgepi.model import Plan

__all__ = ["Planner", "Planning"]

Planning = Literal["always", "asleep", "never"]

_OLD, _FRESH = timedelta(minutes=5), timedelta(minutes=1)


class Planner:
    """Keeps the plan of a standpoint young, and true to what was chosen.

    Making one takes long: where somebody prepares apart, a decision only finds it *wanted*.
    """

    def __init__(self, planning: Planning) -> None:
        self.planning = planning
        self.wanted = False
        self._picks: Mapping[str, str] | None = None

    def due(self, stand: Standpoint | None, situation: Situation) -> bool:
        """Whether a plan is to be made."""
        if stand is None or self.planning == "never":
            return False
        old = stand.plan is None or not _young(stand.plan, situation, _OLD)
        return self.wanted or (old and self.planning == "always")

    def outdate(self) -> None:
        """Let the plan be made anew, because energy is worth something else now."""
        self._picks = None

    def planned(self, stand: Standpoint, weighed: Weighed, *, apart: bool = False) -> Standpoint:
        """The standpoint with a plan of now; with the plan it has if that will do or is made *apart*."""
        self.wanted = False
        if self.planning == "never" or (self.planning == "asleep" and weighed.awake):
            return stand
        if self._fits(stand.plan, weighed, apart=apart):
            return stand
        if apart:
            self.wanted = True
            return stand
        self._picks = dict(weighed.picks)
        return replace(stand, plan=plan_of(stand, weighed))

    def _fits(self, plan: Plan | None, weighed: Weighed, *, apart: bool) -> bool:
        if plan is None or self._picks is None:
            return False
        same = weighed.picks == self._picks
        if apart and not same and bool(weighed.picks) is bool(self._picks):
            return _young(plan, weighed.situation, _FRESH)
        return same and _young(plan, weighed.situation, _OLD)


def _young(plan: Plan, situation: Situation, age: timedelta) -> bool:
    return timedelta(0) <= situation.now_utc - plan.made_utc < age
