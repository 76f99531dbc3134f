"""The life of leases: which step may follow which, the book of all, and the job's side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from edgepi.energy.offers import validate_offer
from edgepi.errors import LeaseError, OfferError
from edgepi.model import Answer, Lease, LeaseState, Offer

__all__ = ["TRANSITIONS", "Handle", "LeaseBook", "move"]

_S = LeaseState

TRANSITIONS: Mapping[LeaseState, frozenset[LeaseState]] = MappingProxyType(
    {
        _S.OFFERED: frozenset({_S.GRANTED, _S.REFUSED, _S.GIVEN_BACK}),
        _S.REFUSED: frozenset(),
        # Back to offered: the grant is withdrawn before the work began.
        _S.GRANTED: frozenset({_S.RUNNING, _S.OFFERED, _S.GIVEN_BACK, _S.BROKEN}),
        _S.RUNNING: frozenset({_S.PAUSED, _S.COMMIT_ASKED, _S.FINISHED, _S.GIVEN_BACK, _S.BROKEN}),
        _S.PAUSED: frozenset({_S.RUNNING, _S.GIVEN_BACK, _S.BROKEN}),
        _S.COMMIT_ASKED: frozenset({_S.COMMITTED, _S.GIVEN_BACK, _S.BROKEN}),
        _S.COMMITTED: frozenset({_S.FINISHED, _S.GIVEN_BACK, _S.BROKEN}),
        _S.FINISHED: frozenset(),
        _S.GIVEN_BACK: frozenset(),
        _S.BROKEN: frozenset(),
    }
)


def move(lease: Lease, state: LeaseState, now_utc: datetime, sentence: str = "") -> Lease:
    """Return the lease in its next state.

    Raises:
        LeaseError: that step does not follow from where the lease stands.
    """
    if state not in TRANSITIONS[lease.state]:
        raise LeaseError(f"lease {lease.offer.offer_id} is {lease.state}, it cannot become {state}")
    return replace(lease, state=state, since_utc=now_utc, sentence=sentence, finishing=False)


class LeaseBook:
    """All leases that are open, and the last word on those that were closed lately."""

    def __init__(self, changed: Callable[[Lease], None], now: Callable[[], datetime]) -> None:
        self._changed = changed
        self._now = now
        self._leases: dict[str, Lease] = {}
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._interrupted: dict[str, Lease] = {}
        self._attached: set[str] = set()

    @property
    def open(self) -> tuple[Lease, ...]:
        """Every lease that still binds anybody, oldest first."""
        return tuple(lease for lease in self._leases.values() if lease.state.open)

    def get(self, offer_id: str) -> Lease:
        """Look up a lease, open or closed."""
        try:
            return self._leases[offer_id]
        except KeyError:
            raise LeaseError(f"there is no lease {offer_id}") from None

    def offer(self, offer: Offer) -> Lease:
        """Enter an offer, or find again the lease that its job had before a restart.

        Raises:
            OfferError: it cannot be meant, or an open lease of that id is for something else.
        """
        validate_offer(offer)
        known = self._leases.get(offer.offer_id)
        if known is not None and known.state.open:
            if not _same(known.offer, offer):
                raise OfferError(f"offer {offer.offer_id} is open already, and for something else")
        else:
            before = self._interrupted.pop(offer.offer_id, None)
            used_wh, run_s = (before.used_wh, before.run_s) if before else (0.0, 0.0)
            known = Lease(offer=offer, state=_S.OFFERED, since_utc=self._now(), used_wh=used_wh, run_s=run_s)
            self._put(known)
        self._attached.add(offer.offer_id)
        return known

    def step(self, offer_id: str, state: LeaseState, sentence: str = "") -> Lease:
        """Move a lease on."""
        return self._put(move(self.get(offer_id), state, self._now(), sentence))

    def begin(self, offer_id: str) -> Lease:
        """Begin the run phase, or once committed the finish phase."""
        lease = self.get(offer_id)
        if lease.offer.standing:
            raise LeaseError(f"lease {offer_id} holds energy for a standing offer, which is never run itself")
        if lease.state is not _S.COMMITTED:
            return self.step(offer_id, _S.RUNNING)
        if lease.offer.finish is None:
            raise LeaseError(f"lease {offer_id} has no finish phase")
        return lease if lease.finishing else self._put(replace(lease, finishing=True))

    def move_deadline(self, offer_id: str, deadline_utc: datetime) -> Lease:
        """Let the finish phase of an open lease be due at another time.

        Raises:
            LeaseError: it is closed, or has no finish phase.
            OfferError: the time has no zone.
        """
        lease = self.get(offer_id)
        finish = lease.offer.finish
        if finish is None or not lease.state.open:
            raise LeaseError(f"lease {offer_id} has no deadline that could move")
        offer = replace(lease.offer, finish=replace(finish, deadline_utc=deadline_utc))
        validate_offer(offer)
        self._leases[offer_id] = replace(lease, offer=offer)
        return self._leases[offer_id]

    def pass_time(self, seconds: float, power_w: Callable[[Lease], float] = lambda x: x.power_w) -> None:
        """Count what each job ran and used, as stated or as *power_w* knows better."""
        for lease in self.open:
            if lease.draws:
                used_wh = lease.used_wh + power_w(lease) * seconds / 3600.0
                run_s = lease.run_s + (0.0 if lease.finishing else seconds)
                self._leases[lease.offer.offer_id] = replace(lease, used_wh=used_wh, run_s=run_s)

    def restore(self, leases: Iterable[Lease]) -> None:
        """Take over leases of an earlier life: committed ones bind, others may be offered again."""
        for lease in leases:
            if lease.state is _S.COMMITTED:
                self._leases[lease.offer.offer_id] = replace(lease, finishing=False)
            elif lease.state.open:
                self._interrupted[lease.offer.offer_id] = lease

    def orphans(self, older_than: datetime) -> tuple[Lease, ...]:
        """Committed leases that no job took up again and whose deadline passed before *older_than*."""
        return tuple(
            lease
            for lease in self.open
            if lease.offer.offer_id not in self._attached
            and lease.offer.finish is not None
            and lease.offer.finish.deadline_utc < older_than
        )

    async def changed(self, offer_id: str, seen: Lease) -> Lease:
        """Wait until the lease is in another state, or phase, than *seen*."""
        while not _differs(self.get(offer_id), seen):
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(offer_id, []).append(waiter)
            await waiter
        return self.get(offer_id)

    def _put(self, lease: Lease) -> Lease:
        self._leases[lease.offer.offer_id] = lease
        for waiter in self._waiters.pop(lease.offer.offer_id, []):
            if not waiter.done():
                waiter.set_result(None)
        self._changed(lease)
        self._forget_closed()
        return lease

    def _forget_closed(self, keep: int = 100) -> None:
        closed = [offer_id for offer_id, lease in self._leases.items() if not lease.state.open]
        for offer_id in closed[: max(0, len(closed) - keep)]:
            del self._leases[offer_id]
            self._attached.discard(offer_id)


def _same(one: Offer, other: Offer) -> bool:
    """Whether two offers are for the same; a deadline that moved meanwhile makes no difference."""
    if one.finish is None or other.finish is None:
        return one == other
    return one == replace(other, finish=replace(other.finish, deadline_utc=one.finish.deadline_utc))


def _differs(one: Lease, other: Lease) -> bool:
    """Whether a lease moved; what it used meanwhile is no move."""
    return (one.state, one.since_utc, one.finishing) != (other.state, other.since_utc, other.finishing)


class _Desk(Protocol):
    """What a handle asks of the budget."""

    @property
    def leases(self) -> LeaseBook: ...
    async def commit(self, offer_id: str) -> Answer: ...
    def nudge(self) -> None: ...


class Handle:
    """A job's side of a lease; see `edgepi.plugin.LeaseHandle`.

    `changed` returns at once if the lease moved since the job last looked.
    """

    def __init__(self, desk: _Desk, lease: Lease) -> None:
        self._desk = desk
        self._last = lease
        self._id = lease.offer.offer_id

    @property
    def lease(self) -> Lease:
        """Where the lease stands now."""
        if self._last.state.open:
            self._last = self._desk.leases.get(self._id)
        return self._last

    async def changed(self) -> Lease:
        """Wait for the next change of state and return the lease."""
        if self._last.state.open:
            self._last = await self._desk.leases.changed(self._id, self._last)
        return self._last

    async def started(self) -> None:
        """Say that the work begins: the run phase, or once committed the finish phase."""
        self._act(self._desk.leases.begin, self._id)

    async def commit(self) -> Answer:
        """Ask whether the finish phase is safe; *no* means that the job is given back."""
        if self.lease.state is _S.GRANTED:
            await self.started()
        return await self._desk.commit(self._id)

    async def move_deadline(self, deadline_utc: datetime) -> None:
        """Say by when the finish phase must be done, now that more is known."""
        self._desk.leases.move_deadline(self._id, deadline_utc)

    async def finished(self) -> None:
        """Say that the job is done."""
        if self.lease.state is _S.GRANTED:
            await self.started()
        self._act(self._desk.leases.step, self._id, _S.FINISHED, "finished")

    async def give_back(self, reason: str) -> None:
        """Say that the job ends without being done."""
        self._act(self._desk.leases.step, self._id, _S.GIVEN_BACK, f"given back: {reason}")

    def _act(self, act: Callable[..., Any], *args: Any) -> None:
        act(*args)
        self._desk.nudge()
