"""What finished jobs were worth and what they used: by consumer, by day and month, and in all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from edgepi.energy.ledger import month_of
from edgepi.energy.sentences import zone
from edgepi.model import Lease

__all__ = ["Earned", "Earnings"]

_KEPT_DAYS = 35


@dataclass(slots=True, kw_only=True)
class Earned:
    """Sums over finished jobs: points, Wh as booked to their leases, and how many."""

    points: float = 0.0
    used_wh: float = 0.0
    jobs: int = 0

    @property
    def points_per_wh(self) -> float | None:
        """What a Wh brought; None while none was used."""
        return self.points / self.used_wh if self.used_wh > 0.0 else None

    def add(self, other: Earned) -> None:
        """Add the sums of *other*."""
        self.points += other.points
        self.used_wh += other.used_wh
        self.jobs += other.jobs

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with the ratio that follows."""
        return {**asdict(self), "points_per_wh": self.points_per_wh}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Earned:
        """Read what `as_dict` wrote; raises ValueError and the like if it is none."""
        points, used_wh = float(data["points"]), float(data["used_wh"])
        if not (math.isfinite(points) and math.isfinite(used_wh)):
            raise ValueError(f"{points!r} points for {used_wh!r} Wh")
        return cls(points=points, used_wh=used_wh, jobs=int(data["jobs"]))


class Earnings:
    """The books of finished jobs; days are the node's local ones, months are kept for ever."""

    def __init__(self, *, time_zone: str) -> None:
        self._zone = zone(time_zone)
        self.total = Earned()
        self.by_consumer: dict[str, Earned] = {}
        self.days: dict[str, Earned] = {}
        self.months: dict[str, Earned] = {}

    def book(self, lease: Lease, now_utc: datetime, *, trusted: bool = True) -> None:
        """Book a lease that is finished; without a trusted clock it counts for no day."""
        earned = Earned(points=lease.offer.value_points, used_wh=lease.used_wh, jobs=1)
        self.total.add(earned)
        self.by_consumer.setdefault(lease.offer.consumer, Earned()).add(earned)
        if trusted:
            today = now_utc.astimezone(self._zone).date()
            self.days.setdefault(today.isoformat(), Earned()).add(earned)
            self.months.setdefault(month_of(today), Earned()).add(earned)
            self._forget(today)

    def as_dict(self) -> dict[str, Any]:
        """All sums, JSON-able."""
        return {"total": self.total.as_dict(), **{name: _plain(getattr(self, name)) for name in _BOOKS}}

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart, JSON-able."""
        return {"total": asdict(self.total), **{name: _sums(getattr(self, name)) for name in _BOOKS}}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on from an earlier `memory`; raises ValueError and the like if it is none."""
        total = Earned.from_dict(memory["total"])
        books = [
            {str(key): Earned.from_dict(data) for key, data in dict(memory[name]).items()} for name in _BOOKS
        ]
        for day in books[1]:
            date.fromisoformat(day)
        self.total, (self.by_consumer, self.days, self.months) = total, books

    def _forget(self, today: date) -> None:
        while len(self.days) > _KEPT_DAYS:
            del self.days[
                min(self.days, key=lambda known: (-abs((date.fromisoformat(known) - today).days), known))
            ]


_BOOKS = ("by_consumer", "days", "months")


def _plain(books: Mapping[str, Earned]) -> dict[str, Any]:
    return {key: earned.as_dict() for key, earned in books.items()}


def _sums(books: Mapping[str, Earned]) -> dict[str, Any]:
    return {key: asdict(earned) for key, earned in books.items()}
