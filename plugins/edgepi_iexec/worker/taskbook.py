"""What every stage of a task uses: its state on disk, what the scheduler hears, what the chain shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from edgepi.compute.journal import JobRecord
from edgepi.errors import ChainError, PeerError, ProtocolError
from edgepi.plugin import LeaseHandle
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.ids import result_hash
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.reports import ChainReceipt, ComputeLogs, StatusDetails, StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import Terms, View, finish_due, here, read_terms, sight, view
from edgepi_iexec.worker.desk import Desk
from edgepi_iexec.worker.folder import TaskFolder
from edgepi_iexec.worker.lease import LeaseKeeper
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.state import TaskState
from edgepi_iexec.worker.steps import Sight, contributed, fitting

__all__ = ["StageEnd", "TaskBook"]

_N = NotificationType
_S = ReplicateStatus
T = TypeVar("T")

_ON_CHAIN = frozenset({_S.CONTRIBUTED, _S.REVEALING, _S.REVEALED})
_WATCHED = frozenset({_S.CONTRIBUTED, _S.REVEALED})  # the chain may want something next

READY_S = 15.0
ANSWER_S = 10.0
WATCHED_TRIES = 2
LEAST_WATCH_S = 2.0


class StageEnd(Exception):  # noqa: N818 (no error: a way out of a stage)
    """Leaves a stage for the abort of the task."""

    def __init__(self, cause: ReplicateCause, why: str) -> None:
        super().__init__(why)
        self.cause = cause
        self.why = why


@dataclass(slots=True, eq=False)
class TaskBook:
    """One task's state, lease, folder and standing with others.

    *terms* are what was agreed, once they were read; the deadlines are known once the chain was looked at,
    and how often this task wants a look, *quick_s*: time to reveal is no more than eight of these.
    """

    desk: Desk
    state: TaskState
    record: JobRecord
    handle: LeaseHandle | None
    terms: Terms | None = None
    over: bool = False
    deadline_utc: datetime | None = None
    final_utc: datetime | None = None
    last_sight: Sight | None = None
    quick_s: float = LEAST_WATCH_S
    lease: LeaseKeeper = field(init=False)
    folder: TaskFolder = field(init=False)
    _deaf: bool = False

    def __post_init__(self) -> None:
        self.lease = LeaseKeeper(self.handle, pause=self._pause, lost=self._lease_lost)
        self.folder = TaskFolder(self.desk.folder(self.state.task_id))

    async def _pause(self, paused: bool) -> None:
        raise NotImplementedError

    def _lease_lost(self, sentence: str) -> None:
        raise NotImplementedError

    # Seeing

    async def see(self) -> View:
        """Look at the task on the chain, and note its deadlines; raises ChainError."""
        seen = await view(self.desk.chain, self.state.task_id)
        now_utc = self.desk.clock.now()
        self.deadline_utc = here(seen.task.contribution_deadline_utc, seen, now_utc)
        self.final_utc = here(seen.task.final_deadline_utc, seen, now_utc)
        self.quick_s = max(seen.task.time_ref_s / 4.0, LEAST_WATCH_S)
        if (due_utc := finish_due(seen, now_utc)) is not None:
            await self.lease.due(due_utc)
        return seen

    async def see_patiently(self) -> View:
        """Look at the task on the chain, again and again where its node is down for a while."""
        return await self.patiently(self.see)

    async def patiently(self, ask: Callable[[], Awaitable[T]], patience_s: float | None = None) -> T:
        """Ask the chain, again for as long as patience lasts; raises ChainError."""
        since, attempt = self.desk.clock.monotonic(), 0
        limit_s = self.desk.settings.patience_s if patience_s is None else patience_s
        while True:
            try:
                return await ask()
            except ChainError:
                wait_s = backed_off(attempt, 0.5, 30.0)
                if self.desk.clock.monotonic() + wait_s - since > limit_s:
                    raise
            await self.desk.clock.sleep(wait_s)
            attempt += 1

    def sight_of(self, seen: View) -> Sight:
        """What is next as far as the chain goes."""
        digest = self.state.digest
        self.last_sight = sight(seen, result_hash(self.state.task_id, digest) if digest else None)
        return self.last_sight

    async def agreed(self) -> Terms:
        """What was agreed about this task; raises ChainError."""
        if self.terms is None:
            self.terms = await read_terms(self.desk.chain, self.state.deal_id)
        return self.terms

    # Saying and writing down

    async def save(self, **changes: Any) -> None:
        """Change the state, on disk when this returns."""
        self.state = self.state.but(**changes)
        used_wh, run_s = self.lease.used
        self.record = replace(
            self.record,
            stage=self.state.status.value,
            updated_utc=self.desk.clock.now(),
            energy_wh=max(used_wh, self.record.energy_wh),
            run_s=max(run_s, self.record.run_s),
            data=self.state.to_json(),
        )
        try:
            await self.desk.parts.journal.put(self.record)
        except OSError as error:
            if self.state.status not in _ON_CHAIN:
                raise
            # What is contributed is found on the chain; no full disk may keep it from being revealed.
            self.desk.log.warning("task %s: %s", self.state.task_id, error)

    async def begin(self, status: ReplicateStatus, *, tries: int | None = None, **changes: Any) -> None:
        """Write down and tell that a stage begins; raises StageEnd when the scheduler wants none of it."""
        await self.save(status=status, **changes)
        if await self.tell(tries=tries) is _N.PLEASE_ABORT and not contributed(self.state):
            raise StageEnd(ReplicateCause.UNKNOWN, f"the scheduler refuses {status}")

    async def done(self, status: ReplicateStatus, **changes: Any) -> NotificationType | None:
        """Write down and tell what was reached; returns what is next."""
        logs = changes.pop("logs", None)
        await self.save(status=status, **changes)
        return await self.tell(logs=logs)

    async def failed(
        self, status: ReplicateStatus, cause: ReplicateCause, error: str = "", **changes: Any
    ) -> NotificationType | None:
        """Tell that a stage failed; returns what is next."""
        self.desk.log.warning("task %s: %s, %s %s", self.state.task_id, status, cause, error)
        return await self.done(status, cause=str(cause), error=error or None, **changes)

    async def tell(
        self, *, logs: ComputeLogs | None = None, tries: int | None = None
    ) -> NotificationType | None:
        """Tell the scheduler the status until it answers; returns what fits of its answer.

        While the chain may want something at any moment it is told again with the next look instead.
        """
        if self.state.disowned or tries is not None:
            tries = tries or 1
        elif not self._deaf:
            self._deaf = not await self.desk.peers.hearing.ready(READY_S)
        if self.state.status in _WATCHED:
            tries = tries or WATCHED_TRIES
        answer = await self._told(logs, tries)
        return fitting(self.state, answer) if answer is not None else None

    async def _told(self, logs: ComputeLogs | None, tries: int | None) -> NotificationType | None:
        """Tell what was not heard before, too, and in its order: nothing else may follow."""
        answer, status = None, self.state.status
        telling = [*(each for each in self.state.unheard if each is not status), status]
        while telling:
            update = StatusUpdate(status=telling[0], details=self._details(telling[0], logs))
            if (answer := await self._asked(update, tries)) is None:
                break
            del telling[0]
        self.state = self.state.but(unheard=tuple(telling))
        return answer

    async def _asked(self, update: StatusUpdate, tries: int | None) -> NotificationType | None:
        attempt = 0
        while True:
            try:
                return await self._asked_once(update)
            except (PeerError, ProtocolError) as error:
                if attempt == 0:
                    self.desk.log.info(
                        "task %s: %s was not heard: %s", self.state.task_id, update.status, error
                    )
            attempt += 1
            if (tries is not None and attempt >= tries) or self._past(self.final_utc):
                return None
            await self.desk.clock.sleep(backed_off(attempt - 1, 0.5, 30.0))

    async def _asked_once(self, update: StatusUpdate) -> NotificationType:
        telling = asyncio.ensure_future(self.desk.peers.scheduler.update(self.state.task_id, update))
        if self.state.status not in _ON_CHAIN:
            return await telling
        clock = self.desk.clock
        limit = asyncio.ensure_future(clock.sleep(ANSWER_S * max(1.0, clock.rate)))
        try:
            await asyncio.wait((telling, limit), return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                return telling.result()
            raise PeerError("the scheduler takes longer to answer than a stake can wait")
        finally:
            telling.cancel()
            limit.cancel()

    def _past(self, time_utc: datetime | None) -> bool:
        """Whether a time has passed for certain."""
        clock = self.desk.clock
        return time_utc is not None and clock.trusted and clock.now() >= time_utc

    def _details(self, status: ReplicateStatus, logs: ComputeLogs | None) -> StatusDetails | None:
        state = self.state
        failed = status.value.endswith("_FAILED") or status is _S.ABORTED
        links = status in {_S.RESULT_UPLOADED, _S.CONTRIBUTE_AND_FINALIZE_DONE}
        receipts = {_S.CONTRIBUTED, _S.REVEALED, _S.CONTRIBUTE_AND_FINALIZE_DONE}
        ran = status in {_S.COMPUTED, _S.COMPUTE_FAILED}
        details = StatusDetails(
            chain_receipt=ChainReceipt(state.receipt_block, state.receipt_tx)
            if status in receipts and state.receipt_tx
            else None,
            result_link=state.result_link if links else None,
            chain_callback_data=state.callback_data if links else None,
            error_message=state.error if failed else None,
            cause=ReplicateCause.of(state.cause or "UNKNOWN") if failed else None,
            compute_logs=logs if ran else None,
            exit_code=state.exit_code if ran else None,
        )
        return details if details != StatusDetails() else None
