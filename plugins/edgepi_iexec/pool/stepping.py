"""What a step of a task is made of: what is looked at, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from edgepi_iexec.chain.model import Block, Contribution, Task
from edgepi_iexec.pool.model import PoolTask, Replicate
from edgepi_iexec.protocol.statuses import FINAL, ReplicateStatus

__all__ = [
    "CONTRIBUTED",
    "NOTHING",
    "OVER",
    "REVEALED",
    "STARTED",
    "Patience",
    "Step",
    "Transaction",
    "View",
]

S = ReplicateStatus

REVEALED = frozenset(
    {
        S.REVEALED,
        S.RESULT_UPLOAD_REQUESTED,
        S.RESULT_UPLOADING,
        S.RESULT_UPLOADED,
        S.RESULT_UPLOAD_FAILED,
        S.CONTRIBUTE_AND_FINALIZE_DONE,
        S.COMPLETING,
        S.COMPLETED,
        S.COMPLETE_FAILED,
    }
)
OVER = FINAL | {
    S.ABORTED,
    S.START_FAILED,
    S.COMPUTE_FAILED,
    S.COMPLETE_FAILED,
    S.CONTRIBUTE_AND_FINALIZE_FAILED,
}
CONTRIBUTED = REVEALED | {S.CONTRIBUTED, S.REVEALING, S.REVEAL_FAILED}
STARTED = frozenset(S) - {
    S.CREATED,
    S.STARTING,
    S.START_FAILED,
    S.FAILED,
    S.ABORTED,
    S.RECOVERING,
    S.WORKER_LOST,
}


class Transaction(StrEnum):
    """What the pool's owner sends."""

    INITIALIZE = "initialize"
    FINALIZE = "finalize"
    REOPEN = "reopen"
    CLAIM = "claim"
    INITIALIZE_AND_CLAIM = "initialize and claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a worker has before the pool goes by the chain alone, or asks another."""

    unreported: timedelta
    upload: timedelta
    claim: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A task at one moment; *surplus* has those of its workers that are alive, *stored_link* what is kept.

    *now_utc* is the pool's time, for patience; deadlines go by the block's.
    """

    block: Block
    now_utc: datetime
    chain: Task
    contributions: Mapping[str, Contribution]
    shares: Mapping[str, Replicate]
    deal_exists: bool = True
    surplus: Mapping[str, float] = field(default_factory=dict)
    stored_link: str = ""
    consensus_block: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Records to write first, then a transaction to send, if any."""

    task: PoolTask | None = None
    shares: tuple[Replicate, ...] = ()
    transaction: Transaction | None = None

    def __bool__(self) -> bool:
        return self.task is not None or bool(self.shares) or self.transaction is not None


NOTHING = Step()
