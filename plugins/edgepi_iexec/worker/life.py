"""One task's life: takes notifications in turn, goes through its stages, and outlives any restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from edgepi.compute.model import ExitReason
from edgepi.errors import ChainError, ComputeError, EdgePiError
from edgepi_iexec.chain.model import TaskStatus
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import View
from edgepi_iexec.worker.parts import Box
from edgepi_iexec.worker.steps import Sight, contributed, fitting, own_next
from edgepi_iexec.worker.taskbook import StageEnd, TaskBook

__all__ = ["TaskLife"]

_N = NotificationType
_S = ReplicateStatus
T = TypeVar("T")
Stage = Callable[["TaskLife"], Awaitable[NotificationType | None]]

MOST_HEARD = 100
_DONE = frozenset(
    {
        _S.STARTED,
        _S.APP_DOWNLOADED,
        _S.APP_DOWNLOAD_FAILED,
        _S.DATA_DOWNLOADED,
        _S.DATA_DOWNLOAD_FAILED,
        _S.COMPUTED,
        _S.CONTRIBUTED,
        _S.REVEALED,
        _S.RESULT_UPLOADED,
        _S.RESULT_UPLOAD_FAILED,
        _S.CONTRIBUTE_AND_FINALIZE_DONE,
    }
)
_AFTER_CONSENSUS = frozenset({_N.PLEASE_REVEAL, _N.PLEASE_UPLOAD, _N.PLEASE_COMPLETE})


@dataclass(slots=True, eq=False)
class TaskLife(TaskBook):
    """The machine of one task; `run` returns when the task is over.

    *resumed* if an earlier life began it; *box* is its container while it runs.
    """

    stages: Mapping[NotificationType, Stage] = field(default_factory=dict)
    resumed: bool = False
    box: Box | None = None
    _inbox: asyncio.Queue[TaskNotification | None] = field(default_factory=asyncio.Queue)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _end: StageEnd | None = None
    _paused: bool = False
    _vanished: int = 0
    _errands: list[asyncio.Future[None]] = field(default_factory=list)

    # What comes from outside

    def notify(self, said: TaskNotification) -> None:
        """Take in a notification; it may come twice, late, or out of turn."""
        if said.type is _N.PLEASE_ABORT and not contributed(self.state):
            cause = said.extra.abort_cause if said.extra else None
            self.interrupt(ReplicateCause.of(cause or "UNKNOWN"), "the scheduler wants no more of it")
        if self._inbox.qsize() < MOST_HEARD:  # who says more than can be done is heard later, on the chain
            self._inbox.put_nowait(said)

    def interrupt(self, cause: ReplicateCause, why: str) -> None:
        """End the task, unless a stake hangs on it."""
        if self._end is None:
            self._end = StageEnd(cause, why)
        self._stop.set()
        self._inbox.put_nowait(None)

    def look(self) -> None:
        """Have a look at the chain, soon."""
        self._inbox.put_nowait(None)

    async def set_cpus(self, cpus: float) -> None:
        """Change what a running container may use."""
        if self.box is not None:
            await self.box.set_cpus(cpus)

    # The machine

    async def run(self, first: TaskNotification | None = None) -> None:
        """Live until the task is over."""
        watchers = [asyncio.create_task(self.lease.heed()), asyncio.create_task(self._watch())]
        try:
            action = await self._take_up(first) if self.resumed else own_next(self.state)
            while not self.over:
                action = await self._act(action) if action else await self._next()
        finally:
            for each in (*watchers, *self._errands):
                each.cancel()
            await asyncio.gather(*watchers, *self._errands, return_exceptions=True)

    async def _next(self) -> NotificationType | None:
        """Wait for a notification, holding nothing, and return what is to be done."""
        said = await self._inbox.get()
        if said is None:
            return await self._look()
        return await self._heard(said)

    async def _heard(self, said: TaskNotification) -> NotificationType | None:
        extra = said.extra
        if extra is not None:
            if extra.authorization is not None and self.state.authorization is None:
                self.state = self.state.but(authorization=extra.authorization)
            if said.type is _N.PLEASE_REVEAL and extra.block_number:
                self.state = self.state.but(consensus_block=extra.block_number)
            if said.type is _N.PLEASE_ABORT and extra.abort_cause:
                self.state = self.state.but(cause=extra.abort_cause.value)
        return fitting(self.state, said.type)

    async def _act(self, action: NotificationType) -> NotificationType | None:
        stage = self.stages.get(action)
        if stage is None:
            return None
        try:
            if contributed(self.state) or action is _N.PLEASE_ABORT:
                return await stage(self)
            return await self._interruptible(stage)
        except StageEnd as end:
            self.desk.log.info("task %s ends: %s", self.state.task_id, end.why)
            self.state = self.state.but(cause=str(end.cause), error=end.why)
            return _N.PLEASE_ABORT

    async def _interruptible(self, stage: Stage) -> NotificationType | None:
        work = asyncio.ensure_future(stage(self))
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            while not work.done():
                await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
                if stop.done() and not contributed(self.state):
                    break
                if stop.done():
                    await asyncio.wait((work,))
        finally:
            unfinished = not work.done()
            stop.cancel()
            if unfinished:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        if unfinished and self._end is not None:
            raise self._end
        return work.result()

    # Watching

    async def _watch(self) -> None:
        """Look at the deadline before the contribution, and at the chain after it."""
        while True:
            await self.desk.clock.sleep(min(self.desk.settings.watch_every_s, self.quick_s))
            if contributed(self.state):
                if self._inbox.empty():
                    self.look()
            elif self._past(self.deadline_utc):
                self.interrupt(ReplicateCause.CONTRIBUTION_TIMEOUT, "there is no time left to contribute")

    async def _look(self) -> NotificationType | None:
        """What the chain alone says is to be done; nothing while it cannot be asked."""
        if not contributed(self.state):
            return self._given_up()
        try:
            seen = await self.see()
        except ChainError as error:
            self.desk.log.info("the chain cannot be looked at: %s", error)
            return None
        following = await self.follow(seen)
        return await self.tell(tries=1) if following is None and self.state.unheard else following

    def _given_up(self) -> NotificationType | None:
        if self._end is None:
            return None
        self.state = self.state.but(cause=str(self._end.cause), error=self._end.why)
        return _N.PLEASE_ABORT

    async def follow(self, seen: View) -> NotificationType | None:
        """Draw the conclusion from what the chain shows."""
        found, status = self.sight_of(seen), self.state.status
        if status is _S.CONTRIBUTE_AND_FINALIZE_ONGOING:
            return None if found is Sight.OUTVOTED else _N.PLEASE_CONTRIBUTE_AND_FINALIZE
        if status is _S.CONTRIBUTING and found in {Sight.NOTHING, Sight.WAIT, Sight.REVEAL}:
            return _N.PLEASE_CONTRIBUTE  # which finds a contribution that is there
        if found is Sight.NOTHING:
            return await self._contribution_vanished()
        if found is Sight.REVEALED and status in {_S.CONTRIBUTING, _S.CONTRIBUTED, _S.REVEALING}:
            return _N.PLEASE_REVEAL  # which finds that it is done
        if found is Sight.OUTVOTED or (found is Sight.OVER and seen.task.status is TaskStatus.COMPLETED):
            self.state = self.state.but(cause=ReplicateCause.CONSENSUS_REACHED.value)
        return {
            Sight.REVEAL: _N.PLEASE_REVEAL,
            Sight.DONE: _N.PLEASE_COMPLETE,
            Sight.OUTVOTED: _N.PLEASE_ABORT,
            Sight.OVER: _N.PLEASE_ABORT,
        }.get(found)

    async def _contribution_vanished(self) -> NotificationType | None:
        self._vanished += 1
        if self._vanished < 2:  # one node that lags behind the others is no reorganisation
            return None
        self._vanished = 0
        self.desk.log.warning(
            "task %s: the chain lost its contribution; it is sent again", self.state.task_id
        )
        await self.save(status=_S.COMPUTED)
        return _N.PLEASE_CONTRIBUTE

    # Taking up again

    async def _take_up(self, first: TaskNotification | None) -> NotificationType | None:
        """Go on with what an earlier life left: tell again what may not have been heard, then the next."""
        if contributed(self.state):
            following = await self._look_at_first()
            if following is not None:
                if first is not None:
                    self._inbox.put_nowait(first)
                return following
        asked = await self._heard(first) if first is not None else None
        if asked in _AFTER_CONSENSUS:  # so it knows; told the status again it would begin anew from there
            return asked
        if self.state.status in _DONE:
            answer = await self.tell()
            if answer is not None:
                return answer
        if asked is not None:
            return asked
        return None if contributed(self.state) and self._waits() else own_next(self.state)

    def _waits(self) -> bool:
        return own_next(self.state) is _N.PLEASE_WAIT

    async def _look_at_first(self) -> NotificationType | None:
        try:
            seen = await self.see_patiently()
        except ChainError as error:
            self.desk.log.warning("the chain cannot be asked about task %s: %s", self.state.task_id, error)
            return None
        return await self.follow(seen)

    # The end

    async def clean_up(self) -> None:
        """End the container and remove what lies on disk; raises ComputeError or OSError."""
        box, self.box = self.box, None
        if box is not None:
            with suppress(EdgePiError):
                await box.kill(ExitReason.KILLED, "the task ended")
        if self.state.runs:
            await (await self.desk.boxes()).remove(self.state.task_id)
        await self.folder.purge()
        await self.desk.peers.hearing.forget(self.state.task_id)

    def tidy(self) -> None:
        """Remove the container whose output has been taken, beside whatever comes next."""
        self._errands.append(asyncio.ensure_future(self._tidy()))

    async def _tidy(self) -> None:
        with suppress(ComputeError):  # the end of the task removes it again
            await (await self.desk.boxes()).remove(self.state.task_id)

    async def close(self, outcome: str, earned_nrlc: int = 0) -> None:
        """Write down that the task is over."""
        self.record = replace(
            self.record, ended_utc=self.desk.clock.now(), outcome=outcome, earned_nrlc=earned_nrlc
        )
        await self.save()
        self.over = True

    # The lease

    async def _pause(self, paused: bool) -> None:
        self._paused = paused
        await self.heed_pause()

    async def heed_pause(self) -> None:
        """Let the container stand still or go on, as the lease says."""
        if self.box is None:
            return
        try:
            await (self.box.pause() if self._paused else self.box.resume())
        except EdgePiError as error:
            self.desk.log.warning("task %s cannot be paused or resumed: %s", self.state.task_id, error)

    def _lease_lost(self, sentence: str) -> None:
        self.interrupt(ReplicateCause.ABORTED_BY_WORKER, f"the energy is gone: {sentence}")
