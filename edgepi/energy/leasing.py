"""The next step of each lease, by price."""

from __future__ import annotations

from edgepi.energy.governor import LeaseVerb, LeaseVerdict
from edgepi.energy.offers import too_late
from edgepi.energy.standpoint import Standpoint
from edgepi.energy.weighing import DWELL_S, Weighed, recent
from edgepi.energy.wording import offer_words
from edgepi.model import Guard, Lease, LeaseState

__all__ = ["lease_steps"]

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


def lease_steps(stand: Standpoint, weighed: Weighed) -> tuple[LeaseVerdict, ...]:
    """Steps of all leases that take one."""
    steps = (_step(stand, weighed, lease) for lease in weighed.situation.leases)
    return tuple(step for step in steps if step is not None)


def _step(stand: Standpoint, weighed: Weighed, lease: Lease) -> LeaseVerdict | None:
    offer, chosen = lease.offer, lease.offer.offer_id in weighed.picks
    if lease.state is LeaseState.OFFERED and too_late(offer, weighed.situation.now_utc):
        words = "refused: run and finish no longer fit before the deadline"
        return LeaseVerdict(offer_id=offer.offer_id, verb=LeaseVerb.REFUSE, sentence=words)
    verb = _VERBS.get((lease.state, chosen))
    if verb is LeaseVerb.PAUSE and not offer.run.pausable:
        verb = LeaseVerb.BREAK if weighed.choice.latched else None
    if verb is None or _young(stand, weighed, lease):
        return None
    sentence = f"{_SAID[verb]}: {offer_words(stand, weighed, lease)}"
    return LeaseVerdict(offer_id=offer.offer_id, verb=verb, sentence=sentence)


def _young(stand: Standpoint, weighed: Weighed, lease: Lease) -> bool:
    """Whether a lease took its last step so lately that the price alone moves it no further."""
    situation = weighed.situation
    if lease.state is LeaseState.PAUSED:
        return recent(lease, situation)
    if weighed.choice.latched or situation.guard.worst is not Guard.NONE:
        return False
    if lease.state is LeaseState.OFFERED:
        since_s = stand.withdrawn_s.get(lease.offer.offer_id)
        return since_s is not None and 0.0 <= situation.monotonic_s - since_s < DWELL_S
    return recent(lease, situation)
