"""Which status may follow which, what the scheduler answers to it, and what must be said with it."""

from __future__ import annotations

from enum import Enum

from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.reports import StatusUpdate
from edgepi_iexec.protocol.statuses import FINAL, WORKFLOW, ReplicateStatus

__all__ = ["RECOVERABLE", "Reception", "allowed", "missing_details", "next_action", "receive"]

_S = ReplicateStatus
_N = NotificationType
_C = ReplicateCause

_NORMAL: dict[ReplicateStatus, frozenset[ReplicateStatus]] = {
    _S.CREATED: frozenset({_S.STARTING}),
    _S.STARTING: frozenset({_S.STARTED, _S.START_FAILED}),
    _S.STARTED: frozenset({_S.APP_DOWNLOADING}),
    _S.APP_DOWNLOADING: frozenset({_S.APP_DOWNLOADED, _S.APP_DOWNLOAD_FAILED}),
    _S.APP_DOWNLOAD_FAILED: frozenset({_S.CONTRIBUTING}),
    _S.APP_DOWNLOADED: frozenset({_S.DATA_DOWNLOADING}),
    _S.DATA_DOWNLOADING: frozenset({_S.DATA_DOWNLOADED, _S.DATA_DOWNLOAD_FAILED}),
    _S.DATA_DOWNLOAD_FAILED: frozenset({_S.CONTRIBUTING}),
    _S.DATA_DOWNLOADED: frozenset({_S.COMPUTING}),
    _S.COMPUTING: frozenset({_S.COMPUTED, _S.COMPUTE_FAILED}),
    _S.COMPUTED: frozenset({_S.CONTRIBUTING, _S.CONTRIBUTE_AND_FINALIZE_ONGOING}),
    _S.CONTRIBUTING: frozenset({_S.CONTRIBUTED, _S.CONTRIBUTE_FAILED}),
    _S.CONTRIBUTED: frozenset({_S.REVEALING}),
    _S.REVEALING: frozenset({_S.REVEALED, _S.REVEAL_FAILED}),
    _S.REVEALED: frozenset({_S.RESULT_UPLOAD_REQUESTED, _S.COMPLETING}),
    _S.RESULT_UPLOAD_REQUESTED: frozenset({_S.RESULT_UPLOADING}),
    _S.RESULT_UPLOADING: frozenset({_S.RESULT_UPLOADED, _S.RESULT_UPLOAD_FAILED}),
    _S.RESULT_UPLOADED: frozenset({_S.COMPLETING}),
    _S.RESULT_UPLOAD_FAILED: frozenset({_S.COMPLETING}),
    _S.CONTRIBUTE_AND_FINALIZE_ONGOING: frozenset(
        {_S.CONTRIBUTE_AND_FINALIZE_DONE, _S.CONTRIBUTE_AND_FINALIZE_FAILED}
    ),
    _S.CONTRIBUTE_AND_FINALIZE_DONE: frozenset({_S.COMPLETING}),
    _S.COMPLETING: frozenset({_S.COMPLETED, _S.COMPLETE_FAILED}),
}
_TO_FAILED = frozenset(one for one in _S if one.rank <= _S.REVEAL_FAILED.rank) | {
    _S.CONTRIBUTE_AND_FINALIZE_ONGOING,
    _S.CONTRIBUTE_AND_FINALIZE_FAILED,
    _S.ABORTED,
    _S.WORKER_LOST,
    _S.RECOVERING,
}
_TO_ABORTED = (WORKFLOW - FINAL) | {_S.WORKER_LOST}
_TO_LOST = (WORKFLOW - FINAL) | {_S.RECOVERING, _S.ABORTED}

RECOVERABLE = frozenset(_S) - {
    _S.START_FAILED,
    _S.COMPUTE_FAILED,
    _S.CONTRIBUTE_FAILED,
    _S.REVEAL_FAILED,
    _S.COMPLETE_FAILED,
    _S.COMPLETED,
    _S.FAILED,
    _S.ABORTED,
}
"""From where a worker that comes back may go on."""

_NEVER = frozenset({_S.CONTRIBUTE_FAILED, _S.REVEAL_FAILED})


def _followers(old: ReplicateStatus) -> frozenset[ReplicateStatus]:
    found = set(_NORMAL.get(old, ()))
    if old is _S.WORKER_LOST:
        found |= WORKFLOW
    if old is _S.RECOVERING:
        found |= frozenset(_S) - {_S.CREATED, _S.STARTING}
    if old is _S.ABORTED:
        found |= {_S.COMPLETED}
    rules = (
        (_TO_FAILED, _S.FAILED),
        (_TO_ABORTED, _S.ABORTED),
        (_TO_LOST, _S.WORKER_LOST),
        (RECOVERABLE, _S.RECOVERING),
    )
    return frozenset(found | {new for olds, new in rules if old in olds})


_ALLOWED = {old: _followers(old) for old in _S}


def allowed(old: ReplicateStatus, new: ReplicateStatus) -> bool:
    """Whether *new* may follow *old*."""
    return new in _ALLOWED[old]


class Reception(Enum):
    """How a scheduler takes a status; the value is the HTTP status that says so."""

    ACCEPTED = 200
    ALREADY_REPORTED = 208
    REFUSED = 202


def receive(old: ReplicateStatus | None, new: ReplicateStatus) -> Reception:
    """Return how a status that a worker reports is taken; *old* None where the worker has no share.

    What failed while contributing or revealing is never accepted: the chain says what came of it.
    """
    if old is None:
        return Reception.REFUSED
    if new is old:
        return Reception.ALREADY_REPORTED
    return Reception.ACCEPTED if new not in _NEVER and allowed(old, new) else Reception.REFUSED


_NEXT = {
    _S.STARTED: _N.PLEASE_DOWNLOAD_APP,
    _S.APP_DOWNLOADED: _N.PLEASE_DOWNLOAD_DATA,
    _S.DATA_DOWNLOADED: _N.PLEASE_COMPUTE,
    _S.COMPUTED: _N.PLEASE_CONTRIBUTE,
    _S.CONTRIBUTED: _N.PLEASE_WAIT,
    _S.REVEALED: _N.PLEASE_WAIT,
    _S.RESULT_UPLOADED: _N.PLEASE_WAIT,
    _S.CONTRIBUTE_AND_FINALIZE_DONE: _N.PLEASE_WAIT,
    _S.COMPLETED: _N.PLEASE_WAIT,
}
_ERROR_RESULTS: dict[ReplicateStatus, frozenset[str]] = {
    _S.APP_DOWNLOAD_FAILED: frozenset({_C.APP_IMAGE_DOWNLOAD_FAILED}),
    _S.DATA_DOWNLOAD_FAILED: frozenset(
        {_C.DATASET_FILE_DOWNLOAD_FAILED, _C.DATASET_FILE_BAD_CHECKSUM, _C.INPUT_FILES_DOWNLOAD_FAILED}
    ),
}


def next_action(
    status: ReplicateStatus, cause: str | None = None, *, contribute_and_finalize: bool = False
) -> NotificationType:
    """Return what a worker shall do after a status that was accepted.

    With a download that failed for some causes the worker has made a result that says so, and contributes it.
    """
    if status is _S.COMPUTED and contribute_and_finalize:
        return _N.PLEASE_CONTRIBUTE_AND_FINALIZE
    if cause in _ERROR_RESULTS.get(status, frozenset()):
        return _N.PLEASE_CONTRIBUTE
    if status.ongoing:
        return _N.PLEASE_CONTINUE
    return _N.PLEASE_ABORT if status.failure else _NEXT.get(status, _N.PLEASE_WAIT)


_RECEIPT, _LINK, _CALLBACK, _CAUSE = "chainReceipt", "resultLink", "chainCallbackData", "cause"
_NEEDED = {
    _S.CONTRIBUTED: (_RECEIPT,),
    _S.REVEALED: (_RECEIPT,),
    _S.RESULT_UPLOADED: (_LINK,),
    _S.CONTRIBUTE_AND_FINALIZE_DONE: (_RECEIPT, _LINK),
    _S.COMPUTED: ("computeLogs", "exitCode"),
}


def missing_details(update: StatusUpdate, *, callback: bool = False) -> tuple[str, ...]:
    """Return the protocol's names of what an update lacks; *callback* if the deal has one."""
    needed = _NEEDED.get(update.status, ())
    if callback and _LINK in needed:
        needed = (*needed, _CALLBACK)
    if update.status is _S.ABORTED or update.status.failure:
        needed = (_CAUSE,)
    there = update.details.to_json() if update.details else {}
    return tuple(name for name in needed if there.get(name) in (None, ""))
