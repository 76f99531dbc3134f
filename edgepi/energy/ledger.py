"""The books of energy: harvested = used + stored + lost, for each day and month and since installation.

Flows between two readings are the mean of both. What is measured is booked as measured; one
flow that is not measured follows from the others; with too little to go by the time is booked as
a gap, and what the battery gained or lost meanwhile stands apart in `Account.gap_wh`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from edgepi.energy.flows import Flows, settle
from edgepi.energy.sentences import zone

__all__ = ["Account", "Ledger", "Tick", "month_of"]

UNEXPLAINED = "unexplained"
_KEPT_DAYS = 35


@dataclass(slots=True, kw_only=True)
class Account:
    """Sums of one day, or of all: Wh, and seconds measured and not measured.

    *used_wh* by consumer adds up to `total_used_wh`; *unexplained* is what was measured beyond what
    all consumers stated (negative when they state too much). *stored_wh* is the change during the
    time that was measured, *gap_wh* the net change of the battery while nothing was.
    """

    harvested_wh: float = 0.0
    used_wh: dict[str, float] = field(default_factory=dict)
    stored_wh: float = 0.0
    lost_wh: float = 0.0
    gap_wh: float = 0.0
    measured_s: float = 0.0
    gap_s: float = 0.0

    @property
    def total_used_wh(self) -> float:
        """Energy used by all consumers."""
        return sum(self.used_wh.values())

    @property
    def balance_wh(self) -> float:
        """Harvested less used and lost: what the node gained."""
        return self.harvested_wh - self.total_used_wh - self.lost_wh

    def add(self, other: Account) -> None:
        """Add the sums of *other*."""
        for consumer, energy_wh in other.used_wh.items():
            self.used_wh[consumer] = self.used_wh.get(consumer, 0.0) + energy_wh
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with the two sums that follow."""
        sums = {name: getattr(self, name) for name in _SUMS}
        return {
            **sums,
            "used_wh": dict(self.used_wh),
            "total_used_wh": self.total_used_wh,
            "balance_wh": self.balance_wh,
        }

    def compact(self) -> dict[str, Any]:
        """The sums alone, to a millionth, for a file that is written often and kept for years."""
        sums: dict[str, Any] = {name: round(getattr(self, name), 6) for name in _SUMS}
        used = {name: round(energy_wh, 6) for name, energy_wh in self.used_wh.items()}
        return {name: value for name, value in (sums | {"used_wh": used}).items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Account:
        """Read what `as_dict` or `compact` wrote.

        Raises:
            ValueError: something in it is no finite number.
        """
        used = {str(name): _finite(value) for name, value in dict(data.get("used_wh", {})).items()}
        return cls(used_wh=used, **{name: _finite(data.get(name, 0.0)) for name in _SUMS})


_SUMS = ("harvested_wh", "stored_wh", "lost_wh", "gap_wh", "measured_s", "gap_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What is known at one moment: fresh flows or None, stated powers by consumer, the charge.

    *stated_w* includes the idle node; *stored_wh* is the estimate of what the battery holds; *dark*
    is true where the sun is surely down.
    """

    monotonic_s: float
    now_utc: datetime
    flows: Flows | None
    stated_w: Mapping[str, float]
    stored_wh: float | None = None
    trusted: bool = True
    dark: bool = False


class Ledger:
    """Books each interval between two ticks; integrates on monotonic time, dates on wall time."""

    def __init__(
        self,
        *,
        time_zone: str,
        converter_efficiency: float = 0.9,
        battery_efficiency: float = 1.0,
        longest_s: float = 300.0,
    ) -> None:
        self._zone = zone(time_zone)
        self._efficiency = converter_efficiency
        self._battery_efficiency = battery_efficiency
        self._longest_s = longest_s
        self._last: Tick | None = None
        self._known_wh: float | None = None
        self._pending_wh = 0.0
        self.total = Account()
        self.days: dict[date, Account] = {}
        self.months: dict[str, Account] = {}
        self._undated = Account()

    def book(self, tick: Tick) -> Account:
        """Book the time since the last tick; returns what was booked."""
        last, self._last = self._last, tick
        booked = Account()
        if last is not None and tick.monotonic_s > last.monotonic_s:
            booked = self._between(last, tick)
            self._enter(booked, tick)
        if tick.stored_wh is not None:
            self._known_wh = tick.stored_wh
        return booked

    def book_once(self, consumer: str, energy_wh: float, now_utc: datetime, *, trusted: bool = True) -> None:
        """Book energy that nobody measured and that came from the battery, such as a boot's."""
        entry = Account(used_wh={consumer: energy_wh}, stored_wh=-energy_wh)
        self._enter(entry, Tick(monotonic_s=0, now_utc=now_utc, flows=None, stated_w={}, trusted=trusted))

    def book_gap(
        self, seconds: float, change_wh: float | None, now_utc: datetime, *, trusted: bool = True
    ) -> None:
        """Book time in which the node was off or blind, with the battery's net change if known."""
        entry = Account(gap_s=max(0.0, seconds), gap_wh=change_wh or 0.0)
        self._enter(entry, Tick(monotonic_s=0, now_utc=now_utc, flows=None, stated_w={}, trusted=trusted))

    def today(self, now_utc: datetime) -> Account:
        """The account of the node's local day."""
        return self.days.get(now_utc.astimezone(self._zone).date(), Account())

    def _between(self, last: Tick, tick: Tick) -> Account:
        seconds = tick.monotonic_s - last.monotonic_s
        if seconds > self._longest_s or last.flows is None or tick.flows is None:
            return self._gap(seconds, tick)
        change_wh = None
        if last.stored_wh is not None and tick.stored_wh is not None:
            change_wh = tick.stored_wh - last.stored_wh
        flows = last.flows.mean(tick.flows)
        hours = seconds / 3600.0
        stated_w = sum(last.stated_w.values())
        settled = settle(
            flows,
            stated_w=stated_w,
            efficiency=self._efficiency,
            battery_efficiency=self._battery_efficiency,
            stored_w=None if change_wh is None else (change_wh + self._pending_wh) / hours,
            dark=last.dark and tick.dark,
        )
        if settled is None:
            return self._gap(seconds, tick)
        if settled.from_estimate:
            self._pending_wh = settled.pending_w * hours
        share_h = hours * settled.stated_share
        used = {consumer: power_w * share_h for consumer, power_w in last.stated_w.items() if power_w}
        unexplained_wh = settled.used_w * hours - stated_w * share_h
        if abs(unexplained_wh) > 1e-12:
            used[UNEXPLAINED] = unexplained_wh
        return Account(
            harvested_wh=settled.harvested_w * hours,
            used_wh=used,
            stored_wh=settled.stored_w * hours,
            lost_wh=settled.lost_w * hours,
            measured_s=seconds,
        )

    def _gap(self, seconds: float, tick: Tick) -> Account:
        """A time that nobody measured; what the battery changed is known once it is over."""
        if tick.stored_wh is None or self._known_wh is None:
            return Account(gap_s=seconds)
        return Account(gap_s=seconds, gap_wh=tick.stored_wh - self._known_wh)

    def _enter(self, booked: Account, tick: Tick) -> None:
        self.total.add(booked)
        if not tick.trusted:
            self._undated.add(booked)
            return
        today = tick.now_utc.astimezone(self._zone).date()
        booked, self._undated = _sum(booked, self._undated), Account()
        self.days.setdefault(today, Account()).add(booked)
        self.months.setdefault(month_of(today), Account()).add(booked)
        while len(self.days) > _KEPT_DAYS:
            del self.days[min(self.days, key=lambda known: (-abs((known - today).days), known))]

    def memory(self) -> dict[str, Any]:
        """What must outlive a restart, JSON-able."""
        return {
            "total": self.total.compact(),
            "days": {day.isoformat(): account.compact() for day, account in self.days.items()},
            "months": {month: account.compact() for month, account in self.months.items()},
            "undated": self._undated.compact(),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on from an earlier `memory`.

        Raises:
            ValueError, TypeError, AttributeError: it is none.
        """
        total = Account.from_dict(memory["total"])
        days = {date.fromisoformat(day): Account.from_dict(data) for day, data in memory["days"].items()}
        kept = memory.get("months")
        months = _months(days) if kept is None else {str(m): Account.from_dict(kept[m]) for m in kept}
        self._undated = Account.from_dict(memory.get("undated", {}))
        self.total, self.days, self.months = total, days, months


def month_of(day: date) -> str:
    """The month of a day, as ``2026-11``."""
    return f"{day:%Y-%m}"


def _sum(*accounts: Account) -> Account:
    total = Account()
    for account in accounts:
        total.add(account)
    return total


def _months(days: Mapping[date, Account]) -> dict[str, Account]:
    """Months as far as days tell of them: earlier books knew none."""
    months: dict[str, Account] = {}
    for day, account in days.items():
        months.setdefault(month_of(day), Account()).add(account)
    return months


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no finite number")
    return number
