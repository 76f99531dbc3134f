"""What the pool keeps of its tasks and workers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = [
    "ENDED",
    "HISTORY",
    "PoolTask",
    "PoolWorker",
    "Replicate",
    "Stage",
    "StageChange",
    "StatusChange",
]

HISTORY = 200
S = ReplicateStatus
INTERRUPTIONS = frozenset({S.RECOVERING, S.WORKER_LOST})
Kept = TypeVar("Kept")


class Stage(StrEnum):
    """Where a task stands in the pool; the names are the protocol's."""

    RECEIVED = "RECEIVED"
    INITIALIZING = "INITIALIZING"
    INITIALIZED = "INITIALIZED"
    RUNNING = "RUNNING"
    CONSENSUS_REACHED = "CONSENSUS_REACHED"
    AT_LEAST_ONE_REVEALED = "AT_LEAST_ONE_REVEALED"
    RESULT_UPLOADING = "RESULT_UPLOADING"
    RESULT_UPLOADED = "RESULT_UPLOADED"
    FINALIZING = "FINALIZING"
    FINALIZED = "FINALIZED"
    COMPLETED = "COMPLETED"
    INITIALIZE_FAILED = "INITIALIZE_FAILED"
    CONTRIBUTION_TIMEOUT = "CONTRIBUTION_TIMEOUT"
    REOPENING = "REOPENING"
    REOPENED = "REOPENED"
    RESULT_UPLOAD_TIMEOUT = "RESULT_UPLOAD_TIMEOUT"
    FINALIZE_FAILED = "FINALIZE_FAILED"
    FINAL_DEADLINE_REACHED = "FINAL_DEADLINE_REACHED"
    FAILED = "FAILED"


ENDED = frozenset({Stage.COMPLETED, Stage.FAILED})


@dataclass(frozen=True, slots=True)
class StageChange:
    """When a task came to a stage, and the transaction that brought it there."""

    stage: Stage
    at_utc: datetime
    tx_hash: str = ""
    block_number: int = 0


@dataclass(frozen=True, slots=True)
class StatusChange:
    """When a replicate came to a status, why, and whether the pool or the worker said so."""

    status: ReplicateStatus
    at_utc: datetime
    cause: str | None = None
    by_pool: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTask:
    """One task with what its deal says; *params* is text of a stranger's."""

    task_id: str
    deal_id: str
    index: int
    deal_block: int
    image: str
    params: str
    tag: str
    trust: int
    category: int
    time_ref_s: int
    requester: str
    beneficiary: str
    callback: str
    worker_stake_nrlc: int
    contribution_deadline_utc: datetime
    final_deadline_utc: datetime
    stages: tuple[StageChange, ...]
    init_block: int = 0
    reveal_deadline_utc: datetime | None = None
    consensus: str = ""
    consensus_block: int = 0
    winner_count: int = 0
    uploader: str = ""
    result_link: str = ""
    callback_data: str = ""

    @property
    def stage(self) -> Stage:
        """The latest."""
        return self.stages[-1].stage

    @property
    def since_utc(self) -> datetime:
        """When it came to its stage."""
        return self.stages[-1].at_utc

    def at(self, stage: Stage, at_utc: datetime, *, tx_hash: str = "", block_number: int = 0) -> PoolTask:
        """Return it one stage on."""
        change = StageChange(stage, at_utc, tx_hash, block_number)
        return replace(self, stages=_bounded((*self.stages, change)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """One worker's share in one task; *authorization* is the JSON text that it was handed."""

    task_id: str
    wallet: str
    history: tuple[StatusChange, ...]
    authorization: str = ""
    contribution_hash: str = ""
    weight: int = 0
    rejected: bool = False
    result_link: str = ""
    callback_data: str = ""
    exit_code: int | None = None

    @property
    def status(self) -> ReplicateStatus:
        """The latest."""
        return self.history[-1].status

    @property
    def since_utc(self) -> datetime:
        """When it came to its status."""
        return self.history[-1].at_utc

    @property
    def created_utc(self) -> datetime:
        """When the task was given to the worker."""
        return self.history[0].at_utc

    @property
    def standing(self) -> ReplicateStatus:
        """The latest status of its work, whether or not the worker was lost or came back since."""
        for change in reversed(self.history):
            if change.status not in INTERRUPTIONS:
                return change.status
        return self.status

    def at(
        self,
        status: ReplicateStatus,
        at_utc: datetime,
        *,
        cause: str | None = None,
        by_pool: bool = False,
    ) -> Replicate:
        """Return it one status on."""
        change = StatusChange(status, at_utc, cause, by_pool)
        return replace(self, history=_bounded((*self.history, change)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolWorker:
    """What a worker says of its machine."""

    wallet: str
    name: str = ""
    os: str = ""
    cpu: str = ""
    cpu_count: int = 1
    memory_gb: int = 0
    gpu: bool = False
    tee: bool = False
    tdx: bool = False

    @property
    def most_tasks(self) -> int:
        """How many tasks it takes at once."""
        return 1 if self.gpu else max(1, self.cpu_count)


def _bounded(history: tuple[Kept, ...]) -> tuple[Kept, ...]:
    if len(history) <= HISTORY:
        return history
    return history[: HISTORY // 4] + history[-(HISTORY * 3 // 4) :]
