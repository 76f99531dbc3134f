"""The first governor: thresholds on state of charge with hysteresis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from edgepi.energy.cold import cold_decisions
from edgepi.energy.governor import Insight, LeaseVerb, LeaseVerdict, Situation, Verdict
from edgepi.energy.guards import enforce
from edgepi.energy.offers import finish_safe, held_wh, too_late
from edgepi.energy.reserve import free_wh, next_chance
from edgepi.energy.rest import plan_sleep, wake_plan
from edgepi.energy.sentences import clock_time, percent, volts, wh, zone
from edgepi.energy.shedding import Thresholds, choose_level
from edgepi.model import Answer, Decision, Guard, Lease, LeaseState, Offer, Plan, SunForecast, WakePlan

__all__ = ["ThresholdGovernor", "Thresholds"]

# What the default thresholds amount to as a price, as (state of charge, points per Wh): at node_off
# only a vital duty of some watts is worth its energy, at compute_on an ordinary job is.
_PRICES = ((0.0, 50.0), (0.2, 5.0), (0.4, 2.0), (0.5, 1.0), (0.8, 0.2), (1.0, 0.0))


class ThresholdGovernor:
    """Sheds duties as the battery falls, computes when it is full, sleeps when it is low.

    Its price follows from the charge alone and is for show: it never rises with charge.
    """

    name = "thresholds"

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self._limits = thresholds or Thresholds()
        self._computing = False
        self._resting = False

    def due(self, situation: Situation) -> bool:  # noqa: ARG002 (thresholds need no thought)
        """Nothing ever takes long."""
        return False

    def prepare(self, situation: Situation) -> None:
        """There is nothing to think over."""

    def tell_forecast(self, forecast: SunForecast) -> None:
        """Forecasts change nothing here."""

    def insight(self) -> Insight:
        """Nothing is learned."""
        return Insight()

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""
        self._latch(situation)
        chosen = {
            duty.consumer: choose_level(duty, situation, self._limits, resting=self._resting)
            for duty in situation.duties
        }
        said = [decision for _, decision in chosen.values() if decision is not None]
        leases, waiting = self._leases(situation)
        verdict = enforce(
            situation,
            Verdict(
                levels={consumer: level for consumer, (level, _) in chosen.items()},
                leases=tuple(leases),
                price_points_per_wh=_price(situation),
                decisions=(*said, *waiting, *cold_decisions(situation)),
            ),
        )
        sleep = plan_sleep(situation, verdict, self._limits, resting=self._resting)
        wake = sleep.wake.wake_utc if sleep else None
        plan = Plan(made_utc=situation.now_utc, sleep_utc=situation.now_utc if sleep else None, wake_utc=wake)
        return replace(verdict, sleep=sleep, plan=plan)

    def would_grant(self, situation: Situation, offer: Offer) -> Answer:
        """Answer an offer without granting it."""
        return self._ask(situation, offer)[0]

    def may_commit(self, situation: Situation, lease: Lease) -> Answer:
        """Say whether the finish phase of a lease is safe without any more sun."""
        commit_soc = situation.battery.soc_at_rest(situation.guard.commit_v)
        return finish_safe(situation, lease, commit_soc * situation.battery.capacity_wh)

    def wake_plan(self, situation: Situation) -> WakePlan:
        """Say when the node should come back if it went down now."""
        return wake_plan(situation, self._limits.retry_s)

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart."""
        return {"computing": self._computing, "resting": self._resting}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`."""
        self._computing = memory.get("computing") is True
        self._resting = memory.get("resting") is True

    def _latch(self, situation: Situation) -> None:
        if situation.soc is None:
            self._computing, self._resting = True, False
            return
        soc, limits = situation.soc.soc, self._limits
        self._computing = soc > limits.compute_off if self._computing else soc >= limits.compute_on
        rested = limits.sun_on if _good_sun(situation, limits.sun_share) else limits.node_on
        self._resting = soc < rested if self._resting else soc < limits.node_off

    def _leases(self, situation: Situation) -> tuple[list[LeaseVerdict], list[Decision]]:
        """Go through the leases one by one; what one is granted the next no longer finds free."""
        verdicts: list[LeaseVerdict] = []
        waiting: list[Decision] = []
        for lease in situation.leases:
            verdict = self._kept(lease, situation)
            if lease.state is LeaseState.OFFERED:
                verdict, decision = self._answer(lease, situation)
                waiting += [decision] if decision else []
            if verdict is not None:
                verdicts.append(verdict)
            if verdict is not None and verdict.verb is LeaseVerb.GRANT:
                situation = _promised(situation, lease)
        return verdicts, waiting

    def _kept(self, lease: Lease, situation: Situation) -> LeaseVerdict | None:
        """Say what becomes of a lease that was granted before."""
        state, offer = lease.state, lease.offer
        low = f"battery {percent(situation.soc.soc)}" if situation.soc else ""
        words = f"{low}, jobs start again at {percent(self._limits.compute_on)}"
        if state is LeaseState.GRANTED and not self._computing:
            return _verdict(offer, LeaseVerb.WITHDRAW, f"withdrawn: {words}")
        if state is LeaseState.RUNNING and offer.run.pausable and not self._computing:
            return _verdict(offer, LeaseVerb.PAUSE, f"paused: {words}")
        if state is LeaseState.PAUSED and (answer := self.would_grant(situation, offer)).yes:
            return _verdict(offer, LeaseVerb.RESUME, answer.sentence.replace("granted", "resumed", 1))
        return None

    def _answer(self, lease: Lease, situation: Situation) -> tuple[LeaseVerdict | None, Decision | None]:
        offer = lease.offer
        if hopeless := self._hopeless(situation, offer):
            return _verdict(offer, LeaseVerb.REFUSE, f"refused: {hopeless}"), None
        answer, cause = self._ask(situation, offer)
        if answer.yes:
            return _verdict(offer, LeaseVerb.GRANT, answer.sentence), None
        return None, Decision(
            time_utc=situation.now_utc,
            subject=offer.offer_id,
            action="wait",
            sentence=answer.sentence,
            numbers=answer.numbers,
            cause=cause,
        )

    def _hopeless(self, situation: Situation, offer: Offer) -> str | None:
        if too_late(offer, situation.now_utc):
            return "run and finish no longer fit before the deadline"
        room = (1.0 - self._limits.node_off) * situation.battery.capacity_wh
        if situation.soc is not None and offer.energy_wh > room:
            return f"needs {wh(offer.energy_wh)}, the battery never has more than {wh(room)} to give"
        return None

    def _ask(self, situation: Situation, offer: Offer) -> tuple[Answer, str]:
        """Answer an offer; with a word that stays while the reason stays."""
        guard, soc, limits = situation.guard, situation.soc, self._limits
        if guard.worst is not Guard.NONE:
            shown = volts(guard.voltage_v or 0.0)
            return _no(f"waiting: battery at {shown}, the {guard.worst} guard is in force"), "guard"
        if soc is None and situation.metered:
            return _no("waiting: the battery has not been measured yet"), "unmeasured"
        if soc is None:
            return Answer(True, "granted: nothing measures a battery, the supply counts as steady"), ""
        if soc.sd >= limits.unsure_sd:
            return _no("waiting: the battery has not been measured for too long"), "unmeasured"
        capacity = situation.battery.capacity_wh
        if not (self._computing or soc.soc >= limits.compute_on):
            chance = next_chance(situation, (limits.compute_on - soc.soc) * capacity)
            words = f"battery {percent(soc.soc)}, jobs start at {percent(limits.compute_on)}"
            when = clock_time(chance, situation.now_utc, zone(situation.node.time_zone))
            return _no(f"waiting: {words}, next chance {when}"), "charge"
        floor_wh = limits.node_off * capacity
        free = free_wh(situation, floor_wh) - held_wh(situation, offer=offer)
        return _afford(situation, offer, free), "energy"


def _good_sun(situation: Situation, share: float) -> bool:
    """Whether the panel gives well more than the node needs with every duty on."""
    duties_w = sum(duty.power_w(duty.levels[-1].name) for duty in situation.duties)
    return (situation.harvest_w or 0.0) >= share * (situation.board.idle_w + duties_w)


def _no(sentence: str) -> Answer:
    return Answer(yes=False, sentence=sentence)


def _afford(situation: Situation, offer: Offer, free: float) -> Answer:
    needed = offer.energy_wh
    numbers = {"needed_wh": needed, "free_wh": free}
    words = f"needs {wh(needed)}, {wh(max(0.0, free))} above the night reserve"
    if needed <= free:
        return Answer(yes=True, sentence=f"granted: {words}", numbers=numbers)
    chance = next_chance(situation, needed - free)
    when = clock_time(chance, situation.now_utc, zone(situation.node.time_zone))
    return Answer(yes=False, sentence=f"waiting: {words}, next chance {when}", numbers=numbers)


def _price(situation: Situation) -> float:
    if situation.soc is None:
        return 0.0
    soc = max(0.0, min(1.0, situation.soc.soc))
    for (low, dear), (high, cheap) in pairwise(_PRICES):
        if soc <= high:
            return dear + (cheap - dear) * (soc - low) / (high - low)
    return 0.0


def _verdict(offer: Offer, verb: LeaseVerb, sentence: str) -> LeaseVerdict:
    return LeaseVerdict(offer_id=offer.offer_id, verb=verb, sentence=sentence)


def _promised(situation: Situation, lease: Lease) -> Situation:
    """The same situation with *lease* granted."""
    granted = replace(lease, state=LeaseState.GRANTED)
    leases = tuple(granted if known is lease else known for known in situation.leases)
    return replace(situation, leases=leases)
