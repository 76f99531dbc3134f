"""The governor that goes by the price of energy: what runs is worth more than its energy would be later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from edgepi.energy.battery import Battery
from edgepi.energy.daylog import DayLog, SlotTime, slot_time
from edgepi.energy.demand import Rung, ladder
from edgepi.energy.engine import Engine
from edgepi.energy.governor import Insight, LeaseVerb, LeaseVerdict, Situation, SleepPlan, Verdict
from edgepi.energy.guards import enforce
from edgepi.energy.loads import LoadMeter
from edgepi.energy.offers import finish_safe, set_aside_wh, too_late
from edgepi.energy.policy import Choice, Moment
from edgepi.energy.rest import wake_plan
from edgepi.energy.sentences import clock_time, percent, wh, zone
from edgepi.energy.settings import SLOT_H, EngineSettings, Site, Store
from edgepi.energy.wants import demand, kept, parts, running
from edgepi.model import Answer, Decision, Lease, LeaseState, Offer, Plan, PlanStep, SunForecast, WakePlan

__all__ = ["PricedGovernor"]

_RETRY_S = 1800.0
_AWAKE_S = 300.0
_SETTLED_H = 0.2
_SD_TRUE = 0.001
_SD_LEAST = 0.02
_NOISE_V = 0.06


class PricedGovernor:
    """Prices a Wh each morning and chooses by it; learns the sun, the weather and the loads."""

    name = "price"

    def __init__(self, settings: EngineSettings | None = None, *, numpy: bool | None = None) -> None:
        self._settings = settings or EngineSettings()
        self._numpy = numpy
        self._engine: Engine | None = None
        self._site: Site | None = None
        self._log = DayLog()
        self._at: SlotTime | None = None
        self._noted = 0
        self._forecasts: dict[date, tuple[float | None, ...]] = {}
        self._meter = LoadMeter()
        self._before: tuple[float, Mapping[str, float]] | None = None
        self._latched = False
        self._choice: Choice | None = None
        self._recalled: Mapping[str, Any] = {}

    def tell_clearness(self, day: date, clearness: Sequence[float | None]) -> None:
        """Give a forecast for solar *day* and those after: each day's harvest over a clear day's."""
        self._forecasts[day] = tuple(clearness)

    def due(self, situation: Situation) -> bool:
        """Whether a day begins, or the demand has changed so much that energy is priced anew."""
        raise NotImplementedError

    def prepare(self, situation: Situation) -> None:
        """Learn from the day that is over, and price energy."""
        raise NotImplementedError

    def tell_forecast(self, forecast: SunForecast) -> None:
        """Take in a forecast of the sun."""
        raise NotImplementedError

    def insight(self) -> Insight:
        """What was learned and is expected."""
        raise NotImplementedError

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""
        if situation.soc is None:
            return enforce(situation, _steady(situation))
        engine, at = self._advance(situation)
        situation = self._learned(situation)
        rungs = self._rungs(situation)
        engine.reprice(rungs)
        choice = engine.choose(rungs, self._moment(situation, at))
        self._latched, self._choice = choice.latched, choice
        verdict = Verdict(
            levels=_levels(situation, choice),
            leases=tuple(self._leases(situation, choice)),
            price_points_per_wh=choice.price_points_per_wh,
            decisions=tuple(self._decisions(situation, choice)),
        )
        verdict = enforce(situation, verdict)
        sleep = self._sleep(situation, choice, verdict)
        return replace(verdict, sleep=sleep, plan=self._plan(situation, choice, sleep))

    def _advance(self, situation: Situation) -> tuple[Engine, SlotTime]:
        """Bring the engine up to now: harvest of past slots, a new day, a new site or battery."""
        engine = self._engine_for(situation)
        assert self._site is not None
        at = slot_time(self._site, situation.now_utc)
        old = self._at
        hours = 0.0 if old is None else (at.day - old.day).days * 24.0 + at.hour - old.hour
        if hours > 0.0 and situation.harvest_w is not None and old is not None:
            if old.day != at.day:
                self._log.add(SlotTime(old.day, 24.0), min(hours, 24.0 - old.hour), situation.harvest_w)
                hours = at.hour
            else:
                self._log.add(at, hours, situation.harvest_w)
        if old is None or old.day != at.day:
            self._begin(engine, situation, at, new=old is None)
            self._log.add(at, min(hours, at.hour), situation.harvest_w or 0.0) if old is not None else None
        elif hours < 0.0:
            return engine, old
        engine.observe(self._log.means(at.slot))
        self._at = at
        return engine, at

    def _begin(self, engine: Engine, situation: Situation, at: SlotTime, *, new: bool) -> None:
        if not new:
            engine.observe(self._log.means())
        self._log = DayLog()
        if engine.seen[0] == at.day:
            self._log.restore(engine.seen[1])
        engine.begin_day(at.day, self._rungs(self._learned(situation)), self._forecasts.get(at.day, ()))
        self._forecasts = {day: said for day, said in self._forecasts.items() if day > at.day}

    def _engine_for(self, situation: Situation) -> Engine:
        node, panel = situation.node, situation.panel
        site = Site(
            latitude=node.latitude,
            longitude=node.longitude,
            panel_w=panel.peak_w,
            tilt_deg=panel.tilt_deg,
            azimuth_deg=panel.azimuth_deg,
        )
        store = _store(situation)
        if self._engine is None or site != self._site:
            self._engine = Engine(self._settings, site, store, numpy=self._numpy)
            self._site, self._at = site, None
            self._engine.recall(self._recalled)
        self._engine.store = store
        return self._engine

    def _learned(self, situation: Situation) -> Situation:
        """The same situation with powers as they were learned from the supply."""
        self._measure(situation)
        duties = tuple(
            replace(
                duty,
                learned_w={
                    level.name: level.power_w * self._meter.scale(f"{duty.consumer}:{level.name}")
                    for level in duty.levels[1:]
                }
                | dict(duty.learned_w),
            )
            for duty in situation.duties
        )
        board = replace(situation.board, idle_w=situation.board.idle_w * self._meter.scale("idle"))
        return replace(situation, duties=duties, board=board)

    def _measure(self, situation: Situation) -> None:
        supply = situation.supply
        before, self._before = self._before, (situation.monotonic_s, parts(situation))
        if before is None or supply is None or supply.output_w is None:
            return
        hours = (situation.monotonic_s - before[0]) / 3600.0
        settled = before[1] == self._before[1] or hours >= _SETTLED_H
        if settled and 0.0 < hours <= 1.0:
            measured_w = supply.output_w / situation.board.converter_efficiency
            self._meter.learn(self._before[1], measured_w, hours)

    def _rungs(self, situation: Situation) -> tuple[Rung, ...]:
        off_w = situation.board.standby_w if situation.sleep.usable else None
        return ladder(demand(situation, self._meter), idle_w=situation.board.idle_w, off_w=off_w)

    def _moment(self, situation: Situation, at: SlotTime) -> Moment:
        stored = (situation.stored_wh or 0.0) - set_aside_wh(situation)
        return Moment(
            energy_wh=stored,
            day_h=at.hour,
            hours=SLOT_H,
            last=running(situation),
            kept=kept(situation),
            latched=self._latched,
        )

    def _leases(self, situation: Situation, choice: Choice) -> list[LeaseVerdict]:
        said = [self._lease(situation, lease, choice) for lease in situation.leases]
        return [verdict for verdict in said if verdict is not None]

    def _lease(self, situation: Situation, lease: Lease, choice: Choice) -> LeaseVerdict | None:
        offer, state = lease.offer, lease.state
        chosen = offer.offer_id in choice.rung.picks
        words = _price_words(offer, choice)
        if state is LeaseState.OFFERED and too_late(offer, situation.now_utc):
            words = "refused: run and finish no longer fit before the deadline"
            return LeaseVerdict(offer_id=offer.offer_id, verb=LeaseVerb.REFUSE, sentence=words)
        verb = _VERBS.get((state, chosen))
        if verb is LeaseVerb.PAUSE and not offer.run.pausable:
            verb = LeaseVerb.BREAK if choice.latched else None
        if verb is None:
            return None
        return LeaseVerdict(offer_id=offer.offer_id, verb=verb, sentence=f"{_SAID[verb]}: {words}")

    def _decisions(self, situation: Situation, choice: Choice) -> list[Decision]:
        decisions = [
            _duty_decision(situation, duty.consumer, choice.rung.picks.get(duty.consumer, "off"), choice)
            for duty in situation.duties
        ]
        for lease in situation.leases:
            if lease.state is LeaseState.OFFERED and lease.offer.offer_id not in choice.rung.picks:
                answer = _answer(lease.offer, choice)
                decisions.append(
                    Decision(
                        time_utc=situation.now_utc,
                        subject=lease.offer.offer_id,
                        action="wait",
                        sentence=answer.sentence,
                        numbers=answer.numbers,
                        cause="price",
                    )
                )
        return decisions

    def would_grant(self, situation: Situation, offer: Offer) -> Answer:
        """Answer an offer without granting it."""
        if situation.soc is None or self._engine is None or self._at is None:
            return Answer(yes=situation.soc is None, sentence="granted: nothing measures a battery")
        lease = Lease(offer=offer, state=LeaseState.OFFERED, since_utc=situation.now_utc)
        others = tuple(known for known in situation.leases if known.offer.offer_id != offer.offer_id)
        asked = replace(situation, leases=(*others, lease))
        choice = self._engine.choose(self._rungs(asked), self._moment(asked, self._at))
        return _answer(offer, choice)

    def may_commit(self, situation: Situation, lease: Lease) -> Answer:
        """Say whether the finish phase of a lease is safe, whatever comes."""
        commit_soc = situation.battery.soc_at_rest(situation.guard.commit_v)
        return finish_safe(situation, lease, commit_soc * situation.battery.capacity_wh)

    def wake_plan(self, situation: Situation) -> WakePlan:
        """Say when the node should come back if it went down now."""
        return wake_plan(situation, _RETRY_S)

    def _sleep(self, situation: Situation, choice: Choice, verdict: Verdict) -> SleepPlan | None:
        if choice.rung.awake or not situation.sleep.usable:
            return None
        if situation.monotonic_s - situation.awake_since_s < _AWAKE_S and not choice.latched:
            return None
        if any(lease.draws for lease in situation.leases) and not verdict.leases:
            return None
        wake = self.wake_plan(situation)
        when = clock_time(wake.wake_utc, situation.now_utc, zone(situation.node.time_zone))
        soc = situation.soc.soc if situation.soc else 0.0
        words = f"battery {percent(soc)}, a Wh is worth {choice.price_points_per_wh:.2f} points later"
        numbers = {"battery_percent": soc * 100, "price_points_per_wh": choice.price_points_per_wh}
        return SleepPlan(wake=wake, sentence=f"sleeping until {when}: {words}", numbers=numbers)

    def _plan(self, situation: Situation, choice: Choice, sleep: SleepPlan | None) -> Plan:
        step = PlanStep(
            start_utc=situation.now_utc,
            awake=choice.rung.awake,
            price_points_per_wh=choice.price_points_per_wh,
            harvest_w=choice.harvest_w,
            load_w=choice.rung.power_w,
            stored_wh=situation.stored_wh or 0.0,
        )
        wake = sleep.wake.wake_utc if sleep else None
        asleep = situation.now_utc if sleep else None
        return Plan(made_utc=situation.now_utc, steps=(step,), sleep_utc=asleep, wake_utc=wake)

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart."""
        engine = self._recalled if self._engine is None else self._engine.memory()
        return {"latched": self._latched, "loads": self._meter.memory(), "engine": engine}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`."""
        self._latched = memory.get("latched") is True
        engine = memory.get("engine")
        self._recalled = engine if isinstance(engine, Mapping) else {}
        loads = memory.get("loads")
        if isinstance(loads, Mapping):
            self._meter.recall(loads)


_VERBS = {
    (LeaseState.OFFERED, True): LeaseVerb.GRANT,
    (LeaseState.GRANTED, False): LeaseVerb.WITHDRAW,
    (LeaseState.RUNNING, False): LeaseVerb.PAUSE,
    (LeaseState.PAUSED, True): LeaseVerb.RESUME,
}
_SAID = {
    LeaseVerb.GRANT: "granted",
    LeaseVerb.WITHDRAW: "withdrawn",
    LeaseVerb.PAUSE: "paused",
    LeaseVerb.RESUME: "resumed",
    LeaseVerb.BREAK: "broken",
}


def _store(situation: Situation) -> Store:
    """The battery with the floor that its guards and the doubt about its charge call for."""
    battery, guard = situation.battery, situation.guard
    floor = battery.soc_at_rest(guard.commit_v) if guard.commit_v else 0.05
    doubt = situation.soc.sd if situation.soc else 0.0
    if doubt >= _SD_TRUE or (situation.soc and situation.soc.source != "board"):
        floor += 0.005 + 2.5 * min(doubt, _sd_near_empty(battery, floor))
    side = battery.facts.efficiency
    return Store(
        capacity_wh=battery.capacity_wh,
        floor=round(floor, 2),
        charge_efficiency=side,
        discharge_efficiency=side,
    )


def _sd_near_empty(battery: Battery, floor: float) -> float:
    """Standard deviation of the charge where it matters: the rest curve is steep near empty."""
    return max(_SD_LEAST, _NOISE_V * battery.soc_per_v(battery.rest_v(floor + 0.03)))


def _steady(situation: Situation) -> Verdict:
    """Everything on: nothing measures a battery, the supply counts as steady."""
    levels = {duty.consumer: duty.levels[-1].name for duty in situation.duties}
    grants = tuple(
        LeaseVerdict(
            offer_id=lease.offer.offer_id,
            verb=LeaseVerb.GRANT,
            sentence="granted: nothing measures a battery, the supply counts as steady",
        )
        for lease in situation.leases
        if lease.state is LeaseState.OFFERED and not lease.offer.standing
    )
    return Verdict(levels=levels, leases=() if situation.metered else grants)


def _levels(situation: Situation, choice: Choice) -> dict[str, str]:
    return {
        duty.consumer: choice.rung.picks.get(duty.consumer, duty.levels[0].name) for duty in situation.duties
    }


def _answer(offer: Offer, choice: Choice) -> Answer:
    yes = offer.offer_id in choice.rung.picks
    numbers = {
        "needed_wh": offer.energy_wh,
        "value_points": offer.value_points,
        "price_points_per_wh": choice.price_points_per_wh,
    }
    word = "granted" if yes else "waiting"
    return Answer(yes=yes, sentence=f"{word}: {_price_words(offer, choice)}", numbers=numbers)


def _price_words(offer: Offer, choice: Choice) -> str:
    worth = offer.value_points / max(offer.energy_wh, 1e-9)
    price = choice.price_points_per_wh
    words = f"needs {wh(offer.energy_wh)} worth {worth:.2f} points each"
    if offer.offer_id in choice.rung.picks:
        return f"{words}, kept they would be worth {price:.2f}"
    if worth <= price:
        return f"{words}, kept they are worth {price:.2f}"
    return f"{words}, but that would come too near the floor or last too long"


def _duty_decision(situation: Situation, consumer: str, level: str, choice: Choice) -> Decision:
    soc = situation.soc.soc if situation.soc else 0.0
    price = choice.price_points_per_wh
    words = f"battery {percent(soc)}, a Wh kept is worth {price:.2f} points"
    if choice.latched:
        words = f"battery {percent(soc)}, too near the floor"
    return Decision(
        time_utc=situation.now_utc,
        subject=consumer,
        action="level",
        cause=f"{level}:{'floor' if choice.latched else 'price'}",
        sentence=f"{level}: {words}",
        numbers={"battery_percent": soc * 100, "price_points_per_wh": price},
    )
