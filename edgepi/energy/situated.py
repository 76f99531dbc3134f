"""What the engine needs to know of a node: its site, and its battery with a floor."""

from __future__ import annotations

from functools import lru_cache

from edgepi.energy.battery import Battery
from edgepi.energy.governor import LeaseVerb, LeaseVerdict, Situation, Verdict
from edgepi.energy.settings import Site, Store
from edgepi.model import LeaseState

__all__ = ["differs", "site_of", "steady", "store_of"]

_SD_TRUE = 0.001
_SD_LEAST = 0.02
_NOISE_V = 0.06
_FLOOR_STEP = 0.03


def site_of(situation: Situation) -> Site:
    """Where the panel stands and looks."""
    node, panel = situation.node, situation.panel
    return Site(
        latitude=node.latitude,
        longitude=node.longitude,
        panel_w=panel.peak_w,
        tilt_deg=panel.tilt_deg,
        azimuth_deg=panel.azimuth_deg,
    )


def store_of(situation: Situation) -> Store:
    """The battery with the floor that its run guard and the doubt about its charge call for."""
    soc = situation.soc
    doubt = soc.sd if soc else 0.0
    doubted = doubt >= _SD_TRUE or (soc is not None and soc.source != "board")
    return _store(situation.battery, situation.guard.run_v, doubt if doubted else None)


@lru_cache(maxsize=8)
def _store(battery: Battery, run_v: float, doubt: float | None) -> Store:
    floor = battery.soc_at_rest(run_v) if run_v else 0.05
    if doubt is not None:
        floor += 0.005 + 2.5 * min(doubt, _sd_near_empty(battery, floor))
    side = battery.facts.efficiency
    return Store(
        capacity_wh=battery.capacity_wh,
        floor=round(floor, 2),
        charge_efficiency=side,
        discharge_efficiency=side,
    )


@lru_cache(maxsize=8)
def _sd_near_empty(battery: Battery, floor: float) -> float:
    """Standard deviation of the charge where it matters: the rest curve is steep near empty."""
    return max(_SD_LEAST, _NOISE_V * battery.soc_per_v(battery.rest_v(floor + 0.03)))


def differs(store: Store, priced: Store) -> bool:
    """Whether a battery is so unlike the one that energy was priced for that it is to be priced anew."""
    return store.capacity_wh != priced.capacity_wh or abs(store.floor - priced.floor) >= _FLOOR_STEP


def steady(situation: Situation) -> Verdict:
    """Everything on: nothing measures a battery, the supply counts as steady."""
    levels = {duty.consumer: duty.levels[-1].name for duty in situation.duties}
    grants = tuple(
        LeaseVerdict(
            offer_id=lease.offer.offer_id,
            verb=LeaseVerb.GRANT,
            sentence="granted: nothing measures a battery, the supply counts as steady",
        )
        for lease in situation.leases
        if lease.state is LeaseState.OFFERED
    )
    return Verdict(levels=levels, leases=() if situation.metered else grants)
