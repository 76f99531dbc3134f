"""What a worker that comes back should do about each of its tasks."""

from __future__ import annotations

from edgepi_iexec.pool.model import PoolTask, Replicate, Stage
from edgepi_iexec.pool.stepping import CONTRIBUTED, REVEALED
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.protocol.notifications import (
    NotificationExtra,
    NotificationType,
    TaskAbortCause,
    TaskNotification,
)
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["recoverable", "recovery"]

S = ReplicateStatus
N = NotificationType
_LOST_CAUSES = frozenset(
    {
        S.START_FAILED,
        S.COMPUTE_FAILED,
        S.CONTRIBUTE_FAILED,
        S.REVEAL_FAILED,
        S.COMPLETE_FAILED,
        S.COMPLETED,
        S.FAILED,
        S.ABORTED,
    }
)
_OPEN = frozenset({Stage.INITIALIZED, Stage.RUNNING, Stage.REOPENED})
_UNDECIDED = _OPEN | {Stage.INITIALIZING, Stage.RECEIVED}
_OVER = frozenset({Stage.FAILED, Stage.CONTRIBUTION_TIMEOUT, Stage.FINAL_DEADLINE_REACHED})


def recoverable(share: Replicate) -> bool:
    """Whether a worker can go on with its share."""
    return share.standing not in _LOST_CAUSES


def recovery(task: PoolTask, share: Replicate, authorization: WorkerpoolAuthorization) -> TaskNotification:
    """Return the notification for one share, from where its work stood."""
    kind, cause = _next(task, share)
    reveals = kind is N.PLEASE_REVEAL
    extra = NotificationExtra(
        authorization=authorization,
        block_number=task.consensus_block if reveals else 0,
        abort_cause=TaskAbortCause(cause) if cause else None,
    )
    return TaskNotification(task_id=task.task_id, workers=(share.wallet,), type=kind, extra=extra)


def _next(task: PoolTask, share: Replicate) -> tuple[NotificationType, str]:
    if share.standing in REVEALED:
        return _revealed(task, share), ""
    if task.stage in _OVER:
        return N.PLEASE_ABORT, "CONTRIBUTION_TIMEOUT" if task.stage is not Stage.FAILED else "UNKNOWN"
    if task.stage in _UNDECIDED:
        on_chain = bool(share.contribution_hash) or share.standing in CONTRIBUTED
        return (N.PLEASE_WAIT if on_chain else N.PLEASE_CONTRIBUTE), ""
    if share.contribution_hash != task.consensus or not share.contribution_hash:
        return N.PLEASE_ABORT, "CONSENSUS_REACHED"
    return N.PLEASE_REVEAL, ""


def _revealed(task: PoolTask, share: Replicate) -> NotificationType:
    if task.stage is Stage.COMPLETED:
        return N.PLEASE_COMPLETE
    asked = share.standing in {S.RESULT_UPLOAD_REQUESTED, S.RESULT_UPLOADING}
    return N.PLEASE_UPLOAD if asked and task.uploader == share.wallet else N.PLEASE_WAIT
