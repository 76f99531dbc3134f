"""The governor that goes by the price of energy: what runs is worth more than its energy would be later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from threading import Lock
from typing import Any

from edgepi.energy.asleep import planned_wake, sleep_by_price
from edgepi.energy.cold import cold_decisions
from edgepi.energy.daylog import slot_time
from edgepi.energy.engine import Engine
from edgepi.energy.foreseen import Foreseen
from edgepi.energy.governor import Insight, LearnedLoad, LeaseVerb, Situation, Verdict
from edgepi.energy.guards import enforce
from edgepi.energy.harvests import Harvests
from edgepi.energy.leasing import lease_steps
from edgepi.energy.metering import Metering
from edgepi.energy.offers import finish_safe
from edgepi.energy.outlook import Known, insight_of
from edgepi.energy.refit import fitted, stamp
from edgepi.energy.replan import Planner, Planning
from edgepi.energy.rest import wake_plan as wake_with_the_light
from edgepi.energy.settings import EngineSettings, Site
from edgepi.energy.situated import differs, site_of, steady, store_of
from edgepi.energy.standpoint import Standpoint, learned, priced_rungs
from edgepi.energy.usual import UsualOffers
from edgepi.energy.weighing import Weighed, weigh
from edgepi.energy.wording import duty_decision, load_decision, offer_answer, wait_decision
from edgepi.model import Answer, Decision, Lease, LeaseState, Offer, Plan, SunForecast, WakePlan

__all__ = ["Planning", "PricedGovernor"]

_RETRY_S = 1800.0
_REMEMBERED = 50
_STILL = 0.002


class PricedGovernor:
    """Prices a Wh each morning and chooses by it; learns the sun, the weather and the loads.

    Questions read one frozen standpoint, which `prepare` and `decide` replace as a whole; so they may
    be asked in any thread. Plans are made *always*, or (in a simulated year, for speed) only when the node
    goes to sleep, or *never*; there nobody reads decisions, either: without *explains* none are worded.
    """

    name = "price"

    def __init__(
        self,
        settings: EngineSettings | None = None,
        *,
        numpy: bool | None = None,
        planning: Planning = "always",
    ) -> None:
        self.planner = Planner(planning)
        self.explains = True
        self._settings = settings or EngineSettings()
        self._numpy = numpy
        self._engine: Engine | None = None
        self._site: Site | None = None
        self._harvests = Harvests()
        self._foreseen = Foreseen(len(self._settings.forecast_sd))
        self._metering = Metering()
        self._usual = UsualOffers()
        self._stand: Standpoint | None = None
        self._known = Known()
        self._latched = False
        self._withdrawn_s: dict[str, float] = {}
        self._told: set[str] = set()
        self._put_off = False
        self._seen: tuple[object, Mapping[str, float]] = (None, {})
        self._stale = False
        self._recalled: Mapping[str, Any] = {}
        self._made_with: Any = None
        self._lock = Lock()
        self._preparing = False
        self._snapshot: Mapping[str, Any] = {}

    # What is foreseen -----------------------------------------------------------------------

    def tell_clearness(self, day: date, clearness: Sequence[float | None]) -> None:
        """Give a forecast for solar *day* and those after: each day's harvest over a clear day's."""
        self._foreseen.tell_clearness(day, clearness)

    def tell_forecast(self, forecast: SunForecast) -> None:
        """Take in a forecast of the sun; a day's first one counts at once, later ones tomorrow."""
        self._foreseen.tell(forecast)

    # Thinking -------------------------------------------------------------------------------

    def due(self, situation: Situation) -> bool:
        """Whether a day begins, or so much has changed that energy is priced anew."""
        wanted = self._wanted(situation) or (
            situation.soc is not None and self.planner.due(self._stand, situation)
        )
        self._put_off = not wanted
        return wanted

    def _wanted(self, situation: Situation) -> bool:
        if situation.soc is None:
            return False
        stand, engine, site = self._stand, self._engine, site_of(situation)
        if stand is None or engine is None or site != self._site:
            return True
        if self._harvests.begins(site, situation.now_utc) or self._usual.unknown(situation.leases):
            return True
        if slot_time(site, situation.now_utc).day != stand.day:
            return True  # a thought about this day came to nothing
        if self._foreseen.news(stand.day) or differs(store_of(situation), engine.worth.plan.store):
            return True
        shape = _shape(situation), self._usual.priced
        scales = self._metering.scales
        if shape != self._seen[0] or _moved(scales, self._seen[1]):
            self._seen = shape, scales
            self._stale = engine.stale(priced_rungs(learned(situation, scales), self._usual.priced, scales))
        return self._stale

    def prepare(self, situation: Situation) -> None:
        """Learn from days that are over, price energy, and plan what follows."""
        if situation.soc is None:
            return
        if self._wanted(situation):
            self._price(situation)
        assert self._stand is not None
        weighed = weigh(self._stand, situation)
        self._stand = self.planner.planned(replace(self._stand, latched=weighed.choice.latched), weighed)

    def _price(self, situation: Situation) -> None:
        with self._lock:
            self._snapshot, self._preparing = self._memory_now(), True
        try:
            self._think(situation)
        finally:
            with self._lock:
                self._preparing = False

    def _think(self, situation: Situation) -> None:
        engine, site = self._engine_for(situation)
        self._metering.take(situation)
        begins = self._harvests.begins(site, situation.now_utc)
        at = self._harvests.take(situation, site, engine)
        begins = begins or self._stand is None or self._stand.day != at.day
        if begins:
            self._usual.begin_day(at.day.toordinal())
        self._usual.note(situation.leases, at.day.toordinal(), situation.monotonic_s)
        situation = learned(situation, self._metering.scales)
        rungs = priced_rungs(situation, self._usual.priced, self._metering.scales)
        said = self._foreseen.of(at.day, site, begins=begins)
        if begins or said is not None:
            engine.begin_day(at.day, rungs, said or ())
        elif differs(store_of(situation), engine.worth.plan.store):
            engine.refloor(rungs)
        else:
            engine.reprice(rungs)
        engine.observe(self._harvests.means(at.slot))
        self._seen = None, {}
        self._known = Known(
            days_learned=engine.days_learned,
            forecast_sd=engine.forecast_sd if self._foreseen.told else None,
            forecast_source=self._foreseen.source,
        )
        self.planner.outdate()
        self._publish(engine, site, at.day, plan=self._stand.plan if self._stand else None)

    def _engine_for(self, situation: Situation) -> tuple[Engine, Site]:
        site, store = site_of(situation), store_of(situation)
        if self._engine is None or site != self._site:
            self._engine = Engine(self._settings, site, store, numpy=self._numpy)
            self._engine.recall(fitted(self._recalled, self._made_with, site, store))
            self._site, self._stand = site, None
        self._engine.store = store
        return self._engine, site

    def _publish(self, engine: Engine, site: Site, day: date, *, plan: Plan | None) -> Standpoint:
        self._stand = Standpoint(
            view=engine.view,
            site=site,
            day=day,
            latched=self._latched,
            scales=self._metering.scales,
            usual=self._usual.priced,
            withdrawn_s=dict(self._withdrawn_s),
            plan=plan,
        )
        return self._stand

    # Deciding -------------------------------------------------------------------------------

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""
        if situation.soc is None:
            return enforce(situation, steady(situation))
        apart = self._put_off and self._stand is not None
        stand = self._look(situation, apart=apart)
        weighed = weigh(stand, situation)
        self._latched = weighed.choice.latched
        if stand.latched != self._latched:
            stand = replace(stand, latched=self._latched)
        stand = self.planner.planned(stand, weighed, apart=apart)
        verdict = Verdict(
            levels={d.consumer: weighed.picks.get(d.consumer, d.levels[0].name) for d in situation.duties},
            leases=lease_steps(stand, weighed),
            price_points_per_wh=weighed.choice.price_points_per_wh,
            decisions=tuple(self._decisions(stand, weighed)) if self.explains else (),
            plan=stand.plan,
        )
        self._note_withdrawn(verdict, situation)
        if stand.withdrawn_s != self._withdrawn_s:
            stand = replace(stand, withdrawn_s=dict(self._withdrawn_s))
        self._stand = stand
        verdict = enforce(situation, verdict)
        sleep = sleep_by_price(situation, weighed, verdict.leases, stand.plan)
        # Until when is only known once there is a plan of it.
        waits = self.planner.wanted and sleep is not None and not sleep.forced
        return verdict if waits or sleep is None else replace(verdict, sleep=sleep)

    def _look(self, situation: Situation, *, apart: bool) -> Standpoint:
        """Take in what the situation shows; think first if nobody did.

        What turns up only now waits until somebody who prepares apart asks again what is due.
        """
        self._put_off = False
        self._metering.take(situation)
        if not apart and self._wanted(situation):
            self._think(situation)
        stand, engine, site = self._stand, self._engine, self._site
        assert stand is not None
        assert engine is not None
        assert site is not None
        if self._harvests.begins(site, situation.now_utc):
            return stand
        at = self._harvests.take(situation, site, engine)
        if not self._usual.unknown(situation.leases):
            self._usual.note(situation.leases, at.day.toordinal(), situation.monotonic_s)
        engine.observe(self._harvests.means(at.slot))
        return self._publish(engine, site, stand.day, plan=stand.plan)

    def _decisions(self, stand: Standpoint, weighed: Weighed) -> list[Decision]:
        situation = weighed.situation
        found = [duty_decision(weighed, duty) for duty in situation.duties]
        found += [
            wait_decision(stand, weighed, lease)
            for lease in situation.leases
            if lease.state is LeaseState.OFFERED and lease.offer.offer_id not in weighed.picks
        ]
        news = [x for x in self._metering.loads if x.excessive and x.part not in self._told]
        return [*found, *cold_decisions(situation), *(self._tell(situation, load) for load in news)]

    def _tell(self, situation: Situation, load: LearnedLoad) -> Decision:
        self._told.add(load.part)
        consumer = load.part.partition(":")[0]
        return load_decision(situation, "node" if consumer == "idle" else consumer, load)

    def _note_withdrawn(self, verdict: Verdict, situation: Situation) -> None:
        for step in verdict.leases:
            if step.verb is LeaseVerb.WITHDRAW:
                self._withdrawn_s.pop(step.offer_id, None)
                self._withdrawn_s[step.offer_id] = situation.monotonic_s
        for offer_id in list(self._withdrawn_s)[:-_REMEMBERED]:
            del self._withdrawn_s[offer_id]

    # Questions ------------------------------------------------------------------------------

    def would_grant(self, situation: Situation, offer: Offer) -> Answer:
        """Answer an offer without granting it."""
        stand = self._stand
        if situation.soc is None or stand is None:
            sentence = "granted: nothing measures a battery" if situation.soc is None else "waiting: just up"
            return Answer(yes=situation.soc is None, sentence=sentence)
        lease = Lease(offer=offer, state=LeaseState.OFFERED, since_utc=situation.now_utc)
        others = tuple(known for known in situation.leases if known.offer.offer_id != offer.offer_id)
        return offer_answer(stand, weigh(stand, replace(situation, leases=(*others, lease))), lease)

    def may_commit(self, situation: Situation, lease: Lease) -> Answer:
        """Say whether the finish phase of a lease is safe, whatever comes."""
        commit_soc = situation.battery.soc_at_rest(situation.guard.commit_v)
        return finish_safe(situation, lease, commit_soc * situation.battery.capacity_wh)

    def wake_plan(self, situation: Situation) -> WakePlan:
        """Say when the node should come back if it went down now."""
        stand = self._stand
        if stand is None or stand.plan is None:
            return wake_with_the_light(situation, _RETRY_S)
        return planned_wake(situation, stand.plan)

    def insight(self) -> Insight:
        """What was learned and is expected."""
        stand, loads = self._stand, self._metering.loads
        return Insight(loads=loads) if stand is None else insight_of(stand, self._known, loads)

    # Memory ---------------------------------------------------------------------------------

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart; while another thread prepares, what was known before."""
        with self._lock:
            return self._snapshot if self._preparing else self._memory_now()

    def _memory_now(self) -> Mapping[str, Any]:
        return {
            "latched": self._latched,
            "loads": self._metering.memory(),
            "told": sorted(self._told),
            "usual": self._usual.memory(),
            "foreseen": self._foreseen.memory(),
            "charge": self._harvests.memory(),
            "engine": self._recalled if self._engine is None else self._engine.memory(),
            "made_with": self._stamp(),
        }

    def _stamp(self) -> Any:
        if self._engine is None or self._site is None:
            return self._made_with
        return stamp(self._site, self._engine.store)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`; what does not fit is left out."""
        if not isinstance(memory, Mapping):
            return
        self._latched = memory.get("latched") is True
        engine = memory.get("engine")
        self._recalled = engine if isinstance(engine, Mapping) else {}
        self._made_with = memory.get("made_with")
        told = memory.get("told")
        self._told = {part for part in told if isinstance(part, str)} if isinstance(told, list) else set()
        self._metering.recall(memory.get("loads"))
        self._usual.recall(memory.get("usual"))
        self._foreseen.recall(memory.get("foreseen"))
        self._harvests.recall(memory.get("charge"))


def _shape(situation: Situation) -> object:
    """What the demand is made of, beside learned powers."""
    duties = tuple((d.consumer, d.levels, d.points_per_h, dict(d.learned_w)) for d in situation.duties)
    return duties, situation.board, situation.sleep.usable


def _moved(scales: Mapping[str, float], before: Mapping[str, float]) -> bool:
    """Whether learned powers have changed at all since they were last looked at."""
    if len(scales) != len(before):
        return True
    return any(abs(scale - before.get(part, 0.0)) > _STILL for part, scale in scales.items())
