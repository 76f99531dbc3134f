"""Which task a worker gets that asks, and whether it waits for one with more energy to spare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi_iexec.pool.model import PoolTask, PoolWorker, Replicate, Stage
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.protocol.tags import needs_gpu, needs_tee

__all__ = [
    "NEUTRAL_SURPLUS",
    "PASSES",
    "Asker",
    "busy",
    "choose",
    "consensus_ahead",
    "contributes",
    "stands_back",
    "wants_workers",
    "weight_of",
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


def weight_of(score: int) -> int:
    """What a worker's contribution weighs in the consensus (IexecPoco2: max(score / 3, 3) - 1)."""
    return max(score // 3, 3) - 1


def consensus_ahead(trust: int, contributed: Iterable[tuple[str, int]], pending: Iterable[int] = ()) -> bool:
    """Whether the weights reach consensus if all that is pending agrees with the strongest group.

    Group and total grow as in IexecPoco2; (hash, weight) in the order of contributions.
    """
    groups: dict[str, int] = defaultdict(int)
    total = 1
    for digest, weight in contributed:
        grown = max(groups[digest], 1) * weight
        total += grown - groups[digest]
        groups[digest] = grown
    group = max(groups.values(), default=0)
    for weight in pending:
        grown = max(group, 1) * weight
        total += grown - group
        group = grown
    return group * trust > total * (trust - 1)


def wants_workers(
    task: PoolTask, shares: Mapping[str, Replicate], now_utc: datetime, chain_utc: datetime
) -> bool:
    """Whether another contribution would help; a replicate counts as pending for its category's time."""
    if task.stage not in _GIVEN_OUT or chain_utc >= task.contribution_deadline_utc:
        return False
    young = now_utc - timedelta(seconds=task.time_ref_s)
    contributed = [(one.contribution_hash, one.weight) for one in shares.values() if contributes(one)]
    pending = [
        max(one.weight, 2)
        for one in shares.values()
        if not one.contribution_hash
        and one.status is not S.WORKER_LOST
        and one.standing in _STILL_COMING
        and one.created_utc > young
    ]
    return not consensus_ahead(max(task.trust, 1), contributed, pending)


def choose(tasks: Iterable[tuple[PoolTask, Mapping[str, Replicate]]], worker: PoolWorker) -> list[PoolTask]:
    """Tasks that this worker may have, the best first: running before new, then by contribution deadline."""
    fits = [task for task, shares in tasks if worker.wallet not in shares and _fits(task.tag, worker)]
    return sorted(fits, key=lambda task: (task.stage is not Stage.RUNNING, task.contribution_deadline_utc))


def _fits(tag: str, worker: PoolWorker) -> bool:
    return not needs_tee(tag) and (worker.gpu or not needs_gpu(tag))


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
