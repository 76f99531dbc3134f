"""How the contracts weigh, pay and time: the numbers behind trust, stakes, rewards and deadlines."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = [
    "CONTRIBUTION_DEADLINE_RATIO",
    "FINAL_DEADLINE_RATIO",
    "REVEAL_DEADLINE_RATIO",
    "WORKERPOOL_STAKE_RATIO",
    "Deadlines",
    "Shares",
    "Tally",
    "contributions_needed",
    "deadlines",
    "log_weight",
    "pull_timeout_s",
    "reveal_deadline",
    "scheduler_stake_nrlc",
    "shares_nrlc",
    "weight_of",
    "worker_stake_nrlc",
]

CONTRIBUTION_DEADLINE_RATIO, REVEAL_DEADLINE_RATIO, FINAL_DEADLINE_RATIO = 7, 2, 10
WORKERPOOL_STAKE_RATIO = 30
KITTY_RATIO, KITTY_MIN_NRLC = 10, 1_000_000_000


def weight_of(score: int) -> int:
    """Return what a worker's contribution weighs in the consensus; 2 for a new worker."""
    return max(score // 3, 3) - 1


def log_weight(score: int) -> int:
    """Return what a worker's share of the reward goes by; 1 for a new worker."""
    return weight_of(score).bit_length() - 1


class Tally:
    """The contributions to a task; *pending* ones may be added to a copy to see what they would do."""

    def __init__(self, trust: int) -> None:
        self._trust = max(trust, 1)
        self._groups: dict[str, int] = defaultdict(int)
        self._total = 1

    def add(self, result_hash: str, weight: int) -> None:
        """Count a contribution."""
        group = self._groups[result_hash]
        grown = max(group, 1) * weight
        self._groups[result_hash] = grown
        self._total += grown - group

    def copy(self) -> Tally:
        """Return another that goes on from here."""
        other = Tally(self._trust)
        other._groups, other._total = self._groups.copy(), self._total
        return other

    @property
    def leading(self) -> str | None:
        """The result hash with the most weight."""
        return max(self._groups, key=self._groups.__getitem__, default=None)

    def agreed(self, result_hash: str | None = None) -> bool:
        """Whether a result hash, the leading one if none is named, is the consensus."""
        named = self.leading if result_hash is None else result_hash
        group = self._groups.get(named, 0) if named is not None else 0
        return group * self._trust > self._total * (self._trust - 1)


def contributions_needed(trust: int, score: int = 0) -> int:
    """Return how many workers of one score must agree, if nobody disagrees."""
    tally, count = Tally(trust), 0
    while not tally.agreed(""):
        tally.add("", weight_of(score))
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Until when a task can be contributed to, and be finalised."""

    contribution_utc: datetime
    final_utc: datetime


def deadlines(start_utc: datetime, time_ref_s: int) -> Deadlines:
    """Return a task's deadlines: both count from the deal's start, not the task's."""
    return Deadlines(
        start_utc + timedelta(seconds=CONTRIBUTION_DEADLINE_RATIO * time_ref_s),
        start_utc + timedelta(seconds=FINAL_DEADLINE_RATIO * time_ref_s),
    )


def reveal_deadline(consensus_utc: datetime, time_ref_s: int) -> datetime:
    """Return until when winners must reveal."""
    return consensus_utc + timedelta(seconds=REVEAL_DEADLINE_RATIO * time_ref_s)


def worker_stake_nrlc(price_nrlc: int, ratio_percent: int) -> int:
    """Return what each task locks of a worker's deposit; the ratio is the pool's policy."""
    return price_nrlc * ratio_percent // 100


def scheduler_stake_nrlc(price_nrlc: int) -> int:
    """Return what each task locks of the pool owner's deposit."""
    return price_nrlc * WORKERPOOL_STAKE_RATIO // 100


@dataclass(frozen=True, slots=True)
class Shares:
    """Who gets what of a task that is finalised, in the workers' order."""

    workers_nrlc: tuple[int, ...]
    scheduler_nrlc: int


def shares_nrlc(
    price_nrlc: int,
    scheduler_ratio: int,
    weights: Iterable[int],
    *,
    lost_stakes_nrlc: int = 0,
    kitty_nrlc: int = 0,
) -> Shares:
    """Return how a reward is shared among workers who revealed, by `log_weight`, and the scheduler.

    *lost_stakes_nrlc* are of those who were wrong or did not reveal.
    """
    each, total = tuple(weights), price_nrlc + lost_stakes_nrlc
    for_workers = total * (100 - scheduler_ratio) // 100
    workers = tuple(for_workers * weight // sum(each) for weight in each)
    from_kitty = min(max(kitty_nrlc * KITTY_RATIO // 100, KITTY_MIN_NRLC), kitty_nrlc)
    return Shares(workers, total - sum(workers) + from_kitty)


def pull_timeout_s(time_ref_s: float) -> float:
    """Return how long a download of an image may take: 5 to 30 minutes, longer for longer tasks."""
    minutes = 10.0 * math.log10(max(time_ref_s / 60.0, 0.1) / 10.0)
    return 60.0 * min(max(round(minutes), 5), 30)
