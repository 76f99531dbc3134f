"""Records of a pool for tests of what it decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from edgepi_iexec.chain.model import ZERO_ADDRESS, ZERO_HASH
from edgepi_iexec.pool.model import PoolTask, Replicate, Stage, StageChange, StatusChange
from edgepi_iexec.protocol.statuses import ReplicateStatus as S

__all__ = ["GPU", "NOW", "SOON", "TEE", "share", "task"]

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=1)
GPU, TEE = f"0x{0x100:064x}", f"0x{0x3:064x}"


def task(number: int = 1, stage: Stage = Stage.INITIALIZED, **changes: object) -> PoolTask:
    """Return a task of trust 1 and five minutes, at a stage."""
    made = PoolTask(
        task_id=f"0x{number:064x}",
        deal_id=ZERO_HASH,
        index=number,
        deal_block=1,
        image="demo",
        params="",
        tag=ZERO_HASH,
        trust=1,
        category=0,
        time_ref_s=300,
        requester=ZERO_ADDRESS,
        beneficiary=ZERO_ADDRESS,
        callback=ZERO_ADDRESS,
        worker_stake_nrlc=0,
        contribution_deadline_utc=NOW + timedelta(seconds=2100),
        final_deadline_utc=NOW + timedelta(seconds=3000),
        stages=(StageChange(stage, NOW),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def share(number: int, *statuses: S, contribution: str = "", weight: int = 2, **changes: object) -> Replicate:
    """Return a worker's share that went through these statuses."""
    history = tuple(StatusChange(each, NOW) for each in (S.CREATED, *statuses))
    made = Replicate(task_id="0x", wallet=f"0x{number:040x}", history=history, weight=weight)
    return replace(made, contribution_hash=contribution, **changes)  # type: ignore[arg-type]
