"""Offers that are usual: what kinds of jobs come, so that energy is priced as if they came tomorrow too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgepi.energy.demand import Step, Want
from edgepi.model import Lease, LeaseState, Offer

__all__ = ["WANTING", "Usual", "UsualOffers", "usual_wants"]

WANTING = (
    LeaseState.OFFERED,
    LeaseState.GRANTED,
    LeaseState.PAUSED,
    LeaseState.RUNNING,
    LeaseState.COMMIT_ASKED,
)
_FORGOTTEN_DAYS = 7
_AT_ONCE = 2
_MOST = 12
_NEWS = 0.3
# A kind that is new is believed to be there always; a day without it halves that.
_BELIEVED_H, _REMEMBERED_H = 24.0, 7 * 24.0
_LONGEST_H = 1.0
_ALWAYS, _NEVER = 0.97, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A kind of job: stated power (W), points per hour, hours it cannot be stopped, solar day last seen.

    *share* is the share of the time in which a real one was there, as seen in about so many *hours*.
    """

    name: str
    consumer: str
    power_w: float
    points_per_h: float
    hold_h: float
    day: int
    share: float = 1.0
    hours: float = _BELIEVED_H

    @classmethod
    def of(cls, name: str, offer: Offer, day: int) -> Usual:
        """Take the shape of an offer."""
        run_h = offer.run.duration_s / 3600.0
        return cls(
            name=name,
            consumer=offer.consumer,
            power_w=offer.power_w,
            points_per_h=offer.value_points / run_h,
            hold_h=0.0 if offer.run.pausable else run_h,
            day=day,
        )

    def watched(self, hours: float, *, there: bool) -> Usual:
        """This kind after some hours more, with a real job there or not; what is long ago counts no more."""
        seen_h = min(self.hours + hours, _REMEMBERED_H)
        share = self.share + (float(there) - self.share) * hours / seen_h
        same = share == self.share and seen_h == self.hours
        return self if same else replace(self, share=share, hours=seen_h)

    def blended(self, news: Usual) -> Usual:
        """This kind, moved a little towards the latest of its offers."""

        def mean(old: float, new: float) -> float:
            return old + _NEWS * (new - old)

        return replace(
            self,
            power_w=mean(self.power_w, news.power_w),
            points_per_h=mean(self.points_per_h, news.points_per_h),
            hold_h=mean(self.hold_h, news.hold_h),
            day=news.day,
        )


class UsualOffers:
    """Kinds of jobs by consumer; prices count with them as they were this morning."""

    def __init__(self) -> None:
        self._kinds: dict[str, Usual] = {}
        self._last: dict[str, str] = {}
        self._priced: tuple[Usual, ...] = ()
        self._noted_s: float | None = None
        self._naming: tuple[object, list[tuple[str, Offer]]] = (None, [])

    @property
    def priced(self) -> tuple[Usual, ...]:
        """The kinds that energy is priced for today."""
        return self._priced

    def note(self, leases: tuple[Lease, ...], day: int, monotonic_s: float) -> None:
        """See what is on offer now; a kind that is new counts at once."""
        named = self._named(leases)
        self._watch({name for name, offer in named if not offer.standing}, monotonic_s)
        for name, offer in named:
            news, known = Usual.of(name, offer, day), self._kinds.get(name)
            if known is None:
                if len(self._kinds) >= _MOST:
                    continue
                self._kinds[name] = news
                self._priced = (*self._priced, news)
            elif self._last.get(name) != offer.offer_id:
                self._kinds[name] = known.blended(news)
            elif known.day != day:
                self._kinds[name] = replace(known, day=day)
            self._last[name] = offer.offer_id

    def _watch(self, there: set[str], monotonic_s: float) -> None:
        """Count the time since the last look, if the node was up all of it."""
        before_s, self._noted_s = self._noted_s, monotonic_s
        hours = 0.0 if before_s is None else (monotonic_s - before_s) / 3600.0
        if 0.0 < hours <= _LONGEST_H:
            self._kinds = {
                name: kind.watched(hours, there=name in there) for name, kind in self._kinds.items()
            }

    def unknown(self, leases: tuple[Lease, ...]) -> bool:
        """Whether something is on offer whose kind is new."""
        if len(self._kinds) >= _MOST:
            return False
        return any(name not in self._kinds for name, _ in self._named(leases))

    def _named(self, leases: tuple[Lease, ...]) -> list[tuple[str, Offer]]:
        """The offers by kind, worked out once for leases that are asked about again."""
        if self._naming[0] is not leases:
            self._naming = leases, _named(leases)
        return self._naming[1]

    def begin_day(self, day: int) -> None:
        """Count from now on with what is known by now, and forget what came no more."""
        kept = {name: kind for name, kind in self._kinds.items() if abs(day - kind.day) <= _FORGOTTEN_DAYS}
        self._kinds = kept
        self._last = {name: last for name, last in self._last.items() if name in kept}
        self._priced = tuple(kept.values())

    def memory(self) -> list[list[Any]]:
        """What must outlive a restart."""
        return [
            [
                kind.name,
                kind.consumer,
                round(kind.power_w, 6),
                round(kind.points_per_h, 6),
                round(kind.hold_h, 6),
                kind.day,
                round(kind.share, 4),
                round(kind.hours, 3),
            ]
            for kind in self._kinds.values()
        ]

    def recall(self, memory: Any) -> None:
        """Take over an earlier `memory`; what does not fit is left out."""
        if not isinstance(memory, list):
            return
        kinds = [kind for kind in (_kind(entry) for entry in memory) if kind is not None]
        self._kinds = {kind.name: kind for kind in kinds[:_MOST]}
        self._priced = tuple(self._kinds.values())


def usual_wants(kinds: Iterable[Usual], scales: Mapping[str, float]) -> tuple[Want, ...]:
    """What kinds of jobs want, with learned powers; one that is seldom there wants so much less."""
    found = []
    for kind in kinds:
        share = 1.0 if kind.share >= _ALWAYS else kind.share
        power_w = share * kind.power_w * scales.get(f"{kind.consumer}:run", 1.0)
        if share >= _NEVER:
            found.append(Want(kind.name, (Step("run", power_w, share * kind.points_per_h),), kind.hold_h))
    return tuple(found)


def _named(leases: Iterable[Lease]) -> list[tuple[str, Offer]]:
    """Name the offers of each consumer: the first by itself; a standing one stands in for a real one."""
    usual = (lease for lease in leases if lease.state in WANTING and lease.offer.usual)
    wanting = sorted(usual, key=lambda x: x.offer.standing)
    found: list[tuple[str, Offer]] = []
    count: dict[str, int] = {}
    for lease in wanting:
        offer = lease.offer
        place = count.get(offer.consumer, 0) + 1
        if place > _AT_ONCE or (offer.standing and place > 1):
            continue
        count[offer.consumer] = place
        name = f"{offer.consumer} job"
        found.append((name if place == 1 else f"{name} {place}", offer))
    return found


def _kind(entry: Any) -> Usual | None:
    try:
        name, consumer, power_w, points_per_h, hold_h, day, *watched = entry
        share, hours = watched or (1.0, _BELIEVED_H)
        numbers = [float(power_w), float(points_per_h), float(hold_h), float(share), float(hours)]
        if not (isinstance(name, str) and isinstance(consumer, str)):
            return None
        if not all(math.isfinite(number) and number >= 0.0 for number in numbers):
            return None
        return Usual(
            name=name,
            consumer=consumer,
            power_w=numbers[0],
            points_per_h=numbers[1],
            hold_h=numbers[2],
            day=int(day),
            share=min(numbers[3], 1.0),
            hours=min(max(numbers[4], _LONGEST_H), _REMEMBERED_H),
        )
    except (TypeError, ValueError, OverflowError):
        return None
