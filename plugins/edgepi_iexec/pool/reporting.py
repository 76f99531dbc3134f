"""Takes what workers report: checked against the rules and the chain, on disk, then answered."""

from __future__ import annotations

import json
from dataclasses import replace

from edgepi.clock import Clock
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.model import PoolTask, Replicate
from edgepi_iexec.pool.proving import Prover
from edgepi_iexec.pool.recovering import recoverable, recovery
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.stepping import REVEALED
from edgepi_iexec.pool.store import Logs, put_logs
from edgepi_iexec.pool.writer import Statement
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.protocol.reports import StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.protocol.transitions import allowed, next_action

__all__ = ["Reporting"]

S = ReplicateStatus
N = NotificationType
Answer = tuple[int, NotificationType]

ABORT: Answer = (202, N.PLEASE_ABORT)
ALREADY: Answer = (208, N.PLEASE_WAIT)
_OF_POOL = frozenset({S.CREATED, S.RESULT_UPLOAD_REQUESTED, S.FAILED, S.RECOVERING, S.WORKER_LOST})
_BEHIND = frozenset({S.CONTRIBUTING, S.CONTRIBUTED, S.REVEALING, S.REVEALED})  # told again after a restart
_NEVER = frozenset({S.CONTRIBUTE_FAILED, S.REVEAL_FAILED})


class Reporting:
    """One report about a replicate at a time; one that comes back too."""

    def __init__(self, settings: PoolSettings, book: Book, prover: Prover, clock: Clock) -> None:
        self._settings = settings
        self._book = book
        self._prover = prover
        self._clock = clock

    async def report(self, task_id: str, wallet: str, update: StatusUpdate) -> Answer:
        """Return the HTTP status and what to do next; raises ChainError, JournalError: to be tried again."""
        if self._book.replicate(task_id, wallet) is None:
            return ABORT
        async with self._book.lock(task_id, wallet):
            return await self._report(task_id, wallet, update)

    async def _report(self, task_id: str, wallet: str, update: StatusUpdate) -> Answer:
        share, task = self._book.replicate(task_id, wallet), self._book.tasks.get(task_id)
        if share is None or task is None:
            return ABORT
        if _said(share, update.status):
            await self._book.settle()
            return ALREADY
        if update.status in _OF_POOL or update.status in _NEVER or not _may(task, share, update.status):
            return ABORT
        proven = await self._prover.prove(task, share, update)
        share = self._book.replicate(task_id, wallet) or share  # the pool may have moved on meanwhile
        if _said(share, update.status):
            await self._book.settle()
            return ALREADY
        if proven is None or not _may(task, share, update.status):
            return ABORT
        await self._keep(replace(share, **proven), update)
        return 200, self._next(task, update)

    async def recover(self, task_id: str, wallet: str) -> TaskNotification | None:
        """Take a worker back that was away: what to do about its share; raises ChainError, JournalError."""
        async with self._book.lock(task_id, wallet):
            share, task = self._book.replicate(task_id, wallet), self._book.tasks.get(task_id)
            if share is None or task is None or not share.authorization or not recoverable(share):
                return None
            came_to = await self._prover.came_to(task, share)
            share = self._book.replicate(task_id, wallet) or share
            if came_to is not None:
                status, proof = came_to
                share = replace(share, **proof).at(status, self._clock.now(), by_pool=True)
            if share.status is not S.RECOVERING:
                await self._book.save(share.at(S.RECOVERING, self._clock.now(), by_pool=True))
                self._book.stir(task_id)
            authorization = WorkerpoolAuthorization.from_json(json.loads(share.authorization))
            return recovery(self._book.tasks.get(task_id, task), share, authorization)

    async def _keep(self, share: Replicate, update: StatusUpdate) -> None:
        details, now = update.details, self._clock.now()
        cause = None if details is None or details.cause is None else str(details.cause)
        if details is not None and details.exit_code is not None:
            share = replace(share, exit_code=details.exit_code)
        statements: list[Statement] = []
        if details is not None and details.compute_logs is not None:
            most = self._settings.limits.log_chars
            said = details.compute_logs
            logs = Logs(share.wallet, (said.stdout or "")[-most:], (said.stderr or "")[-most:])
            statements.append(put_logs(share.task_id, logs, now))
        await self._book.save(share.at(update.status, now, cause=cause), statements=statements)
        self._book.stir(share.task_id)

    def _next(self, task: PoolTask, update: StatusUpdate) -> NotificationType:
        """*task* may be over meanwhile, and no more in the book."""
        cause = None if update.details is None else update.details.cause
        alone = self._settings.contribute_and_finalize and task.trust <= 1
        taken = any(one.contribution_hash for one in self._book.replicates(task.task_id).values())
        return next_action(update.status, cause, contribute_and_finalize=alone and not taken)


def _may(task: PoolTask, share: Replicate, status: ReplicateStatus) -> bool:
    """Whether a status may follow; who was asked to upload may do so, whatever was told again meanwhile."""
    asked = task.uploader == share.wallet and share.status in {S.REVEALED, S.RESULT_UPLOAD_REQUESTED}
    return allowed(share.status, status) or (asked and status in {S.RESULT_UPLOADING, S.RESULT_UPLOADED})


def _said(share: Replicate, status: ReplicateStatus) -> bool:
    """Whether it is known; one who aborts what has ended already is not told to abort it again."""
    behind = share.status in REVEALED and status in _BEHIND
    return share.status is status or behind or (status is S.ABORTED and not allowed(share.status, status))
