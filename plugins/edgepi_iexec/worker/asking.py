"""Asks for work while energy is held free for it, and takes or declines what is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edgepi.compute.journal import JobRecord
from edgepi.errors import EdgePiError, EnergyError, PeerError, ProtocolError, WalletError
from edgepi.model import LeaseState
from edgepi.plugin import LeaseHandle
from edgepi_iexec.chain.model import Task, TaskStatus
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.models import ReplicateTaskSummary, WorkerpoolAuthorization
from edgepi_iexec.protocol.reports import StatusDetails, StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import Terms, check_authorization, read_terms
from edgepi_iexec.worker.desk import Desk
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.parts import Trade
from edgepi_iexec.worker.recovery import BACKEND
from edgepi_iexec.worker.standing import NO_ENERGY, Standing
from edgepi_iexec.worker.state import TaskState
from edgepi_iexec.worker.worth import Market

__all__ = ["Asking", "Taken"]


DECIDE_S = 20.0
DECLINE_TRIES = 8
MOST_ERRANDS = 200
GAS_OF_A_TASK = 1_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A task that was taken in, on disk, with its lease."""

    state: TaskState
    record: JobRecord
    handle: LeaseHandle
    terms: Terms


class Asking:
    """Decides when to ask and what to take; *take* begins the life of a task."""

    def __init__(
        self,
        desk: Desk,
        trade: Trade,
        *,
        free: Callable[[], bool],
        known: Callable[[str], bool],
        take: Callable[[Taken], None],
    ) -> None:
        self.declined = 0
        self.sentence = "not asked yet"
        self._desk = desk
        self._trade = trade
        self._free = free
        self._known = known
        self._take = take
        self._standing = Standing(desk.parts.budget)
        self._stake_wanted = 0
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Ask again and again."""
        period_s = max(self._desk.configuration.ask_for_replicate_period / 1000.0, 1.0)
        try:
            while True:
                try:
                    self.sentence = await self._round()
                except EdgePiError as error:
                    self.sentence = f"no work is asked for: {error}"
                    self._desk.log.info("%s", self.sentence)
                await self._desk.clock.sleep(period_s)
        finally:
            await self._standing.release("no work is asked for any more")

    async def stop(self) -> None:
        """End what is under way beside the asking."""
        for errand in tuple(self._errands):
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)
        await self._standing.release("no work is asked for any more")

    async def _round(self) -> str:
        if (why_not := await self._not_now()) is not None:
            return why_not
        block = await self._desk.chain.latest_block()
        if block.number <= 0:
            return "the chain has no blocks yet"
        if not await self._enough_gas():
            return "the wallet has too little for the fees of a task"
        if self._stake_wanted and await self._stake() < self._stake_wanted:
            return f"the deposit is smaller than the stake of {self._stake_wanted} nRLC that a task wanted"
        self._stake_wanted = 0
        summary = await self._desk.peers.scheduler.available(block.number, self._desk.parts.energy())
        return "the scheduler has nothing to do" if summary is None else await self.consider(summary)

    async def _not_now(self) -> str | None:
        """Why no work is asked for now, as far as this node goes; energy is held free if it is."""
        if not self._free():
            await self._standing.release("there is enough to do")
            return "as many tasks are in work as the owner allows"
        ready = await self._desk.parts.ready()
        if not ready.yes:
            await self._standing.release(ready.sentence)
            return f"no container can be run here: {ready.sentence}"
        if not await self._standing.granted(self._trade.standing()):
            return f"{NO_ENERGY}: {self._standing.sentence}"
        return None

    async def _enough_gas(self) -> bool:
        chain = self._desk.chain
        if self._desk.sidechain:
            return True
        return await chain.balance_wei(chain.address) >= GAS_OF_A_TASK * await self._gas_price_wei()

    async def _gas_price_wei(self) -> int:
        """What gas costs at most; nothing on a chain of its own."""
        if self._desk.sidechain:
            return 0
        return min(await self._desk.chain.gas_price_wei(), self._desk.settings.gas_price_cap_wei)

    async def _stake(self) -> int:
        return (await self._desk.chain.account(self._desk.me)).stake_nrlc

    async def _market(self) -> Market:
        chain = self._desk.chain
        block, score = await asyncio.gather(chain.latest_block(), chain.score(chain.address))
        ahead_s = (block.time_utc - self._desk.clock.now()).total_seconds()
        return Market(gas_price_wei=await self._gas_price_wei(), score=score, ahead_s=ahead_s)

    async def consider(self, summary: ReplicateTaskSummary) -> str:
        """Take or decline the task of a summary; returns what became of it."""
        authorization = summary.authorization
        task_id = authorization.task_id
        if self._known(task_id):
            return f"the scheduler gave task {task_id} twice"
        task = await self._desk.chain.task(task_id)
        if task.status is TaskStatus.UNSET:
            return f"the scheduler gave task {task_id}, which the chain does not know"
        try:
            taken = await self._taken(authorization, task)
        except (ProtocolError, EnergyError, WalletError) as error:
            self.decline(task_id, error.message)
            return f"task {task_id} is declined: {error.message}"
        except EdgePiError as error:
            self.decline(task_id, f"it cannot be looked at or written down: {error.message}")
            raise
        self._take(taken)
        return f"task {task_id} is taken"

    async def _taken(self, authorization: WorkerpoolAuthorization, task: Task) -> Taken:
        desk = self._desk
        terms = await read_terms(desk.chain, task.deal_id)
        await check_authorization(desk.chain, authorization, terms.deal, task, desk.settings.pool)
        self._trade.note(await self._market())
        if (reason := self._trade.refusal(terms, task)) is not None:
            raise ProtocolError(reason)
        stake = terms.deal.worker_stake_nrlc
        if await self._stake() < stake:
            self._stake_wanted = stake
            raise WalletError(f"the deposit is smaller than its stake of {stake} nRLC")
        bid = self._trade.offer(terms, task, desk.clock.now())
        state = TaskState(
            task_id=authorization.task_id,
            deal_id=task.deal_id,
            index=task.index,
            authorization=authorization,
            offer=bid.offer,
            value_nrlc=bid.value_nrlc,
        )
        handle = await desk.parts.budget.offer(bid.offer)
        try:
            await self._decided(handle)
            record = _record(state, bid.offer.title, desk.clock.now())
            await desk.parts.journal.put(record)
        except BaseException:
            if handle.lease.state.open:
                await handle.give_back("the task could not be taken")
            raise
        return Taken(state, record, handle, terms)

    async def _decided(self, handle: LeaseHandle) -> None:
        """Wait for the governor's word; raises EnergyError unless it is yes."""
        wait = asyncio.ensure_future(_decision(handle))
        clock = self._desk.clock  # deciding takes the machine's own seconds, however fast time goes
        limit = asyncio.ensure_future(clock.sleep(DECIDE_S * max(1.0, clock.rate)))
        try:
            await asyncio.wait((wait, limit), return_when=asyncio.FIRST_COMPLETED)
        finally:
            wait.cancel()
            limit.cancel()
        lease = handle.lease
        if lease.state is not LeaseState.GRANTED:
            if lease.state.open:
                await handle.give_back("no decision in time")
            raise EnergyError(f"there is no energy for it: {lease.sentence or 'no decision came in time'}")

    def decline(self, task_id: str, why: str) -> None:
        """Give a task back at once, so that the pool can give it to another."""
        self.declined += 1
        self._desk.log.info("task %s is declined: %s", task_id, why)
        if len(self._errands) >= MOST_ERRANDS:
            return
        errand = asyncio.ensure_future(self._tell(task_id, why))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _tell(self, task_id: str, why: str) -> None:
        details = StatusDetails(cause=ReplicateCause.ABORTED_BY_WORKER, error_message=why[:200])
        update = StatusUpdate(status=ReplicateStatus.ABORTED, details=details)
        for attempt in range(DECLINE_TRIES):
            try:
                await self._desk.peers.scheduler.update(task_id, update)
            except (PeerError, ProtocolError):
                await self._desk.clock.sleep(backed_off(attempt))
            else:
                return


async def _decision(handle: LeaseHandle) -> None:
    while handle.lease.state is LeaseState.OFFERED:
        await handle.changed()


def _record(state: TaskState, title: str, now_utc: datetime) -> JobRecord:
    return JobRecord(
        job_id=state.task_id,
        backend=BACKEND,
        title=title,
        stage=state.status.value,
        created_utc=now_utc,
        updated_utc=now_utc,
        data=state.to_json(),
    )
