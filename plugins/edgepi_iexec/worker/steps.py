"""Which step of a task's life may follow which: pure decisions, without I/O."""

from __future__ import annotations

from enum import StrEnum

from edgepi_iexec.chain.model import ContributionStatus, TaskStatus
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.state import TaskState

__all__ = ["Sight", "at_stake", "computed", "contributed", "fitting", "own_next", "seen_on_chain"]

_N = NotificationType
_S = ReplicateStatus

_OWN_NEXT = {
    _S.CREATED: _N.PLEASE_START,
    _S.STARTING: _N.PLEASE_START,
    _S.STARTED: _N.PLEASE_DOWNLOAD_APP,
    _S.APP_DOWNLOADING: _N.PLEASE_DOWNLOAD_APP,
    _S.APP_DOWNLOADED: _N.PLEASE_DOWNLOAD_DATA,
    _S.DATA_DOWNLOADING: _N.PLEASE_DOWNLOAD_DATA,
    _S.DATA_DOWNLOADED: _N.PLEASE_COMPUTE,
    _S.COMPUTING: _N.PLEASE_COMPUTE,
    _S.COMPUTED: _N.PLEASE_CONTRIBUTE,
    _S.CONTRIBUTING: _N.PLEASE_CONTRIBUTE,
    _S.CONTRIBUTED: _N.PLEASE_WAIT,
    _S.REVEALING: _N.PLEASE_REVEAL,
    _S.REVEALED: _N.PLEASE_WAIT,
    _S.RESULT_UPLOADING: _N.PLEASE_UPLOAD,
    _S.RESULT_UPLOADED: _N.PLEASE_WAIT,
    _S.RESULT_UPLOAD_FAILED: _N.PLEASE_WAIT,
    _S.CONTRIBUTE_AND_FINALIZE_ONGOING: _N.PLEASE_CONTRIBUTE_AND_FINALIZE,
    _S.CONTRIBUTE_AND_FINALIZE_DONE: _N.PLEASE_WAIT,
    _S.COMPLETING: _N.PLEASE_COMPLETE,
    _S.COMPLETED: _N.PLEASE_COMPLETE,
    _S.ABORTED: _N.PLEASE_ABORT,
}

_BEFORE_RESULT = frozenset(
    {
        _S.CREATED,
        _S.STARTING,
        _S.STARTED,
        _S.APP_DOWNLOADING,
        _S.APP_DOWNLOADED,
        _S.DATA_DOWNLOADING,
        _S.DATA_DOWNLOADED,
        _S.COMPUTING,
    }
)
_WITH_RESULT = frozenset({_S.COMPUTED, _S.CONTRIBUTING, _S.APP_DOWNLOAD_FAILED, _S.DATA_DOWNLOAD_FAILED})
_ON_CHAIN = frozenset(
    {
        _S.CONTRIBUTED,
        _S.REVEALING,
        _S.REVEALED,
        _S.RESULT_UPLOAD_REQUESTED,
        _S.RESULT_UPLOADING,
        _S.RESULT_UPLOAD_FAILED,
        _S.RESULT_UPLOADED,
        _S.CONTRIBUTE_AND_FINALIZE_DONE,
        _S.COMPLETING,
        _S.COMPLETED,
    }
)

# From which statuses a notification is acted upon; twice or too late it means nothing.
_FITS = {
    _N.PLEASE_START: frozenset({_S.CREATED, _S.STARTING}),
    _N.PLEASE_DOWNLOAD_APP: frozenset({_S.STARTED, _S.APP_DOWNLOADING}),
    _N.PLEASE_DOWNLOAD_DATA: frozenset({_S.APP_DOWNLOADED, _S.DATA_DOWNLOADING}),
    _N.PLEASE_COMPUTE: frozenset({_S.DATA_DOWNLOADED, _S.COMPUTING}),
    _N.PLEASE_CONTRIBUTE: _WITH_RESULT,
    _N.PLEASE_CONTRIBUTE_AND_FINALIZE: frozenset({_S.COMPUTED, _S.CONTRIBUTE_AND_FINALIZE_ONGOING}),
    _N.PLEASE_REVEAL: frozenset({_S.CONTRIBUTING, _S.CONTRIBUTED, _S.REVEALING}),
    _N.PLEASE_UPLOAD: frozenset(
        {_S.REVEALED, _S.RESULT_UPLOADING, _S.RESULT_UPLOAD_FAILED, _S.RESULT_UPLOADED}
    ),
    _N.PLEASE_COMPLETE: _ON_CHAIN,
    _N.PLEASE_ABORT: frozenset(_S),
}


def computed(state: TaskState) -> bool:
    """Whether a result lies on disk."""
    return state.digest is not None


def contributed(state: TaskState) -> bool:
    """Whether something may be on the chain that must be seen through."""
    return state.status in _ON_CHAIN | {_S.CONTRIBUTING, _S.CONTRIBUTE_AND_FINALIZE_ONGOING}


def at_stake(state: TaskState) -> bool:
    """Whether the stake is lost if the task is let go of."""
    return state.status in {_S.CONTRIBUTING, _S.CONTRIBUTED, _S.REVEALING}


def own_next(state: TaskState) -> NotificationType:
    """What comes next as far as this worker knows by itself."""
    if state.status in {_S.APP_DOWNLOAD_FAILED, _S.DATA_DOWNLOAD_FAILED} and computed(state):
        return _N.PLEASE_CONTRIBUTE
    return _OWN_NEXT.get(state.status, _N.PLEASE_ABORT)


def fitting(state: TaskState, asked: NotificationType) -> NotificationType | None:
    """What to do when the scheduler asks for something: that, what must come first, or nothing."""
    if asked is _N.PLEASE_CONTRIBUTE and state.status in _BEFORE_RESULT:
        return own_next(state)
    if asked in {_N.PLEASE_WAIT, _N.PLEASE_CONTINUE}:
        following = own_next(state)
        return following if state.status in _BEFORE_RESULT | _WITH_RESULT else None
    return asked if state.status in _FITS.get(asked, frozenset()) else None


class Sight(StrEnum):
    """What the chain shows of a task that this worker contributed to."""

    NOTHING = "nothing"
    WAIT = "wait"
    REVEAL = "reveal"
    REVEALED = "revealed"
    DONE = "done"
    OUTVOTED = "outvoted"
    OVER = "over"


def seen_on_chain(
    task: TaskStatus, contribution: ContributionStatus, *, agrees: bool, reveal_open: bool, final_open: bool
) -> Sight:
    """What follows from the chain alone; *agrees* if this worker's result hash is the consensus."""
    if contribution is ContributionStatus.REJECTED:
        return Sight.OUTVOTED
    if task is TaskStatus.COMPLETED:
        return Sight.DONE if contribution is ContributionStatus.REVEALED else Sight.OVER
    if task is TaskStatus.FAILED or not final_open:
        return Sight.OVER
    if contribution is not ContributionStatus.CONTRIBUTED:
        return Sight.REVEALED if contribution is ContributionStatus.REVEALED else Sight.NOTHING
    if task is not TaskStatus.REVEALING:
        return Sight.WAIT
    ours = Sight.REVEAL if reveal_open else Sight.WAIT
    return ours if agrees else Sight.OUTVOTED
