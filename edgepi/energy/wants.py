"""Turns duties and leases into wants of the engine, and says what of them runs."""

from __future__ import annotations

from edgepi.energy.demand import Step, Want
from edgepi.energy.governor import Situation
from edgepi.energy.loads import LoadMeter
from edgepi.model import Lease, LeaseState

__all__ = ["demand", "kept", "parts", "running"]

_RUNNING = (LeaseState.RUNNING, LeaseState.COMMIT_ASKED)
_WANTING = (LeaseState.OFFERED, LeaseState.GRANTED, LeaseState.PAUSED, *_RUNNING)
_STARTED = (LeaseState.GRANTED, *_RUNNING)


def demand(situation: Situation, meter: LoadMeter) -> tuple[Want, ...]:
    """What duties and open leases want: power above the idle node, points per hour."""
    duties = [
        Want(
            duty.consumer,
            tuple(
                Step(level.name, duty.power_w(level.name), level.points_per_h) for level in duty.levels[1:]
            ),
        )
        for duty in situation.duties
    ]
    return (*duties, *(_job(lease, meter) for lease in situation.leases if _wants(lease)))


def _wants(lease: Lease) -> bool:
    return lease.state in _WANTING and not lease.offer.standing


def _job(lease: Lease, meter: LoadMeter) -> Want:
    offer = lease.offer
    run_h = offer.run.duration_s / 3600.0
    power_w = offer.power_w * meter.scale(f"{offer.consumer}:run")
    hold_h = 0.0 if offer.run.pausable else run_h
    return Want(offer.offer_id, (Step("run", power_w, offer.value_points / run_h),), hold_h)


def running(situation: Situation) -> dict[str, str] | None:
    """Levels and jobs that run now; None if nothing does."""
    picks = {duty.consumer: duty.level for duty in situation.duties if duty.index(duty.level)}
    picks |= {lease.offer.offer_id: "run" for lease in situation.leases if lease.state in _STARTED}
    return picks or None


def kept(situation: Situation) -> dict[str, float]:
    """Jobs that may not be stopped, with the hours they still need."""
    return {
        lease.offer.offer_id: max(0.0, lease.offer.run.duration_s - lease.run_s) / 3600.0
        for lease in situation.leases
        if lease.state in _RUNNING and not lease.offer.run.pausable
    }


def parts(situation: Situation) -> dict[str, float]:
    """Stated power (W at the battery) of everything that draws now, the idle node first."""
    found = {"idle": situation.board.idle_w}
    for duty in situation.duties:
        if index := duty.index(duty.level):
            found[f"{duty.consumer}:{duty.level}"] = duty.levels[index].power_w
    for lease in situation.leases:
        if lease.draws:
            found[f"{lease.offer.consumer}:run"] = lease.power_w
    return found
