"""Which tasks want workers, and whether one that asks waits for one with more energy to spare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi_iexec.pool.model import PoolTask, Replicate, Stage
from edgepi_iexec.protocol.rules import Tally
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.protocol.tags import needs_tee

__all__ = [
    "NEUTRAL_SURPLUS",
    "PASSES",
    "Asker",
    "busy",
    "contributes",
    "stands_back",
    "wants_workers",
]

S = ReplicateStatus
NEUTRAL_SURPLUS = 0.5
PASSES = 4
_CLEARLY = 0.1
_GIVEN_OUT = frozenset({Stage.INITIALIZED, Stage.RUNNING, Stage.REOPENED})
_BUSY = frozenset(
    {
        S.CREATED,
        S.STARTING,
        S.STARTED,
        S.APP_DOWNLOADING,
        S.APP_DOWNLOADED,
        S.DATA_DOWNLOADING,
        S.DATA_DOWNLOADED,
        S.COMPUTING,
    }
)
_STILL_COMING = _BUSY | {
    S.APP_DOWNLOAD_FAILED,
    S.DATA_DOWNLOAD_FAILED,
    S.COMPUTED,
    S.CONTRIBUTING,
    S.CONTRIBUTE_AND_FINALIZE_ONGOING,
}


@dataclass(frozen=True, slots=True)
class Asker:
    """A worker that asks for work; *surplus* from 0 (dark) to 1 (the sun is wasted) is what it says."""

    wallet: str
    surplus: float = NEUTRAL_SURPLUS
    energy_wh: float = 0.0
    passed: int = 0

    def clearly_before(self, other: Asker) -> bool:
        """Whether it has so much more to spare that *other* should leave it a task."""
        apart = self.surplus - other.surplus
        if abs(apart) < _CLEARLY:
            return self.energy_wh > 2 * other.energy_wh > 0
        return apart > 0


def busy(share: Replicate) -> bool:
    """Whether it takes one of the worker's places: until computed, failed, aborted or lost."""
    return share.status is not S.WORKER_LOST and share.standing in _BUSY


def contributes(share: Replicate) -> bool:
    """Whether its contribution is on the chain and counts."""
    return bool(share.contribution_hash) and not share.rejected


def wants_workers(
    task: PoolTask, shares: Mapping[str, Replicate], now_utc: datetime, chain_utc: datetime
) -> bool:
    """Whether another contribution would help, if all that are pending agree with the strongest group.

    A replicate counts as pending for its category's time.
    """
    if task.stage not in _GIVEN_OUT or chain_utc >= task.contribution_deadline_utc or needs_tee(task.tag):
        return False
    young = now_utc - timedelta(seconds=task.time_ref_s)
    tally = Tally(task.trust)
    for one in shares.values():
        if contributes(one):
            tally.add(one.contribution_hash, one.weight)
    hoped_for = tally.leading or ""
    for one in shares.values():
        if _still_comes(one) and one.created_utc > young:
            tally.add(hoped_for, max(one.weight, 2))
    return not tally.agreed()


def _still_comes(share: Replicate) -> bool:
    there = bool(share.contribution_hash) or share.status is S.WORKER_LOST
    return not there and share.standing in _STILL_COMING


def stands_back(
    asker: Asker,
    others: Sequence[Asker],
    shares: Mapping[str, Replicate],
    *,
    waited_s: float,
    patience_s: float,
) -> bool:
    """Whether *asker* leaves a task to one of *others*, who are free and asked lately, best first.

    A task waits so long at most, and nobody stands back more than a few times on end.
    """
    if waited_s >= patience_s or asker.passed >= PASSES:
        return False
    for other in others:
        if not other.clearly_before(asker):
            return False
        if other.wallet != asker.wallet and other.wallet not in shares:
            return True
    return False
