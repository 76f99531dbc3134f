"""What a governor knows at one moment, frozen: every question is answered from it, in any thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from edgepi.energy.cold import charge_limit_w
from edgepi.energy.daylog import slot_time
from edgepi.energy.demand import Rung, Want, ladder, thinned
from edgepi.energy.engine import View
from edgepi.energy.governor import DutyNow, Situation
from edgepi.energy.offers import set_aside_wh
from edgepi.energy.policy import Moment
from edgepi.energy.settings import SLOT_H, Site
from edgepi.energy.situated import store_of
from edgepi.energy.usual import Usual, usual_wants
from edgepi.energy.wants import duty_wants, kept, running
from edgepi.model import Plan

__all__ = ["Standpoint", "just_started", "learned", "priced_rungs", "rungs_of"]

_AWAKE_S = 300.0
_MOST_RUNGS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """The engine's view of *day*, what was learned of loads, usual offers, and the plan made of them.

    *withdrawn_s* says when grants were taken back (monotonic).
    """

    view: View
    site: Site
    day: date
    latched: bool = False
    scales: Mapping[str, float] = field(default_factory=dict)
    usual: tuple[Usual, ...] = ()
    withdrawn_s: Mapping[str, float] = field(default_factory=dict)
    plan: Plan | None = None

    def day_h(self, situation: Situation) -> float:
        """Hours into the day that the view is of; a moment far from it counts as one of that day."""
        at = slot_time(self.site, situation.now_utc)
        hour = (at.day - self.day).days * 24.0 + at.hour
        return hour if 0.0 <= hour < 36.0 else at.hour

    def moment(self, situation: Situation, *, held_wh: float = 0.0) -> Moment:
        """Where a choice stands, with *held_wh* taken as spent already."""
        return Moment(
            energy_wh=(situation.stored_wh or 0.0) - set_aside_wh(situation) - held_wh,
            day_h=self.day_h(situation),
            hours=SLOT_H,
            last=running(situation),
            kept=kept(situation),
            latched=self.latched,
            charge_limit_w=charge_limit_w(situation.battery, situation.battery_temperature_c),
        )

    def priced_rungs(self, situation: Situation) -> tuple[Rung, ...]:
        """What the days to come hold: duties and usual offers; of those that are open one is surely there."""
        open_now = {x.offer.consumer for x in situation.leases if x.state.open and not x.offer.standing}
        usual = tuple(replace(x, share=1.0) if x.consumer in open_now else x for x in self.usual)
        return priced_rungs(situation, usual, self.scales)

    def share(self, consumer: str) -> float:
        """Share of the time in which a consumer has a real job."""
        return max((kind.share for kind in self.usual if kind.consumer == consumer), default=1.0)


def priced_rungs(
    situation: Situation, usual: tuple[Usual, ...], scales: Mapping[str, float]
) -> tuple[Rung, ...]:
    """States of the node that energy is priced for: duties and usual offers."""
    jobs = (want for want in usual_wants(usual, scales) if _ever_fits(want, situation))
    return thinned(rungs_of((*duty_wants(situation), *jobs), situation), _MOST_RUNGS)


def _ever_fits(want: Want, situation: Situation) -> bool:
    """Whether a full battery and the best of suns could carry a kind of job."""
    store = store_of(situation)
    needed_w = want.steps[0].power_w + situation.board.idle_w - situation.panel.peak_w
    room_wh = (store.top_wh - store.floor_wh) * store.discharge_efficiency
    return needed_w * max(want.hold_h, SLOT_H) <= room_wh


def rungs_of(wants: tuple[Want, ...], situation: Situation, *, stay: bool = False) -> tuple[Rung, ...]:
    """States of the node worth considering; *stay* leaves out being off."""
    board = situation.board
    off_w = board.standby_w if situation.sleep.usable and not stay else None
    return ladder(wants, idle_w=board.idle_w, off_w=off_w)


def learned(situation: Situation, scales: Mapping[str, float]) -> Situation:
    """The same situation with powers as they were learned from the supply."""
    duties = tuple([_learned_duty(duty, scales) for duty in situation.duties])
    board = replace(situation.board, idle_w=situation.board.idle_w * scales.get("idle", 1.0))
    return replace(situation, duties=duties, board=board)


def _learned_duty(duty: DutyNow, scales: Mapping[str, float]) -> DutyNow:
    # Made by hand: this is done for every duty at every decision, and `replace` takes twice as long.
    return DutyNow(
        consumer=duty.consumer,
        levels=duty.levels,
        level=duty.level,
        since_s=duty.since_s,
        points_per_h=duty.points_per_h,
        learned_w={
            level.name: level.power_w * scales.get(f"{duty.consumer}:{level.name}", 1.0)
            for level in duty.levels[1:]
        }
        | dict(duty.learned_w),
    )


def just_started(situation: Situation) -> bool:
    """Whether the node came up so lately that somebody may want to reach it."""
    return situation.monotonic_s - situation.awake_since_s < _AWAKE_S
