"""The iExec worker: a source of jobs that asks, computes, contributes and reveals under leases."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from edgepi.errors import ChainError, EdgePiError, MarketError
from edgepi.model import Lease
from edgepi.plugin import ComputeBackend
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.models import ChainConfiguration
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker import contributing, ending, finalizing, prepare
from edgepi_iexec.worker.asking import Asking, Taken
from edgepi_iexec.worker.contact import Contact
from edgepi_iexec.worker.desk import Desk
from edgepi_iexec.worker.life import TaskLife
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.parts import Peers, Trade, WorkerParts
from edgepi_iexec.worker.peers import network_peers
from edgepi_iexec.worker.recovery import Found, lease_again, open_tasks, sweep
from edgepi_iexec.worker.session import Pool, Session
from edgepi_iexec.worker.state import TaskState
from edgepi_iexec.worker.steps import computed, contributed

__all__ = ["STAGES", "IexecWorker", "WorkerStatus"]

_N = NotificationType

STAGES = {
    _N.PLEASE_START: prepare.start,
    _N.PLEASE_DOWNLOAD_APP: prepare.download_app,
    _N.PLEASE_DOWNLOAD_DATA: prepare.download_data,
    _N.PLEASE_COMPUTE: prepare.compute,
    _N.PLEASE_CONTRIBUTE: contributing.contribute,
    _N.PLEASE_CONTRIBUTE_AND_FINALIZE: finalizing.contribute_and_finalize,
    _N.PLEASE_REVEAL: contributing.reveal,
    _N.PLEASE_UPLOAD: ending.upload,
    _N.PLEASE_COMPLETE: ending.complete,
    _N.PLEASE_ABORT: ending.abort,
}

STOP_S = 10.0
SENT_S = 0.5
_SENDING = frozenset(
    {
        ReplicateStatus.CONTRIBUTING,
        ReplicateStatus.REVEALING,
        ReplicateStatus.CONTRIBUTE_AND_FINALIZE_ONGOING,
    }
)
RECONNECT_S = 30.0


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What a worker does now; *sentence* says why it asks for work or not, *leases* are by task."""

    connected: bool
    sentence: str
    tasks: tuple[TaskState, ...]
    declined: int
    leases: Mapping[str, Lease] = field(default_factory=dict)


class IexecWorker(ComputeBackend):
    """One wallet's worker for one pool."""

    name = "iexec"

    def __init__(self, parts: WorkerParts, trade: Trade) -> None:
        self._parts = parts
        self._trade = trade
        make = parts.peers or network_peers(parts)
        self._peers: Peers = make(self._notify, self._catch_up)
        self._session = Session(parts, self._peers.scheduler)
        self._contact = Contact(parts, self._session, self.name)
        self._lives: dict[str, TaskLife] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._main: asyncio.Task[None] | None = None
        self._chain: Chain | None = None
        self._chain_is: ChainConfiguration | None = None
        self._desk: Desk | None = None
        self._asking: Asking | None = None
        self._stopping = False

    @property
    def status(self) -> WorkerStatus:
        """What it does now."""
        asking = self._asking
        return WorkerStatus(
            connected=self._session.alive,
            sentence=self._session.problem or (asking.sentence if asking else "getting ready"),
            tasks=tuple(life.state for life in self._lives.values()),
            declined=asking.declined if asking else 0,
            leases={name: life.handle.lease for name, life in self._lives.items() if life.handle},
        )

    async def start(self) -> None:
        """Take up work; the scheduler and the chain may be away for a while."""
        if self._main is None:
            self._stopping = False
            self._main = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Ask for no more, give back what is not contributed, keep what is."""
        self._stopping = True
        main, self._main = self._main, None
        if main is not None:
            main.cancel()
            await asyncio.gather(main, return_exceptions=True)
        await self._end_tasks()
        if self._asking is not None:
            await self._asking.stop()
        await self._peers.hearing.stop()
        await self._let_go_of_chain()

    async def _let_go_of_chain(self) -> None:
        chain, self._chain = self._chain, None
        self._desk = self._asking = None
        if chain is not None:
            with suppress(ChainError):
                await chain.close()

    async def set_cpus(self, cpus: float) -> None:
        """Change what each running container may use from now on."""
        for life in tuple(self._lives.values()):
            await life.set_cpus(cpus)

    # Coming up

    async def _live(self) -> None:
        """Work for ever; what nobody thought of, a full disk perhaps, is tried again."""
        attempt = 0
        while True:
            try:
                pool = await self._contact.pool(may_remember=self._desk is None)
                await self._up(pool)
                await self._work(pool)
                attempt = 0
            except Exception as error:
                self._session.problem = f"the worker stumbled: {type(error).__name__}: {error}"
                self._parts.log.exception("the worker stumbled, it is tried again")
                await self._parts.clock.sleep(backed_off(attempt))
                attempt += 1

    async def _up(self, pool: Pool) -> None:
        """Make what all tasks share, once."""
        if self._desk is not None:
            if pool.chain == self._chain_is or self._lives:
                self._desk.configuration = pool.configuration
                return
            await self._let_go_of_chain()
        if self._chain is None:
            self._chain = await self._contact.chain(pool.chain)
        self._chain_is = pool.chain
        self._peers.scheduler.sign_with(self._chain)
        self._desk = Desk(self._parts, self._chain, self._peers, pool.configuration, pool.chain.sidechain)
        self._asking = Asking(
            self._desk, self._trade, free=self._free, known=self._lives.__contains__, take=self._take
        )
        await self._peers.hearing.start()

    async def _work(self, pool: Pool) -> None:
        """Work until the scheduler's configuration changes or, after a start without it, until it is back."""
        assert self._asking is not None
        keeping = asyncio.create_task(self._session.keep_alive())
        duties = [keeping]
        try:
            notices = await self._registered_notices() if pool.fresh else None
            await self._recover(notices or ())
            if notices is not None:
                duties.append(asyncio.create_task(self._asking.run()))
            await self._parts.clock.sleep(RECONNECT_S)  # it may name another chain until its tasks are over
            while not self._must_greet(in_touch=notices is not None):
                await self._parts.clock.sleep(RECONNECT_S)
        finally:
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)

    def _must_greet(self, *, in_touch: bool) -> bool:
        if not in_touch:
            return self._session.alive
        return self._session.changed and not self._lives

    async def _registered_notices(self) -> tuple[TaskNotification, ...] | None:
        """Register, and hear what the scheduler wants of the tasks of an earlier life.

        None where it does not answer and a stake may hang on a task: that waits no longer.
        """
        assert self._chain is not None
        attempt = 0
        while True:
            try:
                await self._session.register(self._chain.address)
                block = await self._chain.latest_block()
                return await self._peers.scheduler.interrupted(block.number)
            except MarketError as error:
                self._session.problem = f"the scheduler does not take this worker: {error}"
                self._parts.log.warning("%s", self._session.problem)
            if attempt >= 3 and await self._parts.journal.open_jobs(self.name):
                return None
            await self._parts.clock.sleep(backed_off(attempt))
            attempt += 1

    # Tasks

    async def _recover(self, notices: tuple[TaskNotification, ...]) -> None:
        """Go on with every task of an earlier life; give back those that are not known here any more."""
        assert self._desk is not None
        said = {each.task_id: each for each in notices}
        found = await open_tasks(self._desk)
        for each in found:
            first = said.pop(each.state.task_id, None)
            if each.foreign:
                continue
            if each.state.task_id not in self._lives:
                await self._resume(each, first)
            elif first is not None:
                self._notify(first)
        await sweep(self._desk, found)
        self._give_back(tuple(said.values()))

    async def _resume(self, found: Found, first: TaskNotification | None) -> None:
        assert self._desk is not None
        handle = await lease_again(self._parts.budget, found.state, self._desk)
        life = TaskLife(self._desk, found.state, found.record, handle, stages=STAGES, resumed=True)
        if handle is None and not contributed(found.state):
            life.interrupt(ReplicateCause.ABORTED_BY_WORKER, "its lease is gone")
        await self._peers.hearing.listen(found.state.task_id)
        self._begin(life, first)

    def _take(self, taken: Taken) -> None:
        assert self._desk is not None
        life = TaskLife(self._desk, taken.state, taken.record, taken.handle, stages=STAGES, terms=taken.terms)
        self._begin(life, None)

    def _begin(self, life: TaskLife, first: TaskNotification | None) -> None:
        self._lives[life.state.task_id] = life
        self._running[life.state.task_id] = asyncio.create_task(self._run(life, first))

    async def _run(self, life: TaskLife, first: TaskNotification | None) -> None:
        """Live a task's life; what nobody thought of ends it no earlier than its stake allows."""
        task_id, attempt = life.state.task_id, 0
        while True:
            try:
                await life.run(first)
                break
            except Exception as error:
                self._parts.log.exception("task %s stumbled: %s", task_id, type(error).__name__)
            await self._parts.clock.sleep(backed_off(attempt, 2.0, 300.0))
            attempt += 1
            life.resumed = True
            if attempt >= 3 and not contributed(life.state):
                life.interrupt(ReplicateCause.ABORTED_BY_WORKER, "it fails again and again")
            first = None
        if life.over:
            self._trade.learn(life.terms, life.record)
        self._lives.pop(task_id, None)
        self._running.pop(task_id, None)

    def _free(self) -> bool:
        busy = sum(not computed(life.state) for life in self._lives.values())
        return busy < self._parts.settings.max_tasks and not self._session.changed and not self._stopping

    # What is heard

    def _notify(self, said: TaskNotification) -> None:
        """Hand a notification to its task, if it is for this worker."""
        life = self._lives.get(said.task_id)
        if life is not None and self._chain is not None and said.concerns(self._chain.address):
            life.notify(said)

    async def _catch_up(self) -> None:
        """Hear what may have been said while the connection was broken."""
        if self._desk is None or self._chain is None:
            return
        for life in tuple(self._lives.values()):
            life.look()
        try:
            block = await self._chain.latest_block()
            notices = await self._peers.scheduler.interrupted(block.number)
        except EdgePiError as error:
            self._parts.log.info("what was missed cannot be heard: %s", error)
            return
        for said in notices:
            self._notify(said)
        self._give_back(tuple(each for each in notices if each.task_id not in self._lives))

    def _give_back(self, notices: tuple[TaskNotification, ...]) -> None:
        if self._asking is not None:
            for said in notices:
                if said.type is not _N.PLEASE_ABORT:
                    self._asking.decline(said.task_id, "nothing of it is left here")

    # Going down

    async def _sent(self) -> None:
        """Wait until each contribution and reveal that is on its way is in a block."""
        while any(life.state.status in _SENDING for life in self._lives.values()):
            await self._parts.clock.sleep(SENT_S)

    async def _end_tasks(self) -> None:
        """End what is not worth keeping, with a last word to the scheduler; let what is being sent arrive."""
        sent = asyncio.ensure_future(self._sent())
        ending = [sent]
        for task_id, life in self._lives.items():
            if not computed(life.state) and not contributed(life.state):
                life.interrupt(ReplicateCause.ABORTED_BY_WORKER, "the node stops")
                ending.append(self._running[task_id])
        limit = asyncio.ensure_future(self._parts.clock.sleep(STOP_S))
        all_ended = asyncio.ensure_future(asyncio.wait(ending))
        await asyncio.wait((limit, all_ended), return_when=asyncio.FIRST_COMPLETED)
        for each in (limit, all_ended, sent):
            each.cancel()
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for life in self._lives.values():
            if not life.lease.committed:
                await life.lease.give_back("the node stops")
        self._lives.clear()
        self._running.clear()
