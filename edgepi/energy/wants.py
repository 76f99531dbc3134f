"""Turns duties and leases into wants of the engine, and says what of them runs."""

from __future__ import annotations

from collections.abc import Mapping

from edgepi.energy.demand import Step, Want
from edgepi.energy.governor import DutyNow, Situation
from edgepi.energy.usual import WANTING
from edgepi.model import Lease, LeaseState, Offer

__all__ = ["demand", "duty_wants", "job_want", "kept", "parts", "running"]

_RUNNING = (LeaseState.RUNNING, LeaseState.COMMIT_ASKED)
_STARTED = (LeaseState.GRANTED, *_RUNNING)


def demand(situation: Situation, scales: Mapping[str, float]) -> tuple[Want, ...]:
    """What duties and open leases want: power above the idle node, points per hour."""
    jobs = (job_want(lease.offer, scales) for lease in situation.leases if _wants(lease))
    return (*duty_wants(situation), *jobs)


def duty_wants(situation: Situation) -> tuple[Want, ...]:
    """What duties want."""
    return tuple([Want(duty.consumer, _steps(duty)) for duty in situation.duties])


def _steps(duty: DutyNow) -> tuple[Step, ...]:
    names = [level.name for level in duty.levels[1:]]
    return tuple([Step(name, duty.power_w(name), duty.points(name)) for name in names])


def _wants(lease: Lease) -> bool:
    return lease.state in WANTING and not lease.offer.standing


def job_want(offer: Offer, scales: Mapping[str, float]) -> Want:
    """What the run phase of an offer wants."""
    run_h = offer.run.duration_s / 3600.0
    power_w = offer.power_w * scales.get(f"{offer.consumer}:run", 1.0)
    hold_h = 0.0 if offer.run.pausable else run_h
    return Want(offer.offer_id, (Step("run", power_w, offer.value_points / run_h),), hold_h)


def running(situation: Situation) -> dict[str, str] | None:
    """Levels and jobs that run now; None if nothing does."""
    picks = {duty.consumer: duty.level for duty in situation.duties if duty.index(duty.level)}
    picks |= {
        lease.offer.offer_id: "run"
        for lease in situation.leases
        if lease.state in _STARTED and not lease.offer.standing
    }
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
            # A finish phase is other work than the run phase, and learned apart.
            part = f"{lease.offer.consumer}:{'finish' if lease.finishing else 'run'}"
            found[part] = found.get(part, 0.0) + lease.power_w
    return found
