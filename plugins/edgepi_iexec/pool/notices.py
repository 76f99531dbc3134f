"""What each worker should hear about a task now; follows from the records alone, so it can be said again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgepi_iexec.pool.model import PoolTask, Replicate, Stage
from edgepi_iexec.pool.revealing import winners
from edgepi_iexec.pool.stepping import OVER, REVEALED
from edgepi_iexec.protocol.notifications import (
    NotificationExtra,
    NotificationType,
    TaskAbortCause,
    TaskNotification,
)
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["notices"]

S = ReplicateStatus
_DECIDED = frozenset(
    {
        Stage.CONSENSUS_REACHED,
        Stage.AT_LEAST_ONE_REVEALED,
        Stage.RESULT_UPLOADING,
        Stage.RESULT_UPLOADED,
        Stage.RESULT_UPLOAD_TIMEOUT,
        Stage.FINALIZING,
    }
)
_TO_REVEAL = frozenset({S.CONTRIBUTED})
_TO_COMPLETE = REVEALED - {S.COMPLETED, S.COMPLETING, S.COMPLETE_FAILED}


def notices(task: PoolTask, shares: Mapping[str, Replicate]) -> list[TaskNotification]:
    """Notifications for the task's topic; each names its workers."""
    every = list(shares.values())
    if task.stage in _DECIDED:
        return _decided(task, every)
    if task.stage is Stage.CONTRIBUTION_TIMEOUT:
        return _abort(task, (one for one in every if one.status not in OVER), "CONTRIBUTION_TIMEOUT")
    if task.stage in {Stage.REOPENING, Stage.REOPENED, Stage.FAILED, Stage.FINAL_DEADLINE_REACHED}:
        failed = task.stage is Stage.FAILED
        gone = (one for one in every if one.status is S.FAILED or (one.status not in OVER and _ends(task)))
        return _abort(task, gone, "UNKNOWN" if failed else "CONTRIBUTION_TIMEOUT")
    if task.stage is Stage.COMPLETED:
        return _completed(task, every)
    return []


def _ends(task: PoolTask) -> bool:
    return task.stage in {Stage.FAILED, Stage.FINAL_DEADLINE_REACHED}


def _decided(task: PoolTask, every: list[Replicate]) -> list[TaskNotification]:
    won = winners(task, every)
    names = {one.wallet for one in won}
    lost = (one for one in every if one.wallet not in names and one.status not in OVER)
    said = _to(
        task,
        [one.wallet for one in won if one.standing in _TO_REVEAL],
        NotificationType.PLEASE_REVEAL,
        NotificationExtra(block_number=task.consensus_block),
    )
    said += _abort(task, lost, "CONSENSUS_REACHED")
    asked = [one.wallet for one in won if one.standing is S.RESULT_UPLOAD_REQUESTED]
    return said + _to(task, asked, NotificationType.PLEASE_UPLOAD)


def _completed(task: PoolTask, every: list[Replicate]) -> list[TaskNotification]:
    revealed = [one.wallet for one in every if one.standing in _TO_COMPLETE and one.status not in OVER]
    others = (one for one in every if one.standing not in REVEALED and one.status not in OVER)
    return [
        *_to(task, revealed, NotificationType.PLEASE_COMPLETE),
        *_abort(task, others, "CONSENSUS_REACHED"),
    ]


def _abort(task: PoolTask, shares: Iterable[Replicate], cause: str) -> list[TaskNotification]:
    extra = NotificationExtra(abort_cause=TaskAbortCause(cause))
    return _to(task, [one.wallet for one in shares], NotificationType.PLEASE_ABORT, extra)


def _to(
    task: PoolTask, wallets: list[str], kind: NotificationType, extra: NotificationExtra | None = None
) -> list[TaskNotification]:
    if not wallets:  # an empty list would mean everybody
        return []
    return [TaskNotification(task_id=task.task_id, workers=tuple(sorted(wallets)), type=kind, extra=extra)]
