"""What tasks took and brought on this machine: energy and time by app and category, pay and luck."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["WATTS_PER_CPU", "Ended", "Learned", "Need"]

# A Pi 5 at full load takes 7 W above idle with four processors; the other boards take less.
WATTS_PER_CPU = 1.75
_KEPT = 20
_APPS = 200
_HIGH, _MARGIN = 0.9, 1.15
_DOUBT = 2.0  # jobs that it takes to be half convinced
_WILD = 5.0
_FIRST_NRLC_PER_WH = 3e8


@dataclass(frozen=True, slots=True)
class Need:
    """What the run of a task takes: Wh and seconds."""

    energy_wh: float
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A task that is over, as its journal tells: Wh and seconds as booked to its lease.

    *promised* if its result was contributed, *lost* if the stake went, *done* if all went well.
    """

    app: str
    category: int
    energy_wh: float
    run_s: float
    done: bool
    promised: bool = False
    lost: bool = False

    @property
    def tells(self) -> bool:
        """Whether its energy says something of others: it came to a result."""
        return self.done or self.promised


class Learned:
    """Begins at the worst that the board can draw, and comes down with each job that took less.

    Of each app and category the latest jobs are kept; nine in ten of them must lie below what is reckoned
    with, so that a single odd one moves little. *start_w* is the power of one task at full load.
    """

    def __init__(self, *, start_w: float) -> None:
        self._start_w = start_w
        self._jobs: dict[str, list[tuple[float, float]]] = {}
        self._pay: list[float] = []
        self._times: dict[int, float] = {}
        self._begun = self._done = self._promised = self._lost = 0.0

    # What to expect

    def need(self, category: int, longest_s: float, app: str | None = None) -> Need:
        """What a task may take, of an app if one is named; *longest_s* is its category's time."""
        worst = Need(self.power_w * longest_s / 3600.0, longest_s)
        usual = _weighed(self._jobs.get(_category(category), ()), worst)
        return usual if app is None else _weighed(self._jobs.get(_app(app, category), ()), usual)

    @property
    def categories(self) -> Mapping[int, float]:
        """The categories that tasks came from, with their times in seconds."""
        return dict(self._times)

    @property
    def power_w(self) -> float:
        """What one task at full load draws above the idle node."""
        jobs = [job for key, kept in self._jobs.items() if key.startswith("category ") for job in kept]
        watts = sorted(energy_wh * 3600.0 / run_s for energy_wh, run_s in jobs)
        seen = _quantile(watts, _HIGH) if watts else self._start_w
        return (_DOUBT * self._start_w + len(watts) * seen) / (_DOUBT + len(watts))

    @property
    def nrlc_per_wh(self) -> float:
        """What tasks were worth lately, the middle one, whether they were taken or not."""
        return _quantile(sorted(self._pay), 0.5) if self._pay else _FIRST_NRLC_PER_WH

    @property
    def done_share(self) -> float:
        """How likely it is that a task that was begun is paid."""
        return (self._done + 9.5) / (self._begun + 10.0)

    @property
    def loss_share(self) -> float:
        """How likely it is that a contribution costs the stake: one in a hundred until more is known."""
        return (self._lost + 0.2) / (self._promised + 20.0)

    # What is learned

    def book(self, job: Ended) -> None:
        """Learn from a task that is over; one that was never begun tells nothing."""
        if not (math.isfinite(job.energy_wh) and math.isfinite(job.run_s)) or job.run_s <= 0.0:
            return
        self._begun += 1
        self._done += job.done
        self._promised += job.promised
        self._lost += job.lost
        if not job.tells or job.energy_wh <= 0.0:
            return
        energy_wh = min(job.energy_wh, _WILD * self._start_w * job.run_s / 3600.0)
        for key in (_category(job.category), _app(job.app, job.category)):
            kept = self._jobs.pop(key, [])
            self._jobs[key] = [*kept[1 - _KEPT :], (energy_wh, job.run_s)]
        self._forget()

    def saw_category(self, number: int, longest_s: float) -> bool:
        """Learn that tasks of a category come; true if that is new."""
        new = self._times.get(number) != longest_s
        self._times[number] = longest_s
        return new

    def saw_pay(self, nrlc: float, energy_wh: float) -> None:
        """Learn what a task that was on offer is worth, net of all."""
        if energy_wh > 0.0 and math.isfinite(nrlc):
            self._pay = [*self._pay[1 - _KEPT :], max(0.0, nrlc / energy_wh)]

    def _forget(self) -> None:
        apps = [key for key in self._jobs if key.startswith("app ")]
        for key in apps[: max(0, len(apps) - _APPS)]:
            del self._jobs[key]

    # Memory

    def to_json(self) -> dict[str, Any]:
        """What must outlive a restart."""
        return {
            "jobs": {key: [list(job) for job in kept] for key, kept in self._jobs.items()},
            "pay": self._pay,
            "times": {str(number): longest_s for number, longest_s in self._times.items()},
            "luck": [self._begun, self._done, self._promised, self._lost],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, start_w: float) -> Learned:
        """What `to_json` wrote; raises ValueError and the like if it is none."""
        learned = cls(start_w=start_w)
        for key, kept in dict(data["jobs"]).items():
            learned._jobs[str(key)] = [_job(job) for job in kept][-_KEPT:]
        learned._pay = [_number(pay) for pay in data["pay"]][-_KEPT:]
        learned._times = {int(key): _number(longest_s) for key, longest_s in dict(data["times"]).items()}
        luck = [_number(count) for count in data["luck"]]
        learned._begun, learned._done, learned._promised, learned._lost = luck
        return learned


def _weighed(jobs: Sequence[tuple[float, float]], before: Need) -> Need:
    """Between what was believed before and what most of *jobs* took, the more of them the nearer to these."""
    if not jobs:
        return before
    count = len(jobs)
    return Need(
        *(
            (_DOUBT * believed + count * _MARGIN * _quantile(sorted(seen), _HIGH)) / (_DOUBT + count)
            for believed, seen in zip(
                (before.energy_wh, before.duration_s), zip(*jobs, strict=True), strict=True
            )
        )
    )


def _quantile(rising: Sequence[float], share: float) -> float:
    return rising[max(0, math.ceil(share * len(rising)) - 1)]


def _category(number: int) -> str:
    return f"category {number}"


def _app(address: str, category: int) -> str:
    return f"app {address} {category}"


def _job(job: Iterable[Any]) -> tuple[float, float]:
    energy_wh, run_s = map(_number, job)
    if run_s <= 0.0:
        raise ValueError(f"a job of {run_s} s")
    return energy_wh, run_s


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or number < 0.0:
        raise ValueError(f"{value!r} is no number to go by")
    return number
